#include "processors/rules/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace rules {
namespace {

using model::CharacterId;
using model::Party;
using model::PartyId;
using model::TenantKey;

std::string Name(const char* what, const model::TenantId& tenant, uint32_t id) {
  return absl::StrCat(what, " ", id, " of tenant ", base::ToString(tenant.uuid));
}

void CheckParty(const State& state, const TenantKey<PartyId>& key, const Party& party,
                std::vector<std::string>* found) {
  const std::string name = Name("party", key.tenant, key.id.value());
  if (party.members.size() == 0) found->push_back(name + " has no members");
  if (!party.members.contains(party.leader)) {
    found->push_back(absl::StrCat(name, " is led by ", party.leader.value(), ", no member"));
  }
  const auto& members = party.members;
  for (const CharacterId* it = members.begin(); it != members.end(); ++it) {
    const CharacterId member = *it;
    if (std::find(members.begin(), it, member) != it) {
      found->push_back(absl::StrCat(name, " has member ", member.value(), " twice"));
      continue;
    }
    const auto character = state.characters.find({key.tenant, member});
    if (character == state.characters.end()) {
      found->push_back(absl::StrCat(name, " has the unknown member ", member.value()));
    } else if (character->second.party != key.id) {
      found->push_back(
          absl::StrCat(name, " has member ", member.value(), ", who is not said to be in it"));
    }
  }
  const auto sequence = state.sequences.find(key.tenant);
  if (key.id < model::kFirstPartyId || sequence == state.sequences.end() ||
      key.id >= sequence->second.next) {
    found->push_back(name + " has an id that the sequence has not given out");
  }
}

}  // namespace

std::vector<std::string> Violations(const State& state) {
  std::vector<std::string> found;
  for (const auto& [key, party] : state.parties) CheckParty(state, key, party, &found);
  for (const auto& [key, character] : state.characters) {
    if (key.id == model::kNobody) {
      found.push_back(Name("character", key.tenant, key.id.value()) + " is known, and is nobody");
    }
    if (!character.party.has_value()) continue;
    const auto party = state.parties.find({key.tenant, *character.party});
    if (party == state.parties.end() || !party->second.members.contains(key.id)) {
      found.push_back(absl::StrCat(Name("character", key.tenant, key.id.value()), " is in party ",
                                   character.party->value(), ", which does not have it"));
    }
  }
  for (const auto& [tenant, sequence] : state.sequences) {
    if (sequence.next >= model::kFirstPartyId) continue;
    found.push_back(absl::StrCat("the sequence of tenant ", base::ToString(tenant.uuid), " is at ",
                                 sequence.next.value(), ", below the first id"));
  }
  return found;
}

}  // namespace rules
