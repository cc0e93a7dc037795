// A UUID: 16 bytes in the order of its text. A plain value type.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace base {

struct Uuid {
  std::array<uint8_t, 16> bytes{};  // all zero: the nil UUID

  bool is_nil() const { return *this == Uuid{}; }

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  // By words: the default one is a call of memcmp, and hash tables ask this for each key.
  friend bool operator==(const Uuid& a, const Uuid& b) {
    uint64_t x[2];
    uint64_t y[2];
    std::memcpy(x, a.bytes.data(), sizeof(x));
    std::memcpy(y, b.bytes.data(), sizeof(y));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  }

  template <class H>
  friend H AbslHashValue(H state, const Uuid& id) {
    return H::combine(std::move(state), id.bytes);
  }
};

// 36 characters, either case, dashes in their four places; else nullopt.
std::optional<Uuid> ParseUuid(std::string_view text);

// 16 bytes; else nullopt.
std::optional<Uuid> UuidFromBytes(std::string_view bytes);

// Writes 36 lower case characters to `out`.
void FormatUuid(const Uuid& id, char out[36]);
std::string ToString(const Uuid& id);

// A random one (version 4), from the system's entropy.
Uuid RandomUuid();

// From here on RandomUuid takes its words from `next_word`; an empty one gives it the entropy
// back. For runs that are to be repeated; called while nobody asks.
void SetUuidSource(std::function<uint32_t()> next_word);

}  // namespace base
