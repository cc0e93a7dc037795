// Records of the three input topics to typed messages.
//
// Strict in types and ranges, lenient in unknown fields. A record that is not for this
// application is skipped at the cost of finding its `type`; one that is, is checked whole.
//
// Not thread-safe; one decoder is used for all records and keeps its memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/record.h"
#include "model/message.h"
#include "serde/fault.h"
#include "serde/json_fields.h"

namespace serde {

enum class InputTopic { kCharacterStatus, kInviteStatus, kPartyCommand };

// Not for this application.
struct Skipped {};

class WireDecoder {
 public:
  WireDecoder();
  ~WireDecoder();

  // On success `message` is filled; else it is left with no particular content.
  std::variant<std::monostate, Skipped, Fault> Decode(InputTopic topic,
                                                      const base::RecordView& record,
                                                      model::Message* message);

 private:
  class TypeFinder;

  std::optional<Fault> DecodeCommand(model::Command* command);
  std::optional<Fault> DecodeStatusEvent(model::StatusEvent* event);
  std::optional<Fault> DecodeInvite(model::InviteAccepted* invite);
  std::optional<Fault> DecodeTransaction(InputTopic topic, model::Message* message);

  std::unique_ptr<TypeFinder> type_finder_;
  JsonFields fields_;
};

// The record's tenant, from its header TENANT_ID.
std::variant<model::TenantId, Fault> DecodeTenant(std::span<const base::HeaderView> headers);

}  // namespace serde
