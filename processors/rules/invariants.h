// What holds in every committed state, as a check over all objects.
#pragma once

#include <cstdint>
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

// A thing that is not as it must be, and the object that it is told of.
struct Violation {
  enum class Of { kCharacter, kParty, kSequence };
  Of of;
  model::TenantId tenant;
  uint32_t id = 0;    // not of a sequence
  const char* field;  // of the object, as a dump names it
  std::string text;   // names the object
};

// 1 to 6 members, the leader one of them, no one twice, members and parties that know of each
// other, ids below the sequence.
std::vector<Violation> FindViolations(const State& state);
// Their texts.
std::vector<std::string> Violations(const State& state);

}  // namespace rules
