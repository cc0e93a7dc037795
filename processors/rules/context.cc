#include "processors/rules/context.h"

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

PartyId Context::Found(CharacterId founder) {
  const PartyId id = view.next_party_id();
  decision.next_party_id = PartyId(id.value() + 1);
  Party party{.leader = founder, .members = {}};
  party.members.Add(founder);
  decision.parties.emplace_back(id, party);
  Character character = *view.character(founder);
  character.party = id;
  decision.characters.emplace_back(founder, std::move(character));
  return id;
}

void Context::Join(CharacterId joiner, PartyId id) {
  Party party = *view.party(id);
  party.members.Add(joiner);
  decision.parties.emplace_back(id, party);
  Character character = *view.character(joiner);
  character.party = id;
  decision.characters.emplace_back(joiner, std::move(character));
}

void Context::Leave(CharacterId leaver, PartyId id, bool forget) {
  Party party = *view.party(id);
  party.members.Remove(leaver);
  decision.parties.emplace_back(id, party);
  if (forget) {
    decision.characters.emplace_back(leaver, std::nullopt);
    return;
  }
  Character character = *view.character(leaver);
  character.party.reset();
  decision.characters.emplace_back(leaver, std::move(character));
}

void Context::Disband(PartyId id, bool forget_leader) {
  const Party& party = *view.party(id);
  Announce(party.leader, model::kNobody, id, model::PartyDisbanded{party.members});
  for (CharacterId member : party.members) {
    if (forget_leader && member == party.leader) {
      decision.characters.emplace_back(member, std::nullopt);
      continue;
    }
    Character character = *view.character(member);
    character.party.reset();
    decision.characters.emplace_back(member, std::move(character));
  }
  decision.parties.emplace_back(id, std::nullopt);
}

}  // namespace rules
