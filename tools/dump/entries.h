// The objects of the stores, over all sources, in the order of their keys; the engine's own
// entries are passed over. Not thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tools/dump/options.h"
#include "tools/dump/source.h"

namespace dump {

using Visit = std::function<void(std::string_view key, std::string_view value)>;

// Those of the store number `index`, by the name `store`, that pass. Error: a source could not
// be read to its end; what could be read of it was visited, and the others.
absl::Status ForEach(const std::vector<Source>& sources, size_t index, const std::string& store,
                     const Filter& filter, const Visit& visit);

// The bytes of one object, from whatever source has it.
absl::StatusOr<bool> Find(const std::vector<Source>& sources, size_t index, std::string_view key,
                          std::string* value);

}  // namespace dump
