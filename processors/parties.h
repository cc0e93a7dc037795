// The step that decides: asks the stores for what a message names, calls the rules,
// writes what they change and forwards what they announce.
#pragma once

#include <memory>

#include "model/announcement.h"
#include "model/message.h"
#include "processors/rules/decision.h"
#include "serde/store_codecs.h"
#include "state/store.h"
#include "streams/open_counters.h"
#include "streams/processor.h"

namespace processors {

// Children: "party-status", "member-status", "invites".
class Parties final : public streams::Processor<model::Message> {
 public:
  Parties();
  ~Parties() override;

  absl::Status Init(streams::ProcessorContext& context) override;
  absl::Status Process(const model::Message& message) override;

 private:
  class StoreView;

  absl::Status Write(const model::TenantId& tenant);
  absl::Status Announce();

  state::Store<serde::CharacterCodec>* characters_ = nullptr;
  state::Store<serde::PartyCodec>* parties_ = nullptr;
  state::Store<serde::PartySequenceCodec>* sequences_ = nullptr;
  streams::Receiver<model::PartyStatus>* party_status_ = nullptr;
  streams::Receiver<model::MemberStatus>* member_status_ = nullptr;
  streams::Receiver<model::InviteRequested>* invites_ = nullptr;
  streams::CountersByKind rejected_;  // by code
  rules::Decision decision_;
};

}  // namespace processors
