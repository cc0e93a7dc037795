// A party: one to six members in the order in which they joined, led by one of them.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

#include "model/ids.h"

namespace model {

class Members {
 public:
  static constexpr size_t kMost = 6;

  size_t size() const { return size_; }
  bool full() const { return size_ == kMost; }
  const CharacterId* begin() const { return ids_.data(); }
  const CharacterId* end() const { return ids_.data() + size_; }
  bool contains(CharacterId id) const { return std::find(begin(), end(), id) != end(); }

  void Add(CharacterId id) {
    assert(!full());
    ids_[size_++] = id;
  }
  void Remove(CharacterId id) {
    const auto last = std::remove(ids_.begin(), ids_.begin() + size_, id);
    size_ = static_cast<size_t>(last - ids_.begin());
  }

  friend bool operator==(const Members& a, const Members& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<CharacterId, kMost> ids_;
  size_t size_ = 0;
};

struct Party {
  CharacterId leader;
  Members members;

  friend bool operator==(const Party&, const Party&) = default;
};

// A tenant's next party id. Ids are never given out again; the very last is not given out,
// so that there is always a next one.
struct PartySequence {
  PartyId next = kFirstPartyId;

  friend bool operator==(const PartySequence&, const PartySequence&) = default;
};

}  // namespace model
