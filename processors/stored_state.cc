#include "processors/stored_state.h"

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "serde/store_codecs.h"
#include "state/store.h"

namespace processors {
namespace {

template <class Codec, class Map>
absl::Status Add(std::string_view key, std::string_view value, Map* map) {
  ASSIGN_OR_RETURN(const typename Codec::Key decoded_key, Codec::DecodeKey(key));
  typename Codec::Value decoded;
  RETURN_IF_ERROR(Codec::DecodeValue(value, &decoded));
  (*map)[decoded_key] = std::move(decoded);
  return absl::OkStatus();
}

}  // namespace

absl::Status AddStored(std::string_view store, std::string_view key, std::string_view value,
                       rules::State* state) {
  if (key.size() < state::kSmallestKey) return absl::OkStatus();
  absl::Status status = absl::InvalidArgumentError("no such store");
  if (store == serde::CharacterCodec::kName) {
    status = Add<serde::CharacterCodec>(key, value, &state->characters);
  } else if (store == serde::PartyCodec::kName) {
    status = Add<serde::PartyCodec>(key, value, &state->parties);
  } else if (store == serde::PartySequenceCodec::kName) {
    status = Add<serde::PartySequenceCodec>(key, value, &state->sequences);
  }
  return base::Annotate(
      status, absl::StrCat("store ", std::string(store), ", key ",
                           absl::BytesToHexString(absl::string_view(key.data(), key.size()))));
}

}  // namespace processors
