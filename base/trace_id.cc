#include "base/trace_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace base {

std::string_view TraceId(std::span<const HeaderView> headers) {
  constexpr size_t kVersion = 3;  // "00-"
  constexpr size_t kDigits = 32;
  const HeaderView* parent = FindHeader(headers, "traceparent");
  if (parent == nullptr) return {};
  const std::string_view text = parent->value.value_or("");
  if (text.size() <= kVersion + kDigits || text[kVersion + kDigits] != '-') return {};
  const std::string_view id = text.substr(kVersion, kDigits);
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); })
             ? id
             : std::string_view();
}

}  // namespace base
