#include "serde/dump_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "serde/store_codecs.h"

namespace serde {
namespace {

class Line {
 public:
  Line(std::string_view store, const model::TenantId& tenant) {
    writer_.StartObject();
    Text("store", store);
    Text("tenant", base::ToString(tenant.uuid));
  }

  void Number(std::string_view name, uint32_t value) {
    Name(name);
    writer_.Uint(value);
  }
  template <class Id>
  void Number(std::string_view name, const std::optional<Id>& id) {
    if (id.has_value()) Number(name, id->value());
  }
  void Bool(std::string_view name, bool value) {
    Name(name);
    writer_.Bool(value);
  }
  void Text(std::string_view name, std::string_view text) {
    Name(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void StartValue() {
    Name("value");
    writer_.StartObject();
  }
  void Members(const model::Members& members) {
    Name("members");
    writer_.StartArray();
    for (model::CharacterId member : members) writer_.Uint(member.value());
    writer_.EndArray();
  }
  std::string Finish() {
    writer_.EndObject();
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void Name(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

template <class Codec>
absl::StatusOr<std::string> Dump(std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(const typename Codec::Key decoded_key, Codec::DecodeKey(key));
  typename Codec::Value decoded;
  RETURN_IF_ERROR(Codec::DecodeValue(value, &decoded));
  return DumpJson(decoded_key, decoded);
}

}  // namespace

std::string DumpJson(const model::TenantKey<model::CharacterId>& key,
                     const model::Character& character) {
  Line line(CharacterCodec::kName, key.tenant);
  line.Number("id", key.id.value());
  line.StartValue();
  if (character.name.has_value()) line.Text("name", *character.name);
  line.Number("level", character.level);
  line.Number("jobId", character.job);
  if (character.gm.has_value()) line.Bool("gm", *character.gm);
  line.Number("worldId", character.world);
  line.Number("channelId", character.channel);
  if (character.location.has_value()) {
    line.Number("mapId", character.location->map.value());
    line.Text("instance", base::ToString(character.location->instance));
  }
  line.Bool("online", character.online);
  line.Number("partyId", character.party);
  return line.Finish();
}

std::string DumpJson(const model::TenantKey<model::PartyId>& key, const model::Party& party) {
  Line line(PartyCodec::kName, key.tenant);
  line.Number("id", key.id.value());
  line.StartValue();
  line.Number("leaderId", party.leader.value());
  line.Members(party.members);
  return line.Finish();
}

std::string DumpJson(const model::TenantId& tenant, const model::PartySequence& sequence) {
  Line line(PartySequenceCodec::kName, tenant);
  line.StartValue();
  line.Number("nextId", sequence.next.value());
  return line.Finish();
}

absl::StatusOr<std::string> DumpJson(std::string_view store, std::string_view key,
                                     std::string_view value) {
  absl::StatusOr<std::string> line = absl::InvalidArgumentError("no such store");
  if (store == CharacterCodec::kName) line = Dump<CharacterCodec>(key, value);
  if (store == PartyCodec::kName) line = Dump<PartyCodec>(key, value);
  if (store == PartySequenceCodec::kName) line = Dump<PartySequenceCodec>(key, value);
  if (line.ok()) return line;
  return base::Annotate(
      line.status(),
      absl::StrCat("store ", std::string(store), ", key ",
                   absl::BytesToHexString(absl::string_view(key.data(), key.size()))));
}

}  // namespace serde
