// A number that is an id of one kind, and cannot be taken for an id of another.
//
//   struct PartyIdTag {};
//   using PartyId = base::StrongId<PartyIdTag, uint32_t>;
//
// A plain value type: copies are cheap, all operations are constexpr and free of
// side effects, so it may be used from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <ostream>
#include <utility>

namespace base {

template <class Tag, class Rep>
class StrongId {
 public:
  using rep = Rep;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}

  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(StrongId, StrongId) = default;

  template <class H>
  friend H AbslHashValue(H state, StrongId id) {
    return H::combine(std::move(state), id.value_);
  }

  // `+` makes bytes print as numbers.
  friend std::ostream& operator<<(std::ostream& out, StrongId id) { return out << +id.value_; }

 private:
  Rep value_ = 0;
};

}  // namespace base
