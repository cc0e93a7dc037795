// What holds in every committed state, as a check over all objects.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/character.h"
#include "model/ids.h"
#include "model/party.h"

namespace rules {

struct State {
  std::map<model::TenantKey<model::CharacterId>, model::Character> characters;
  std::map<model::TenantKey<model::PartyId>, model::Party> parties;
  std::map<model::TenantId, model::PartySequence> sequences;
};

// A line for each thing that is not as it must be: 1 to 6 members, the leader one of
// them, no one twice, members and parties that know of each other, ids below the sequence.
std::vector<std::string> Violations(const State& state);

}  // namespace rules
