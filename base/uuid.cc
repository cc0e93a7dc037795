#include "base/uuid.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>

namespace base {
namespace {

constexpr bool IsDash(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  size_t nibble = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    uint8_t& byte = id.bytes[nibble / 2];
    byte = static_cast<uint8_t>((byte << 4) | digit);
    ++nibble;
  }
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
