// A record with headers for tests of the wire decoder, and its outcome as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "serde/message_codec.h"
#include "serde/wire_decoder.h"

namespace serde {

inline constexpr std::string_view kTenantText = "083839c6-c47c-42a6-9585-76492795d123";

class DecoderHarness {
 public:
  DecoderHarness() { headers.push_back({"TENANT_ID", kTenantText}); }

  // "ok", "skipped <kind>", or "<code>: <message>".
  std::string Decode(InputTopic topic, std::optional<std::string_view> value) {
    // On the heap and of its exact size: a read behind its end is found by a sanitizer.
    const std::vector<char> copy(value.value_or("").begin(), value.value_or("").end());
    base::RecordView record;
    if (value.has_value()) record.value = std::string_view(copy.data(), copy.size());
    record.headers = std::span<const base::HeaderView>(headers);
    const auto outcome = decoder_.Decode(topic, record, &message);
    if (const auto* skipped = std::get_if<Skipped>(&outcome)) {
      return "skipped " + std::string(skipped->kind);
    }
    if (const auto* fault = std::get_if<Fault>(&outcome)) {
      return std::string(fault->code) + ": " + fault->message;
    }
    return "ok";
  }
  std::string Command(std::string_view value) { return Decode(InputTopic::kPartyCommand, value); }
  std::string Status(std::string_view value) { return Decode(InputTopic::kCharacterStatus, value); }
  std::string Invite(std::string_view value) { return Decode(InputTopic::kInviteStatus, value); }

  template <class Body>
  const Body& command() const {
    return std::get<Body>(std::get<model::Command>(message.body).body);
  }
  template <class Body>
  const Body& status() const {
    return std::get<Body>(std::get<model::StatusEvent>(message.body).body);
  }

  std::vector<base::HeaderView> headers;
  model::Message message;

 private:
  WireDecoder decoder_;
};

}  // namespace serde
