// The headers that go from a record to those that it causes. Pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/record.h"

namespace processors {

// Names and values of the headers that are copied may have so many bytes together.
inline constexpr size_t kMostHeaderBytes = 64 << 10;

bool IsCopied(std::string_view name);

// Appends the headers to be copied, in their order, doubled ones twice; returns their
// bytes.
size_t SelectCopied(std::span<const base::HeaderView> headers,
                    std::vector<base::HeaderView>* copied);

// The record's environment: its first ENVIRONMENT header; "" where that is absent or null.
std::string_view Environment(std::span<const base::HeaderView> headers);

}  // namespace processors
