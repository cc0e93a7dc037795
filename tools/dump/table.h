// The stores for people: a heading for each tenant's part of each store, and a line for each
// object. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "model/ids.h"
#include "tools/dump/output.h"

namespace dump {

class Table {
 public:
  explicit Table(Output* output) : output_(output) {}

  // Error: bytes that cannot be decoded; nothing is printed then.
  absl::Status Add(const std::string& store, std::string_view key, std::string_view value);

 private:
  absl::Status AddCharacter(std::string_view key, std::string_view value);
  absl::Status AddParty(std::string_view key, std::string_view value);
  absl::Status AddSequence(std::string_view key, std::string_view value);
  void Head(const std::string& store, const model::TenantId& tenant, const std::string& columns);

  Output* output_;
  std::string store_;
  std::optional<model::TenantId> tenant_;
};

}  // namespace dump
