// What the rules share: the message's circumstances, and the few steps by which any of
// them changes membership or announces.
#pragma once

#include <optional>
#include <string>

#include "base/uuid.h"
#include "model/announcement.h"
#include "model/message.h"
#include "processors/rules/decision.h"
#include "processors/rules/view.h"

namespace rules {

struct Context {
  const View& view;
  std::optional<base::Uuid> transaction;
  std::optional<model::WorldId> record_world;  // the causing record's own
  Decision& decision;

  // ---- objects that others refer to, and that are there therefore. Where one is not, the
  // decision's status says so, and an empty one is given in its place.

  const model::Character& CharacterOf(model::CharacterId id) const;
  const model::Party& PartyOf(model::PartyId id) const;

  // ---- announcing

  // The actor's world; where that is unknown, that of whom the record is about, the party
  // leader's, the record's own, 0.
  model::WorldId World(model::CharacterId actor, model::CharacterId about,
                       model::PartyId party) const;

  template <class Body>
  void Announce(model::CharacterId actor, model::CharacterId about, model::PartyId party,
                Body body) {
    decision.announcements.push_back(model::PartyStatus{.actor = actor,
                                                        .world = World(actor, about, party),
                                                        .party = party,
                                                        .transaction = transaction,
                                                        .body = std::move(body)});
  }
  void Error(model::CharacterId actor, model::CharacterId about, model::PartyId party,
             model::ErrorCode code, std::string character_name = "") {
    Announce(actor, about, party, model::PartyError{code, std::move(character_name)});
  }

  // ---- membership: a character's and its party's side are changed together, here alone

  // Returns the new party's id.
  model::PartyId Found(model::CharacterId founder);
  void Join(model::CharacterId character, model::PartyId party);
  // A plain member leaves. With `forget` the character is deleted as well.
  void Leave(model::CharacterId character, model::PartyId party, bool forget);
  // The leader leaves: the party ends for all, and DISBAND is announced.
  void Disband(model::PartyId party, bool forget_leader);

 private:
  void PutMembership(model::CharacterId character, std::optional<model::PartyId> party);
};

}  // namespace rules
