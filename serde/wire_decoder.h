// Records of the three input topics to typed messages.
//
// Strict in types and ranges, lenient in unknown fields. A record that is not for this
// application is skipped at the cost of finding its `type`: neither the rest of it nor its
// tenant is looked at. One that is, is checked whole.
//
// Not thread-safe; one decoder is used for all records and keeps its memory.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/record.h"
#include "model/message.h"
#include "serde/fault.h"
#include "serde/json_fields.h"

namespace serde {

enum class InputTopic { kCharacterStatus, kInviteStatus, kPartyCommand };

// `type` is a constant of each type: what the record is counted as.
struct Decoded {
  std::string_view type;
};

// Not for this application. `kind` names it for a counter. Producers may send any type:
// those that are well known have a name of their own, all others are "other", so that
// there are only so many counters.
struct Skipped {
  std::string_view kind;
};

class WireDecoder {
 public:
  WireDecoder();
  ~WireDecoder();

  // On success `message` is filled; else it is left with no particular content.
  std::variant<Decoded, Skipped, Fault> Decode(InputTopic topic, const base::RecordView& record,
                                               model::Message* message);

 private:
  class TypeFinder;

  std::optional<Skipped> SkippedByFields(InputTopic topic) const;
  std::optional<Fault> DecodeBody(InputTopic topic, model::Message* message);
  std::optional<Fault> DecodeCommand(model::Command* command);
  std::optional<Fault> DecodeStatusEvent(model::StatusEvent* event);
  std::optional<Fault> DecodeInvite(model::InviteAccepted* invite);
  std::optional<Fault> DecodeTransaction(InputTopic topic, model::Message* message);

  std::unique_ptr<TypeFinder> type_finder_;
  JsonFields fields_;
  std::string_view type_;  // of the message that is being decoded
};

// The record's tenant, from its header TENANT_ID.
std::variant<model::TenantId, Fault> DecodeTenant(std::span<const base::HeaderView> headers);

}  // namespace serde
