#include "processors/rules/commands.h"

#include <optional>
#include <variant>

namespace rules {
namespace {

using model::Character;
using model::CharacterId;
using model::ErrorCode;
using model::kNobody;
using model::kNoParty;
using model::kSystem;
using model::Party;
using model::PartyId;

bool IsBeginner(const Character& character) {
  if (!character.job.has_value()) return false;
  const uint16_t job = character.job->value();
  return job <= 99 || (job >= 1000 && job <= 1099) || (job >= 2000 && job <= 2099);
}

bool IsGm(const Character& character) { return character.gm.value_or(false); }

bool IsIn(const Character* character, PartyId party) {
  return character != nullptr && party != kNoParty && character->party == party;
}

// What is not known of one of them does not stand in the way.
template <class T>
bool MayBeEqual(const std::optional<T>& a, const std::optional<T>& b) {
  return !a.has_value() || !b.has_value() || *a == *b;
}

std::string NameOf(const Character& character) { return character.name.value_or(""); }

// Why a known character without a party may not found one.
std::optional<ErrorCode> MayNotFound(const Character& actor, const View& view) {
  if (IsBeginner(actor)) return ErrorCode::kBeginner;
  if (IsGm(actor)) return ErrorCode::kGm;
  if (view.next_party_id() == model::kPartyIdsUsedUp) return ErrorCode::kUnexpected;
  return std::nullopt;
}

void Create(CharacterId actor, Context& context) {
  const auto error = [&](ErrorCode code) { context.Error(actor, kNobody, kNoParty, code); };
  const Character* character = context.view.character(actor);
  if (character == nullptr) return error(ErrorCode::kUnexpected);
  if (character->party.has_value()) return error(ErrorCode::kAlreadyInPartyOnCreate);
  if (const auto why = MayNotFound(*character, context.view)) return error(*why);

  const PartyId party = context.Found(actor);
  context.Announce(actor, kNobody, party, model::PartyCreated{});
}

void Join(CharacterId joiner, PartyId asked_for, Context& context) {
  const auto error = [&](PartyId party, ErrorCode code) {
    context.Error(joiner, kNobody, party, code);
  };
  const Character* character = context.view.character(joiner);
  if (character == nullptr) return error(asked_for, ErrorCode::kUnexpected);
  if (character->party.has_value()) {
    return error(*character->party, ErrorCode::kAlreadyInPartyOnJoin);
  }
  const Party* party = context.view.party(asked_for);
  if (party == nullptr) return error(asked_for, ErrorCode::kUnexpected);
  if (party->members.full()) return error(asked_for, ErrorCode::kPartyFull);

  context.Join(joiner, asked_for);
  context.Announce(joiner, kNobody, asked_for, model::PartyJoined{});
}

void Leave(CharacterId actor, const model::LeaveParty& body, Context& context) {
  if (!IsIn(context.view.character(actor), body.party)) {
    return context.Error(actor, body.target, body.party, ErrorCode::kUnexpected);
  }
  if (context.PartyOf(body.party).leader == actor) {
    return context.Disband(body.party, /*forget_leader=*/false);
  }
  context.Leave(actor, body.party, /*forget=*/false);
  context.Announce(actor, kNobody, body.party, model::PartyLeft{});
}

void Expel(CharacterId actor, const model::LeaveParty& body, Context& context) {
  const CharacterId target = body.target == kNobody ? actor : body.target;
  const auto error = [&] { context.Error(actor, target, body.party, ErrorCode::kUnexpected); };
  if (!IsIn(context.view.character(target), body.party)) return error();
  const Party& party = context.PartyOf(body.party);
  if (target != actor && party.leader != actor && actor != kSystem) return error();

  if (party.leader == target) return context.Disband(body.party, /*forget_leader=*/false);
  context.Leave(target, body.party, /*forget=*/false);
  context.Announce(actor, target, body.party, model::PartyExpelled{target});
}

void ChangeLeader(CharacterId actor, const model::ChangeLeader& body, Context& context) {
  const auto error = [&](ErrorCode code) { context.Error(actor, body.leader, body.party, code); };
  const Character* next = context.view.character(body.leader);
  if (!IsIn(next, body.party)) return error(ErrorCode::kUnexpected);
  Party party = context.PartyOf(body.party);
  if (party.leader != actor && actor != kSystem) return error(ErrorCode::kUnexpected);
  if (actor != kSystem) {
    const Character& now = context.CharacterOf(actor);
    if (!MayBeEqual(now.world, next->world) || !MayBeEqual(now.channel, next->channel)) {
      return error(ErrorCode::kOtherChannel);
    }
    if (!MayBeEqual(now.location, next->location)) return error(ErrorCode::kOtherMap);
  }

  context.Announce(actor, body.leader, body.party, model::PartyLeaderChanged{body.leader});
  if (party.leader == body.leader) return;
  party.leader = body.leader;
  context.decision.parties.emplace_back(body.party, party);
}

void RequestInvite(CharacterId actor, CharacterId target, Context& context) {
  const auto error = [&](PartyId party, ErrorCode code, std::string name = "") {
    context.Error(actor, target, party, code, std::move(name));
  };
  const Character* character = context.view.character(actor);
  if (character == nullptr) return error(kNoParty, ErrorCode::kUnexpected);
  const PartyId own = character->party.value_or(kNoParty);
  const Character* invited = context.view.character(target);
  if (invited == nullptr || target == actor) return error(own, ErrorCode::kUnexpected);
  if (invited->party.has_value()) {
    return error(*invited->party, ErrorCode::kAlreadyInPartyOnJoin, NameOf(*invited));
  }
  if (own == kNoParty) {
    if (const auto why = MayNotFound(*character, context.view)) return error(kNoParty, *why);
  } else if (context.PartyOf(own).members.full()) {
    return error(own, ErrorCode::kPartyFull);
  }

  const PartyId party = own == kNoParty ? context.Found(actor) : own;
  if (own == kNoParty) context.Announce(actor, kNobody, party, model::PartyCreated{});
  context.decision.announcements.push_back(
      model::InviteRequested{.world = context.World(actor, target, party),
                             .originator = actor,
                             .target = target,
                             .party = party});
}

}  // namespace

void DecideCommand(const model::Command& command, Context& context) {
  struct Visitor {
    CharacterId actor;
    Context& context;
    void operator()(const model::CreateParty&) { Create(actor, context); }
    void operator()(const model::JoinParty& body) { Join(actor, body.party, context); }
    void operator()(const model::LeaveParty& body) {
      body.force ? Expel(actor, body, context) : Leave(actor, body, context);
    }
    void operator()(const model::ChangeLeader& body) { ChangeLeader(actor, body, context); }
    void operator()(const model::RequestInvite& body) {
      RequestInvite(actor, body.target, context);
    }
  };
  std::visit(Visitor{command.actor, context}, command.body);
}

void DecideInviteAccepted(const model::InviteAccepted& invite, Context& context) {
  Join(invite.target, invite.party, context);
}

}  // namespace rules
