#include "processors/parties.h"

#include <array>
#include <variant>

#include "base/status.h"
#include "processors/rules/rules.h"

namespace processors {
namespace {

constexpr base::MetricName kRejected{"commands_rejected_total",
                                     "Commands that were answered by an ERROR event, by its code."};

}  // namespace

// One tenant's objects, from the stores. The rules know no errors: the first one is kept
// here, and whatever was decided on it is dropped.
class Parties::StoreView final : public rules::View {
 public:
  StoreView(Parties& parties, const model::TenantId& tenant) : parties_(parties), tenant_(tenant) {}

  const model::Character* character(model::CharacterId id) const override {
    if (id == model::kNobody) return nullptr;
    return Take(parties_.characters_->Get({tenant_, id}));
  }
  const model::Party* party(model::PartyId id) const override {
    if (id == model::kNoParty) return nullptr;
    return Take(parties_.parties_->Get({tenant_, id}));
  }
  model::PartyId next_party_id() const override {
    const model::PartySequence* sequence = Take(parties_.sequences_->Get(tenant_));
    return sequence == nullptr ? model::kFirstPartyId : sequence->next;
  }

  const absl::Status& status() const { return status_; }

 private:
  template <class Value>
  const Value* Take(const absl::StatusOr<const Value*>& read) const {
    if (read.ok()) return *read;
    if (status_.ok()) status_ = read.status();
    return nullptr;
  }

  Parties& parties_;
  const model::TenantId& tenant_;
  mutable absl::Status status_;
};

Parties::Parties() = default;
Parties::~Parties() = default;

absl::Status Parties::Init(streams::ProcessorContext& context) {
  ASSIGN_OR_RETURN(characters_, context.GetStore<serde::CharacterCodec>());
  ASSIGN_OR_RETURN(parties_, context.GetStore<serde::PartyCodec>());
  ASSIGN_OR_RETURN(sequences_, context.GetStore<serde::PartySequenceCodec>());
  ASSIGN_OR_RETURN(party_status_, context.Child<model::PartyStatus>("party-status"));
  ASSIGN_OR_RETURN(member_status_, context.Child<model::MemberStatus>("member-status"));
  ASSIGN_OR_RETURN(invites_, context.Child<model::InviteRequested>("invites"));
  rejected_.Init(&context.counters(), kRejected, {}, "code");
  for (const model::ErrorCode code : model::kErrorCodes) {
    rejected_.Prepare(std::array{model::WireName(code)});
  }
  return absl::OkStatus();
}

absl::Status Parties::Process(const model::Message& message) {
  decision_.Clear();
  const StoreView view(*this, message.tenant);
  rules::Decide(message, view, &decision_);
  RETURN_IF_ERROR(view.status());
  RETURN_IF_ERROR(decision_.status);
  RETURN_IF_ERROR(Write(message.tenant));
  return Announce();
}

absl::Status Parties::Write(const model::TenantId& tenant) {
  for (const auto& [id, character] : decision_.characters) {
    RETURN_IF_ERROR(character.has_value() ? characters_->Put({tenant, id}, *character)
                                          : characters_->Delete({tenant, id}));
  }
  for (const auto& [id, party] : decision_.parties) {
    RETURN_IF_ERROR(party.has_value() ? parties_->Put({tenant, id}, *party)
                                      : parties_->Delete({tenant, id}));
  }
  if (!decision_.next_party_id.has_value()) return absl::OkStatus();
  return sequences_->Put(tenant, {.next = *decision_.next_party_id});
}

absl::Status Parties::Announce() {
  struct Forward {
    Parties& parties;
    absl::Status operator()(const model::PartyStatus& event) {
      if (const auto* error = std::get_if<model::PartyError>(&event.body)) {
        parties.rejected_.Count(model::WireName(error->code));
      }
      return parties.party_status_->Process(event);
    }
    absl::Status operator()(const model::MemberStatus& event) {
      return parties.member_status_->Process(event);
    }
    absl::Status operator()(const model::InviteRequested& command) {
      return parties.invites_->Process(command);
    }
  };
  for (const model::Announcement& announcement : decision_.announcements) {
    RETURN_IF_ERROR(std::visit(Forward{*this}, announcement));
  }
  return absl::OkStatus();
}

}  // namespace processors
