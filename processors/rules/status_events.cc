#include "processors/rules/status_events.h"

#include <utility>
#include <variant>

namespace rules {
namespace {

using model::Character;
using model::CharacterId;

// One event about one character: `before` as it was stored, `after` as it will be.
class Change {
 public:
  Change(const model::StatusEvent& event, Context& context)
      : event_(event), context_(context), stored_(context.view.character(event.character)) {
    if (stored_ != nullptr) after_ = *stored_;
  }

  void operator()(const model::LoggedIn& body) {
    after_.world = event_.world;
    after_.channel = body.channel;
    if (body.location.has_value()) after_.location = body.location;
    after_.online = true;
    Tell(model::MemberLoggedIn{});
    Store();
  }

  // A late one must not make a ghost.
  void operator()(const model::LoggedOut&) {
    if (stored_ == nullptr) return;
    after_.online = false;
    Tell(model::MemberLoggedOut{});
    Store();
  }

  void operator()(const model::Moved& body) {
    after_.world = event_.world;
    after_.channel = body.channel;
    after_.location = body.location;
    Store();
  }

  void operator()(const model::LevelChanged& body) {
    const model::Level old = after_.level.value_or(model::Level(0));
    after_.world = event_.world;
    after_.level = body.level;
    Tell(model::MemberLevelChanged{old, body.level, Name()});
    Store();
  }

  void operator()(const model::JobChanged& body) {
    const model::JobId old = after_.job.value_or(model::JobId(0));
    after_.world = event_.world;
    after_.job = body.job;
    Tell(model::MemberJobChanged{old, body.job, Name()});
    Store();
  }

  void operator()(const model::Deleted&) {
    if (stored_ == nullptr) return;
    if (!stored_->party.has_value()) {
      context_.decision.characters.emplace_back(event_.character, std::nullopt);
      return;
    }
    const model::PartyId party = *stored_->party;
    if (context_.PartyOf(party).leader == event_.character) {
      return context_.Disband(party, /*forget_leader=*/true);
    }
    context_.Announce(event_.character, model::kNobody, party, model::PartyLeft{});
    context_.Leave(event_.character, party, /*forget=*/true);
  }

  void operator()(const model::Created& body) {
    after_.world = event_.world;
    after_.name = body.name;
    if (!after_.location.has_value()) after_.location = body.location;
    Store();
  }

  void operator()(const model::NameChanged& body) {
    std::string old = Name();
    after_.world = event_.world;
    if (old != body.name) {
      after_.name = body.name;
      Tell(model::MemberNameChanged{std::move(old), body.name});
    }
    Store();
  }

  void operator()(const model::GmChanged& body) {
    after_.world = event_.world;
    after_.gm = body.gm;
    Store();
  }

 private:
  std::string Name() const { return after_.name.value_or(""); }

  template <class Body>
  void Tell(Body body) {
    if (!after_.party.has_value()) return;
    context_.decision.announcements.push_back(
        model::MemberStatus{.world = after_.world.value_or(event_.world),
                            .party = *after_.party,
                            .character = event_.character,
                            .body = std::move(body)});
  }

  // What changes nothing is not written.
  void Store() {
    if (stored_ != nullptr && *stored_ == after_) return;
    context_.decision.characters.emplace_back(event_.character, std::move(after_));
  }

  const model::StatusEvent& event_;
  Context& context_;
  const Character* stored_;
  Character after_;
};

}  // namespace

void DecideStatusEvent(const model::StatusEvent& event, Context& context) {
  std::visit(Change(event, context), event.body);
}

}  // namespace rules
