// What goes out, as the wire contract has it: an 8-byte key, and a compact JSON object
// with its fields in the contract's order.
//
// Each function appends to `key` and `value`. One encoder is used by one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "model/announcement.h"

namespace serde {

// The `type` that it bears. A constant of each type.
std::string_view WireType(const model::PartyStatus& event);
std::string_view WireType(const model::MemberStatus& event);
std::string_view WireType(const model::InviteRequested& command);

class WireEncoder {
 public:
  WireEncoder();
  ~WireEncoder();
  WireEncoder(WireEncoder&&) noexcept;

  void Encode(const model::PartyStatus& event, std::string* key, std::string* value);
  void Encode(const model::MemberStatus& event, std::string* key, std::string* value);
  void Encode(const model::InviteRequested& command, std::string* key, std::string* value);

 private:
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;  // used again and again
};

}  // namespace serde
