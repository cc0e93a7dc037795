#include "processors/rules/context.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace rules {

using model::Character;
using model::CharacterId;
using model::Party;
using model::PartyId;
using model::WorldId;

WorldId Context::World(CharacterId actor, CharacterId about, PartyId party) const {
  const auto world_of = [&](CharacterId id) -> std::optional<WorldId> {
    const Character* character = view.character(id);
    return character == nullptr ? std::nullopt : character->world;
  };
  if (const auto world = world_of(actor)) return *world;
  if (const auto world = world_of(about)) return *world;
  if (const Party* known = view.party(party)) {
    if (const auto world = world_of(known->leader)) return *world;
  }
  return record_world.value_or(WorldId(0));
}

const Character& Context::CharacterOf(CharacterId id) const {
  static const Character kNone;
  if (const Character* character = view.character(id)) return *character;
  decision.status = absl::DataLossError(
      absl::StrCat("character ", id.value(), " is a party's member and not in the store"));
  return kNone;
}

const Party& Context::PartyOf(PartyId id) const {
  static const Party kNone;
  if (const Party* party = view.party(id)) return *party;
  decision.status = absl::DataLossError(
      absl::StrCat("party ", id.value(), " has a member and is not in the store"));
  return kNone;
}

void Context::PutMembership(CharacterId id, std::optional<PartyId> party) {
  Character character = CharacterOf(id);
  character.party = party;
  decision.characters.emplace_back(id, std::move(character));
}

PartyId Context::Found(CharacterId founder) {
  const PartyId id = view.next_party_id();
  decision.next_party_id = PartyId(id.value() + 1);
  Party party{.leader = founder, .members = {}};
  party.members.Add(founder);
  decision.parties.emplace_back(id, party);
  PutMembership(founder, id);
  return id;
}

void Context::Join(CharacterId joiner, PartyId id) {
  Party party = PartyOf(id);
  party.members.Add(joiner);
  decision.parties.emplace_back(id, party);
  PutMembership(joiner, id);
}

void Context::Leave(CharacterId leaver, PartyId id, bool forget) {
  Party party = PartyOf(id);
  party.members.Remove(leaver);
  decision.parties.emplace_back(id, party);
  if (forget) {
    decision.characters.emplace_back(leaver, std::nullopt);
  } else {
    PutMembership(leaver, std::nullopt);
  }
}

void Context::Disband(PartyId id, bool forget_leader) {
  const Party& party = PartyOf(id);
  Announce(party.leader, model::kNobody, id, model::PartyDisbanded{party.members});
  for (CharacterId member : party.members) {
    if (forget_leader && member == party.leader) {
      decision.characters.emplace_back(member, std::nullopt);
    } else {
      PutMembership(member, std::nullopt);
    }
  }
  decision.parties.emplace_back(id, std::nullopt);
}

}  // namespace rules
