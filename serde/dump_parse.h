// Reads a line of a dump (serde/dump_json.h) back into the object that it shows.
//
// Strict: an unknown field, one that comes twice, or a value that no store could hold is an
// error which names the field. The order of the fields is free. What ties objects together is
// not looked at: processors/rules/invariants.h does.
#pragma once

#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "model/character.h"
#include "model/ids.h"
#include "model/party.h"

namespace serde {

using DumpedCharacter = std::pair<model::TenantKey<model::CharacterId>, model::Character>;
using DumpedParty = std::pair<model::TenantKey<model::PartyId>, model::Party>;
using DumpedSequence = std::pair<model::TenantId, model::PartySequence>;
using DumpedObject = std::variant<DumpedCharacter, DumpedParty, DumpedSequence>;

// InvalidArgument: what is wrong with it, and in which field.
absl::StatusOr<DumpedObject> ParseDump(std::string_view line);

}  // namespace serde
