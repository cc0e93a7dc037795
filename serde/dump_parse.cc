#include "serde/dump_parse.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/uuid.h"
#include "serde/json_reader.h"
#include "serde/store_codecs.h"

namespace serde {
namespace {

constexpr size_t kLongestName = 255;

absl::Status Wrong(const std::string& field, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("field ", field, " ", what));
}

// A line's fields by their paths ("id", "value.level"), each taken once; what is left at the
// end is unknown.
class Fields {
 public:
  static absl::StatusOr<Fields> Read(std::string_view line) {
    Fields fields;
    fields.text_ = std::make_unique<std::string>(line);
    RETURN_IF_ERROR(fields.Parse());
    return fields;
  }

  absl::StatusOr<std::string> Text(const std::string& path) {
    ASSIGN_OR_RETURN(const Field field, Required(path));
    if (field.kind != JsonToken::kString) return Wrong(path, "is no string");
    return std::string(field.text);
  }
  absl::StatusOr<std::optional<std::string>> OptionalText(const std::string& path, size_t most) {
    if (!Has(path)) return std::optional<std::string>();
    ASSIGN_OR_RETURN(std::string text, Text(path));
    if (text.size() > most) {
      return Wrong(path, absl::StrCat("has ", text.size(), " bytes, allowed are up to ", most));
    }
    return std::optional<std::string>(std::move(text));
  }
  absl::StatusOr<base::Uuid> Uuid(const std::string& path) {
    ASSIGN_OR_RETURN(const std::string text, Text(path));
    const auto uuid = base::ParseUuid(text);
    if (!uuid.has_value()) return Wrong(path, absl::StrCat("is \"", text, "\", no UUID"));
    return *uuid;
  }
  absl::StatusOr<std::optional<bool>> OptionalBool(const std::string& path) {
    if (!Has(path)) return std::optional<bool>();
    ASSIGN_OR_RETURN(const Field field, Required(path));
    if (field.kind != JsonToken::kTrue && field.kind != JsonToken::kFalse) {
      return Wrong(path, "is neither true nor false");
    }
    return std::optional<bool>(field.kind == JsonToken::kTrue);
  }
  absl::StatusOr<bool> Bool(const std::string& path) {
    ASSIGN_OR_RETURN(const auto value, OptionalBool(path));
    if (!value.has_value()) return Wrong(path, "is missing");
    return *value;
  }
  template <class Id>
  absl::StatusOr<std::optional<Id>> OptionalId(const std::string& path, uint64_t least = 0) {
    if (!Has(path)) return std::optional<Id>();
    ASSIGN_OR_RETURN(const Field field, Required(path));
    ASSIGN_OR_RETURN(const uint64_t value,
                     Number(path, field, least, std::numeric_limits<typename Id::rep>::max()));
    return std::optional<Id>(Id(static_cast<typename Id::rep>(value)));
  }
  template <class Id>
  absl::StatusOr<Id> ReadId(const std::string& path, uint64_t least) {
    ASSIGN_OR_RETURN(const auto id, OptionalId<Id>(path, least));
    if (!id.has_value()) return Wrong(path, "is missing");
    return *id;
  }
  absl::StatusOr<model::Members> Members(const std::string& path) {
    ASSIGN_OR_RETURN(const Field field, Required(path));
    if (field.kind != JsonToken::kOpenArray) return Wrong(path, "is no array");
    if (field.items.empty() || field.items.size() > model::Members::kMost) {
      return Wrong(path, absl::StrCat("has ", field.items.size(), " members, allowed are 1 to ",
                                      model::Members::kMost));
    }
    model::Members members;
    for (const Field& item : field.items) {
      ASSIGN_OR_RETURN(const uint64_t id,
                       Number(path, item, 1, std::numeric_limits<uint32_t>::max()));
      const model::CharacterId member(static_cast<uint32_t>(id));
      if (members.contains(member)) return Wrong(path, absl::StrCat("has member ", id, " twice"));
      members.Add(member);
    }
    return members;
  }

  bool Has(const std::string& path) const { return fields_.contains(path); }

  absl::Status CheckNothingIsLeft() const {
    for (const auto& [path, field] : fields_) {
      if (path != "value") return Wrong(path, "is not known");
    }
    return absl::OkStatus();
  }

 private:
  struct Field {
    JsonToken kind = JsonToken::kNull;
    std::string_view text;
    std::vector<Field> items;  // of an array
  };

  absl::Status Parse() {
    JsonReader reader(text_.get());
    JsonToken token = reader.Next();
    if (token != JsonToken::kOpenObject && token != JsonToken::kError) {
      return absl::InvalidArgumentError("the line is no JSON object");
    }
    std::string prefix;
    std::string path;
    for (token = Advance(&reader, token); token != JsonToken::kEnd; token = reader.Next()) {
      if (token == JsonToken::kError) return Broken(reader);
      if (token == JsonToken::kClose) {
        prefix.clear();
        continue;
      }
      if (token == JsonToken::kKey) {
        path = prefix + std::string(reader.text());
        if (prefix.empty() && absl::StrContains(path, '.')) return Wrong(path, "is not known");
        continue;
      }
      RETURN_IF_ERROR(AddField(path, token, &reader));
      if (token == JsonToken::kOpenObject) prefix = path + ".";
    }
    return absl::OkStatus();
  }

  static JsonToken Advance(JsonReader* reader, JsonToken first) {
    return first == JsonToken::kError ? first : reader->Next();
  }

  static absl::Status Broken(const JsonReader& reader) {
    return absl::InvalidArgumentError(
        absl::StrCat("is no JSON: ", std::string(reader.error()), " at byte ", reader.position()));
  }

  absl::Status AddField(const std::string& path, JsonToken token, JsonReader* reader) {
    if (token == JsonToken::kOpenObject && path != "value") return Wrong(path, "is not known");
    if (fields_.contains(path)) return Wrong(path, "comes twice");
    Field field{.kind = token, .text = reader->text(), .items = {}};
    if (token == JsonToken::kOpenArray) {
      for (JsonToken item = reader->Next(); item != JsonToken::kClose; item = reader->Next()) {
        if (item == JsonToken::kError) return Broken(*reader);
        if (item == JsonToken::kOpenArray || item == JsonToken::kOpenObject) {
          return Wrong(path, "holds something else than numbers");
        }
        field.items.push_back({.kind = item, .text = reader->text(), .items = {}});
      }
    }
    fields_.emplace(path, std::move(field));
    return absl::OkStatus();
  }

  absl::StatusOr<Field> Required(const std::string& path) {
    const auto found = fields_.find(path);
    if (found == fields_.end()) return Wrong(path, "is missing");
    Field field = std::move(found->second);
    fields_.erase(found);
    return field;
  }

  static absl::StatusOr<uint64_t> Number(const std::string& path, const Field& field,
                                         uint64_t least, uint64_t most) {
    if (field.kind != JsonToken::kNumber) return Wrong(path, "is no number");
    const absl::string_view text(field.text.data(), field.text.size());
    uint64_t value = 0;
    const bool whole =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (whole && absl::SimpleAtoi(text, &value) && value >= least && value <= most) return value;
    return Wrong(path, absl::StrCat("is ", text, ", allowed are ", least, " to ", most));
  }

  std::unique_ptr<std::string> text_;  // stays where it is: the fields refer to it
  std::map<std::string, Field> fields_;
};

absl::StatusOr<std::optional<model::Location>> ReadLocation(Fields* fields) {
  ASSIGN_OR_RETURN(const auto map, fields->OptionalId<model::MapId>("value.mapId"));
  if (!map.has_value()) {
    if (fields->Has("value.instance")) return Wrong("value.instance", "is there without a mapId");
    return std::optional<model::Location>();
  }
  model::Location location{.map = *map, .instance = {}};
  if (fields->Has("value.instance")) {
    ASSIGN_OR_RETURN(location.instance, fields->Uuid("value.instance"));
  }
  return std::optional<model::Location>(location);
}

absl::StatusOr<DumpedObject> ReadCharacter(const model::TenantId& tenant, Fields* fields) {
  DumpedCharacter read;
  read.first.tenant = tenant;
  ASSIGN_OR_RETURN(read.first.id, fields->ReadId<model::CharacterId>("id", 1));
  model::Character& it = read.second;
  ASSIGN_OR_RETURN(it.name, fields->OptionalText("value.name", kLongestName));
  ASSIGN_OR_RETURN(it.level, fields->OptionalId<model::Level>("value.level"));
  ASSIGN_OR_RETURN(it.job, fields->OptionalId<model::JobId>("value.jobId"));
  ASSIGN_OR_RETURN(it.gm, fields->OptionalBool("value.gm"));
  ASSIGN_OR_RETURN(it.world, fields->OptionalId<model::WorldId>("value.worldId"));
  ASSIGN_OR_RETURN(it.channel, fields->OptionalId<model::ChannelId>("value.channelId"));
  ASSIGN_OR_RETURN(it.location, ReadLocation(fields));
  ASSIGN_OR_RETURN(it.online, fields->Bool("value.online"));
  ASSIGN_OR_RETURN(it.party, fields->OptionalId<model::PartyId>("value.partyId", 1));
  return DumpedObject(std::move(read));
}

absl::StatusOr<DumpedObject> ReadParty(const model::TenantId& tenant, Fields* fields) {
  DumpedParty read;
  read.first.tenant = tenant;
  ASSIGN_OR_RETURN(read.first.id,
                   fields->ReadId<model::PartyId>("id", model::kFirstPartyId.value()));
  ASSIGN_OR_RETURN(read.second.leader, fields->ReadId<model::CharacterId>("value.leaderId", 1));
  ASSIGN_OR_RETURN(read.second.members, fields->Members("value.members"));
  return DumpedObject(read);
}

absl::StatusOr<DumpedObject> ReadSequence(const model::TenantId& tenant, Fields* fields) {
  DumpedSequence read{tenant, {}};
  ASSIGN_OR_RETURN(read.second.next,
                   fields->ReadId<model::PartyId>("value.nextId", model::kFirstPartyId.value()));
  return DumpedObject(read);
}

}  // namespace

absl::StatusOr<DumpedObject> ParseDump(std::string_view line) {
  ASSIGN_OR_RETURN(Fields fields, Fields::Read(line));
  ASSIGN_OR_RETURN(const std::string store, fields.Text("store"));
  model::TenantId tenant;
  ASSIGN_OR_RETURN(tenant.uuid, fields.Uuid("tenant"));
  absl::StatusOr<DumpedObject> object = Wrong(
      "store",
      absl::StrCat("is \"", store, "\", allowed are: ", std::string(CharacterCodec::kName), ", ",
                   std::string(PartyCodec::kName), ", ", std::string(PartySequenceCodec::kName)));
  if (store == CharacterCodec::kName) object = ReadCharacter(tenant, &fields);
  if (store == PartyCodec::kName) object = ReadParty(tenant, &fields);
  if (store == PartySequenceCodec::kName) object = ReadSequence(tenant, &fields);
  RETURN_IF_ERROR(object.status());
  RETURN_IF_ERROR(fields.CheckNothingIsLeft());
  return object;
}

}  // namespace serde
