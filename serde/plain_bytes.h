// Bytes that stand for themselves in a JSON string, found a word at a time. A pure function.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace serde {

// How many there are from `at` on, up to the first that is no ASCII, a control character, a
// quote or a backslash; or fewer: the last seven bytes before `end` are not looked at.
inline size_t PlainBytes(const char* at, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x8080808080808080;
  static_assert(std::endian::native == std::endian::little);
  // The high bit of each byte that is 0; above the first one, of others too.
  const auto zeros = [](uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHigh; };
  const char* const start = at;
  for (; end - at >= 8; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    const uint64_t special = (word & kHigh) | ((word - 0x20 * kOnes) & ~word & kHigh) |
                             zeros(word ^ ('"' * kOnes)) | zeros(word ^ ('\\' * kOnes));
    if (special == 0) continue;
    return static_cast<size_t>(at - start) + static_cast<size_t>(std::countr_zero(special)) / 8;
  }
  return static_cast<size_t>(at - start);
}

}  // namespace serde
