#include "base/uuid.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>

namespace base {
namespace {

constexpr bool IsDash(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

// By character; -1 for those that are no hex digit.
constexpr std::array<int8_t, 256> kHexDigits = [] {
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (uint8_t i = 0; i < 10; ++i) digits[static_cast<size_t>('0' + i)] = static_cast<int8_t>(i);
  for (uint8_t i = 10; i < 16; ++i) {
    digits[static_cast<size_t>('a' + i - 10)] = static_cast<int8_t>(i);
    digits[static_cast<size_t>('A' + i - 10)] = static_cast<int8_t>(i);
  }
  return digits;
}();

// Where each byte's two digits stand.
constexpr std::array<uint8_t, 16> kDigitsAt = {0,  2,  4,  6,  9,  11, 14, 16,
                                               19, 21, 24, 26, 28, 30, 32, 34};

std::function<uint32_t()>& UuidSource() {
  static std::function<uint32_t()> source;
  return source;
}

uint32_t NextWord() {
  if (UuidSource()) return UuidSource()();
  return std::random_device()();
}

}  // namespace

void SetUuidSource(std::function<uint32_t()> next_word) { UuidSource() = std::move(next_word); }

std::optional<Uuid> ParseUuid(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return std::nullopt;
  }
  Uuid id;
  int all = 0;  // negative where one of them is
  for (size_t i = 0; i < kDigitsAt.size(); ++i) {
    const int high = kHexDigits[static_cast<uint8_t>(text[kDigitsAt[i]])];
    const int low = kHexDigits[static_cast<uint8_t>(text[kDigitsAt[i] + 1])];
    all |= high | low;
    id.bytes[i] = static_cast<uint8_t>((high << 4) | low);
  }
  if (all < 0) return std::nullopt;
  return id;
}

std::optional<Uuid> UuidFromBytes(std::string_view bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

void FormatUuid(const Uuid& id, char out[36]) {
  static constexpr char kDigits[] = "0123456789abcdef";
  size_t at = 0;
  for (uint8_t byte : id.bytes) {
    if (IsDash(at)) out[at++] = '-';
    out[at++] = kDigits[byte >> 4];
    out[at++] = kDigits[byte & 15];
  }
}

std::string ToString(const Uuid& id) {
  std::string text(36, '\0');
  FormatUuid(id, text.data());
  return text;
}

Uuid RandomUuid() {
  Uuid id;
  for (size_t i = 0; i < id.bytes.size(); i += 4) {
    const auto word = NextWord();
    for (size_t j = 0; j < 4; ++j) id.bytes[i + j] = static_cast<uint8_t>(word >> (8 * j));
  }
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace base
