// The stores for people: a heading for each tenant's part of each store, and a line for each
// object. Not thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "model/ids.h"
#include "tools/dump/output.h"

namespace dump {

class Table {
 public:
  // A character's name, where it is known.
  using NameOf =
      std::function<std::optional<std::string>(const model::TenantKey<model::CharacterId>&)>;

  explicit Table(Output* output) : output_(output) {}

  // From here on members are shown with their names.
  void set_name_of(NameOf name_of) { name_of_ = std::move(name_of); }

  // Error: bytes that cannot be decoded; nothing is printed then.
  absl::Status Add(const std::string& store, std::string_view key, std::string_view value);

 private:
  absl::Status AddCharacter(std::string_view key, std::string_view value);
  absl::Status AddParty(std::string_view key, std::string_view value);
  absl::Status AddSequence(std::string_view key, std::string_view value);
  void Head(const std::string& store, const model::TenantId& tenant, const std::string& columns);

  Output* output_;
  NameOf name_of_;
  std::string store_;
  std::optional<model::TenantId> tenant_;
};

}  // namespace dump
