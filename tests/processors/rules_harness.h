// A small world for tests of the rules: characters and parties in maps, and announcements
// as short lines of text.
//
//   World world;
//   world.Add(1).job = model::JobId(100);
//   world.AddParty(50, {1, 2});
//   EXPECT_EQ(world.Send(Command(1, model::CreateParty{})), Lines({"CREATED ..."}));
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/message.h"
#include "processors/rules/invariants.h"
#include "processors/rules/rules.h"
#include "processors/rules/view.h"

namespace rules {

using Lines = std::vector<std::string>;

inline model::CharacterId Character(uint32_t id) { return model::CharacterId(id); }
inline model::PartyId Party(uint32_t id) { return model::PartyId(id); }

inline std::string Text(std::string_view text) { return std::string(text); }

// "TYPE [what] actor 1 world 2 party 3", with the transaction's last byte where there is one.
inline std::string Shown(const model::PartyStatus& event) {
  struct Body {
    std::string operator()(const model::PartyCreated&) const { return "CREATED"; }
    std::string operator()(const model::PartyJoined&) const { return "JOINED"; }
    std::string operator()(const model::PartyLeft&) const { return "LEFT"; }
    std::string operator()(const model::PartyExpelled& body) const {
      return absl::StrCat("EXPEL ", body.character.value());
    }
    std::string operator()(const model::PartyDisbanded& body) const {
      return absl::StrCat("DISBAND ",
                          absl::StrJoin(body.members.begin(), body.members.end(), ",",
                                        [](std::string* out, model::CharacterId member) {
                                          absl::StrAppend(out, member.value());
                                        }));
    }
    std::string operator()(const model::PartyLeaderChanged& body) const {
      return absl::StrCat("CHANGE_LEADER ", body.character.value());
    }
    std::string operator()(const model::PartyError& body) const {
      return absl::StrCat("ERROR ", Text(model::WireName(body.code)),
                          body.character_name.empty() ? "" : " '" + body.character_name + "'");
    }
  };
  std::string line = absl::StrCat(std::visit(Body{}, event.body), " actor ", event.actor.value(),
                                  " world ", event.world.value(), " party ", event.party.value());
  if (event.transaction.has_value()) absl::StrAppend(&line, " tx ", event.transaction->bytes[15]);
  return line;
}

inline std::string Shown(const model::MemberStatus& event) {
  struct Body {
    std::string operator()(const model::MemberLoggedIn&) const { return "LOGIN"; }
    std::string operator()(const model::MemberLoggedOut&) const { return "LOGOUT"; }
    std::string operator()(const model::MemberLevelChanged& body) const {
      return absl::StrCat("LEVEL_CHANGED ", body.old_level.value(), "->", body.new_level.value(),
                          " '", body.name, "'");
    }
    std::string operator()(const model::MemberJobChanged& body) const {
      return absl::StrCat("JOB_CHANGED ", body.old_job.value(), "->", body.new_job.value(), " '",
                          body.name, "'");
    }
    std::string operator()(const model::MemberNameChanged& body) const {
      return absl::StrCat("NAME_CHANGED '", body.old_name, "'->'", body.new_name, "'");
    }
  };
  return absl::StrCat("member ", event.character.value(), " ", std::visit(Body{}, event.body),
                      " world ", event.world.value(), " party ", event.party.value());
}

inline std::string Shown(const model::InviteRequested& invite) {
  return absl::StrCat("INVITE ", invite.originator.value(), "->", invite.target.value(), " world ",
                      invite.world.value(), " party ", invite.party.value());
}

class World final : public View {
 public:
  const model::Character* character(model::CharacterId id) const override {
    const auto found = characters.find(id);
    return found == characters.end() ? nullptr : &found->second;
  }
  const model::Party* party(model::PartyId id) const override {
    const auto found = parties.find(id);
    return found == parties.end() ? nullptr : &found->second;
  }
  model::PartyId next_party_id() const override { return next; }

  // A character of whom nothing is known.
  model::Character& Add(uint32_t id) { return characters[Character(id)]; }
  // Its members, the leader first; those not yet known are added.
  void AddParty(uint32_t id, std::initializer_list<uint32_t> members) {
    model::Party party{.leader = Character(*members.begin()), .members = {}};
    for (const uint32_t member : members) {
      party.members.Add(Character(member));
      Add(member).party = Party(id);
    }
    parties[Party(id)] = party;
  }

  // Decides and applies; gives what is announced. The decision is left to look at.
  Lines Send(const model::Message& message) {
    decision.Clear();
    Decide(message, *this, &decision);
    Apply();
    Lines lines;
    for (const model::Announcement& announcement : decision.announcements) {
      lines.push_back(std::visit([](const auto& event) { return Shown(event); }, announcement));
    }
    return lines;
  }
  bool wrote() const {
    return !decision.characters.empty() || !decision.parties.empty() ||
           decision.next_party_id.has_value();
  }

  State state() const {
    const model::TenantId tenant;
    State state;
    for (const auto& [id, character] : characters) state.characters[{tenant, id}] = character;
    for (const auto& [id, party] : parties) state.parties[{tenant, id}] = party;
    state.sequences[tenant].next = next;
    return state;
  }

  std::map<model::CharacterId, model::Character> characters;
  std::map<model::PartyId, model::Party> parties;
  model::PartyId next = model::kFirstPartyId;
  Decision decision;

 private:
  template <class Id, class Object>
  static void Put(const std::vector<std::pair<Id, std::optional<Object>>>& changes,
                  std::map<Id, Object>* objects) {
    for (const auto& [id, object] : changes) {
      if (object.has_value()) {
        (*objects)[id] = *object;
      } else {
        objects->erase(id);
      }
    }
  }
  void Apply() {
    Put(decision.characters, &characters);
    Put(decision.parties, &parties);
    next = decision.next_party_id.value_or(next);
  }
};

template <class Body>
model::Message Command(uint32_t actor, Body body) {
  return {.tenant = {}, .transaction = {}, .body = model::Command{Character(actor), body}};
}

template <class Body>
model::Message Event(uint32_t character, uint8_t world, Body body) {
  return {.tenant = {},
          .transaction = {},
          .body = model::StatusEvent{Character(character), model::WorldId(world), body}};
}

inline model::Message Accepted(uint32_t target, uint32_t party, uint8_t world) {
  return {.tenant = {},
          .transaction = {},
          .body = model::InviteAccepted{Party(party), Character(1), Character(target),
                                        model::WorldId(world)}};
}

// The same with a transaction whose last byte is 9.
inline model::Message WithTransaction(model::Message message) {
  message.transaction.emplace().bytes[15] = 9;
  return message;
}

inline model::Message Create(uint32_t actor) { return Command(actor, model::CreateParty{}); }
inline model::Message Join(uint32_t actor, uint32_t party) {
  return Command(actor, model::JoinParty{Party(party)});
}
inline model::Message Leave(uint32_t actor, uint32_t party) {
  return Command(actor, model::LeaveParty{Party(party), false, model::kNobody});
}
inline model::Message Expel(uint32_t actor, uint32_t party, uint32_t target) {
  return Command(actor, model::LeaveParty{Party(party), true, Character(target)});
}
inline model::Message ChangeLeader(uint32_t actor, uint32_t party, uint32_t leader) {
  return Command(actor, model::ChangeLeader{Party(party), Character(leader)});
}
inline model::Message Invite(uint32_t actor, uint32_t target) {
  return Command(actor, model::RequestInvite{Character(target)});
}

}  // namespace rules
