// The stores' bytes as the objects that the rules look at, for checks over all of them.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "processors/rules/invariants.h"

namespace processors {

// Adds an entry of the store of this name. The engine's own entries are passed over. Error:
// bytes that cannot be decoded, named with their key; nothing is added then.
absl::Status AddStored(std::string_view store, std::string_view key, std::string_view value,
                       rules::State* state);

}  // namespace processors
