// The bytes of the three stores' keys and values. docs/state-format.md has them byte by
// byte.
//
// Encoders append. Decoders give an error that says what is wrong with the bytes, and
// leave their output with no particular content.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/character.h"
#include "model/ids.h"
#include "model/party.h"

namespace serde {

struct CharacterCodec {
  using Key = model::TenantKey<model::CharacterId>;
  using Value = model::Character;
  static constexpr std::string_view kName = "characters";
  static void EncodeKey(const Key& key, std::string* out);
  static absl::StatusOr<Key> DecodeKey(std::string_view bytes);
  static void EncodeValue(const Value& value, std::string* out);
  static absl::Status DecodeValue(std::string_view bytes, Value* value);
};

struct PartyCodec {
  using Key = model::TenantKey<model::PartyId>;
  using Value = model::Party;
  static constexpr std::string_view kName = "parties";
  static void EncodeKey(const Key& key, std::string* out);
  static absl::StatusOr<Key> DecodeKey(std::string_view bytes);
  static void EncodeValue(const Value& value, std::string* out);
  static absl::Status DecodeValue(std::string_view bytes, Value* value);
};

struct PartySequenceCodec {
  using Key = model::TenantId;
  using Value = model::PartySequence;
  static constexpr std::string_view kName = "party-sequence";
  static void EncodeKey(const Key& key, std::string* out);
  static absl::StatusOr<Key> DecodeKey(std::string_view bytes);
  static void EncodeValue(const Value& value, std::string* out);
  static absl::Status DecodeValue(std::string_view bytes, Value* value);
};

}  // namespace serde
