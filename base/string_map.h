// A hash map from byte strings that is asked with views, without a copy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace base {

struct StringViewHash {
  using is_transparent = void;
  // absl's own view hashes bytes; it need not be the standard's type.
  size_t operator()(std::string_view bytes) const {
    return absl::Hash<absl::string_view>()(absl::string_view(bytes.data(), bytes.size()));
  }
};

struct StringViewEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

template <class Value>
using StringMap = absl::flat_hash_map<std::string, Value, StringViewHash, StringViewEqual>;

}  // namespace base
