// A store's entry as one JSON object: what `state-dump --format json` prints a line.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/character.h"
#include "model/ids.h"
#include "model/party.h"

namespace serde {

// What is not known is absent. Without a line feed.
std::string DumpJson(const model::TenantKey<model::CharacterId>& key,
                     const model::Character& character);
std::string DumpJson(const model::TenantKey<model::PartyId>& key, const model::Party& party);
std::string DumpJson(const model::TenantId& tenant, const model::PartySequence& sequence);

// From the store's bytes. Errors are the codecs', with the key.
absl::StatusOr<std::string> DumpJson(std::string_view store, std::string_view key,
                                     std::string_view value);

}  // namespace serde
