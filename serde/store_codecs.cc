#include "serde/store_codecs.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/envelope.h"
#include "base/uuid.h"
#include "serde/value_reader.h"

namespace serde {
namespace {

using base::AppendLittleEndian;

constexpr uint8_t kVersion = 1;
constexpr size_t kLongestName = 255;
constexpr base::Envelope kEnvelope{.version = kVersion, .oldest_reader = 1};

// Which fields of a character are there; a bit each, the truth values' own as well.
enum CharacterBit : uint16_t {
  kHasName = 1 << 0,
  kHasLevel = 1 << 1,
  kHasJob = 1 << 2,
  kHasGm = 1 << 3,
  kIsGm = 1 << 4,
  kHasWorld = 1 << 5,
  kHasChannel = 1 << 6,
  kHasLocation = 1 << 7,
  kIsOnline = 1 << 8,
  kHasParty = 1 << 9,
  kAllBits = (1 << 10) - 1,
};

void AppendTenant(const model::TenantId& tenant, std::string* out) {
  out->append(tenant.uuid.bytes.begin(), tenant.uuid.bytes.end());
}

template <class Id>
void AppendTenantKey(const model::TenantKey<Id>& key, std::string* out) {
  AppendTenant(key.tenant, out);
  base::AppendBigEndian(key.id.value(), out);
}

template <class Id>
absl::StatusOr<model::TenantKey<Id>> ReadTenantKey(std::string_view what, std::string_view bytes) {
  base::Reader reader(bytes);
  std::string_view tenant;
  uint32_t id = 0;
  if (!reader.ReadBytes(16, &tenant) || !reader.ReadBigEndian(&id) || !reader.empty()) {
    return absl::DataLossError(absl::StrCat("a key of ", std::string(what), " has ", bytes.size(),
                                            " bytes, it must have 20"));
  }
  return model::TenantKey<Id>{{*base::UuidFromBytes(tenant)}, Id(id)};
}

template <class Id>
std::optional<Id> ReadIf(bool present, std::string_view field, ValueReader* reader) {
  if (!present) return std::nullopt;
  return reader->ReadId<Id>(field);
}

void ReadLocation(bool present, ValueReader* reader, std::optional<model::Location>* location) {
  location->reset();
  if (!present) return;
  const auto map = reader->ReadId<model::MapId>("map");
  *location = model::Location{map, reader->Uuid("instance")};
}

void ReadName(bool present, ValueReader* reader, std::optional<std::string>* name) {
  name->reset();
  if (present) name->emplace(reader->Text(kLongestName, "name"));
}

}  // namespace

void CharacterCodec::EncodeKey(const Key& key, std::string* out) { AppendTenantKey(key, out); }

absl::StatusOr<CharacterCodec::Key> CharacterCodec::DecodeKey(std::string_view bytes) {
  return ReadTenantKey<model::CharacterId>(kName, bytes);
}

void CharacterCodec::EncodeValue(const Value& value, std::string* out) {
  base::AppendEnvelope(kEnvelope, out);
  const auto bit = [](bool is, CharacterBit bit) { return is ? bit : 0; };
  AppendLittleEndian(
      static_cast<uint16_t>(
          bit(value.name.has_value(), kHasName) | bit(value.level.has_value(), kHasLevel) |
          bit(value.job.has_value(), kHasJob) | bit(value.gm.has_value(), kHasGm) |
          bit(value.gm.value_or(false), kIsGm) | bit(value.world.has_value(), kHasWorld) |
          bit(value.channel.has_value(), kHasChannel) |
          bit(value.location.has_value(), kHasLocation) | bit(value.online, kIsOnline) |
          bit(value.party.has_value(), kHasParty)),
      out);
  if (value.level.has_value()) AppendLittleEndian(value.level->value(), out);
  if (value.job.has_value()) AppendLittleEndian(value.job->value(), out);
  if (value.world.has_value()) AppendLittleEndian(value.world->value(), out);
  if (value.channel.has_value()) AppendLittleEndian(value.channel->value(), out);
  if (value.location.has_value()) {
    AppendLittleEndian(value.location->map.value(), out);
    const auto& instance = value.location->instance.bytes;
    out->append(instance.begin(), instance.end());
  }
  if (value.party.has_value()) AppendLittleEndian(value.party->value(), out);
  if (value.name.has_value()) {
    AppendLittleEndian(static_cast<uint16_t>(value.name->size()), out);
    out->append(*value.name);
  }
}

absl::Status CharacterCodec::DecodeValue(std::string_view bytes, Value* value) {
  ValueReader reader("a character", kVersion, bytes);
  const auto bits = reader.Number<uint16_t>("presence bits");
  const auto has = [&](CharacterBit bit) { return (bits & bit) != 0; };
  if (!reader.newer() && (bits & ~kAllBits) != 0) {
    reader.Fail(absl::StrCat("unknown presence bits: 0x", absl::Hex(bits)));
  }
  if (has(kIsGm) && !has(kHasGm)) reader.Fail("a GM by a GM status that is not known");
  value->gm = has(kHasGm) ? std::optional(has(kIsGm)) : std::nullopt;
  value->online = has(kIsOnline);
  value->level = ReadIf<model::Level>(has(kHasLevel), "level", &reader);
  value->job = ReadIf<model::JobId>(has(kHasJob), "job", &reader);
  value->world = ReadIf<model::WorldId>(has(kHasWorld), "world", &reader);
  value->channel = ReadIf<model::ChannelId>(has(kHasChannel), "channel", &reader);
  ReadLocation(has(kHasLocation), &reader, &value->location);
  value->party = ReadIf<model::PartyId>(has(kHasParty), "party", &reader);
  if (value->party == model::kNoParty) reader.Fail("in party 0, which is none");
  ReadName(has(kHasName), &reader, &value->name);
  return reader.Finish();
}

void PartyCodec::EncodeKey(const Key& key, std::string* out) { AppendTenantKey(key, out); }

absl::StatusOr<PartyCodec::Key> PartyCodec::DecodeKey(std::string_view bytes) {
  return ReadTenantKey<model::PartyId>(kName, bytes);
}

void PartyCodec::EncodeValue(const Value& value, std::string* out) {
  base::AppendEnvelope(kEnvelope, out);
  AppendLittleEndian(value.leader.value(), out);
  AppendLittleEndian(static_cast<uint8_t>(value.members.size()), out);
  for (model::CharacterId member : value.members) AppendLittleEndian(member.value(), out);
}

absl::Status PartyCodec::DecodeValue(std::string_view bytes, Value* value) {
  ValueReader reader("a party", kVersion, bytes);
  *value = {.leader = reader.ReadId<model::CharacterId>("leader"), .members = {}};
  const auto count = reader.Number<uint8_t>("member count");
  if (count == 0 || count > model::Members::kMost) {
    reader.Fail(absl::StrCat(count, " members, it must have 1 to ", model::Members::kMost));
  }
  for (uint8_t i = 0; i < count && reader.ok(); ++i) {
    const auto member = reader.ReadId<model::CharacterId>("members");
    if (member == model::kNobody) reader.Fail(absl::StrCat("member ", i, " is nobody"));
    if (value->members.contains(member)) {
      reader.Fail(absl::StrCat("member ", member.value(), " twice"));
    }
    if (reader.ok()) value->members.Add(member);
  }
  if (!value->members.contains(value->leader)) {
    reader.Fail(absl::StrCat("led by ", value->leader.value(), ", who is no member"));
  }
  return reader.Finish();
}

void PartySequenceCodec::EncodeKey(const Key& key, std::string* out) { AppendTenant(key, out); }

absl::StatusOr<PartySequenceCodec::Key> PartySequenceCodec::DecodeKey(std::string_view bytes) {
  const std::optional<base::Uuid> uuid = base::UuidFromBytes(bytes);
  if (!uuid.has_value()) {
    return absl::DataLossError(
        absl::StrCat("a key of party-sequence has ", bytes.size(), " bytes, it must have 16"));
  }
  return model::TenantId{*uuid};
}

void PartySequenceCodec::EncodeValue(const Value& value, std::string* out) {
  base::AppendEnvelope(kEnvelope, out);
  AppendLittleEndian(value.next.value(), out);
}

absl::Status PartySequenceCodec::DecodeValue(std::string_view bytes, Value* value) {
  ValueReader reader("a party sequence", kVersion, bytes);
  value->next = reader.ReadId<model::PartyId>("next id");
  if (value->next < model::kFirstPartyId) {
    reader.Fail(absl::StrCat("the next id is ", value->next.value(), ", the first one is ",
                             model::kFirstPartyId.value()));
  }
  return reader.Finish();
}

}  // namespace serde
