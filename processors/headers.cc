#include "processors/headers.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"

namespace processors {

bool IsCopied(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "TENANT_ID",   "REGION",      "MAJOR_VERSION", "MINOR_VERSION",
      "ENVIRONMENT", "traceparent", "tracestate",    "baggage"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

size_t SelectCopied(std::span<const base::HeaderView> headers,
                    std::vector<base::HeaderView>* copied) {
  size_t bytes = 0;
  for (const base::HeaderView& header : headers) {
    if (!IsCopied(header.name)) continue;
    copied->push_back(header);
    bytes += header.name.size() + (header.value.has_value() ? header.value->size() : 0);
  }
  return bytes;
}

std::string_view Environment(std::span<const base::HeaderView> headers) {
  const base::HeaderView* header = base::FindHeader(headers, "ENVIRONMENT");
  return header == nullptr ? std::string_view() : header->value.value_or(std::string_view());
}

std::string_view TraceId(std::span<const base::HeaderView> headers) {
  constexpr size_t kVersion = 3;  // "00-"
  constexpr size_t kDigits = 32;
  const base::HeaderView* parent = base::FindHeader(headers, "traceparent");
  if (parent == nullptr) return {};
  const std::string_view text = parent->value.value_or("");
  if (text.size() <= kVersion + kDigits || text[kVersion + kDigits] != '-') return {};
  const std::string_view id = text.substr(kVersion, kDigits);
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); })
             ? id
             : std::string_view();
}

}  // namespace processors
