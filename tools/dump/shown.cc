#include "tools/dump/shown.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "serde/dump_json.h"
#include "serde/store_codecs.h"
#include "state/store.h"
#include "streams/engine_records.h"

namespace dump {
namespace {

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

template <class Key>
std::string Named(const char* what, const Key& key) {
  return absl::StrCat(what, " ", key.id.value(), " of tenant ", base::ToString(key.tenant.uuid));
}

absl::StatusOr<std::string> EngineJson(std::string_view key, std::string_view value) {
  if (key == streams::kIdentityKey) {
    const auto identity = streams::DecodeIdentity(value);
    if (!identity.ok()) return identity.status();
    return absl::StrCat("{\"id\":\"", base::ToString(identity->id),
                        "\",\"application\":", JsonText(identity->application_id),
                        ",\"store\":", JsonText(identity->store),
                        ",\"partition\":", identity->partition.value(), "}");
  }
  if (key == streams::kOffsetsKey) {
    const auto positions = streams::DecodeInputPositions(value);
    if (!positions.ok()) return positions.status();
    return absl::StrCat("{",
                        absl::StrJoin(*positions, ",",
                                      [](std::string* out, const auto& one) {
                                        absl::StrAppend(out, JsonText(base::ToString(one.first)),
                                                        ":", one.second.value());
                                      }),
                        "}");
  }
  return absl::InvalidArgumentError("a key that the engine does not know");
}

}  // namespace

std::string ObjectName(std::string_view store, std::string_view key) {
  if (key == streams::kIdentityKey || key == streams::kOffsetsKey) {
    return absl::StrCat("the engine's ", std::string(key));
  }
  if (store == serde::CharacterCodec::kName) {
    if (const auto decoded = serde::CharacterCodec::DecodeKey(key); decoded.ok()) {
      return Named("character", *decoded);
    }
  } else if (store == serde::PartyCodec::kName) {
    if (const auto decoded = serde::PartyCodec::DecodeKey(key); decoded.ok()) {
      return Named("party", *decoded);
    }
  } else if (store == serde::PartySequenceCodec::kName) {
    if (const auto decoded = serde::PartySequenceCodec::DecodeKey(key); decoded.ok()) {
      return absl::StrCat("the sequence of tenant ", base::ToString(decoded->uuid));
    }
  }
  return absl::StrCat("key ", Hex(key));
}

std::string ValueJson(std::string_view store, std::string_view key, std::string_view value) {
  const auto json = key.size() < state::kSmallestKey ? EngineJson(key, value)
                                                     : serde::DumpJson(store, key, value);
  if (json.ok()) return *json;
  return JsonText(absl::StrCat("bytes ", Hex(value), ": ", json.status().message()));
}

std::string ValueText(std::string_view store, std::string_view key, std::string_view value) {
  const std::string json = ValueJson(store, key, value);
  // What stands before it is of fixed form.
  constexpr std::string_view kValue = ",\"value\":";
  const size_t begin = json.starts_with("{\"store\"") ? json.find(kValue) : std::string::npos;
  if (begin == std::string::npos) return json;
  return json.substr(begin + kValue.size(), json.size() - begin - kValue.size() - 1);
}

std::string JsonText(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace dump
