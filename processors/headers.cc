#include "processors/headers.h"

#include <algorithm>
#include <array>

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

}  // namespace processors
