#include "tools/dump/columns.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_format.h"

namespace dump {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;  // 0: no UTF-8
};

CodePoint First(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  uint32_t value = lead & (0x7fU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[bytes] || value > 0x10ffff) return {};
  return {value, bytes};
}

struct Range {
  uint32_t first;
  uint32_t last;
};

template <size_t size>
bool IsIn(uint32_t value, const Range (&ranges)[size]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

bool Disturbs(uint32_t value) {
  constexpr Range kRanges[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200b, 0x200f},
                               {0x2028, 0x202e}, {0x2060, 0x2069}, {0xd800, 0xdfff},
                               {0xfeff, 0xfeff}};
  return IsIn(value, kRanges);
}

// As Unicode's East Asian Width has them; those that names are made of.
bool IsWide(uint32_t value) {
  constexpr Range kRanges[] = {
      {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x4dbf},  {0x4e00, 0xa4cf}, {0xa960, 0xa97c},
      {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff00, 0xff60}, {0xffe0, 0xffe6},
      {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  return IsIn(value, kRanges);
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const CodePoint first = First(text);
    const size_t bytes = std::max<size_t>(first.bytes, 1);
    if (first.bytes == 0 || Disturbs(first.value)) {
      for (const char c : text.substr(0, bytes)) {
        absl::StrAppendFormat(&printable, "\\x%02x", static_cast<uint8_t>(c));
      }
    } else {
      printable.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return printable;
}

size_t Width(std::string_view printable) {
  size_t width = 0;
  while (!printable.empty()) {
    const CodePoint first = First(printable);
    const bool combining = first.value >= 0x300 && first.value <= 0x36f;
    width += combining ? 0 : IsWide(first.value) ? 2 : 1;
    printable.remove_prefix(std::max<size_t>(first.bytes, 1));
  }
  return width;
}

std::string Column(std::string_view text, size_t width) {
  std::string column = Printable(text);
  const size_t taken = Width(column);
  if (taken < width) column.append(width - taken, ' ');
  return column;
}

}  // namespace dump
