#include "serde/store_codecs.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/envelope.h"
#include "base/status.h"
#include "base/uuid.h"

namespace serde {
namespace {

using base::AppendLittleEndian;

constexpr uint8_t kVersion = 1;
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

absl::Status CutShort(std::string_view what) {
  return absl::DataLossError(absl::StrCat(std::string(what), " is cut short"));
}

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

// Reads an id where `present`; false where it should be there and is not.
template <class Id>
bool ReadIf(bool present, base::Reader* reader, std::optional<Id>* value) {
  value->reset();
  if (!present) return true;
  typename Id::rep raw = 0;
  if (!reader->ReadLittleEndian(&raw)) return false;
  *value = Id(raw);
  return true;
}

bool ReadName(bool present, base::Reader* reader, std::optional<std::string>* name) {
  name->reset();
  if (!present) return true;
  uint16_t size = 0;
  std::string_view bytes;
  if (!reader->ReadLittleEndian(&size) || !reader->ReadBytes(size, &bytes)) return false;
  name->emplace(bytes);
  return true;
}

bool ReadLocation(bool present, base::Reader* reader, std::optional<model::Location>* location) {
  location->reset();
  if (!present) return true;
  uint32_t map = 0;
  std::string_view instance;
  if (!reader->ReadLittleEndian(&map) || !reader->ReadBytes(16, &instance)) return false;
  *location = model::Location{model::MapId(map), *base::UuidFromBytes(instance)};
  return true;
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
  base::Reader reader(bytes);
  ASSIGN_OR_RETURN(const base::Envelope envelope,
                   base::ReadEnvelope("a character", kVersion, &reader));
  uint16_t bits = 0;
  if (!reader.ReadLittleEndian(&bits)) return CutShort("a character");
  if (envelope.version <= kVersion && (bits & ~kAllBits) != 0) {
    return absl::DataLossError(absl::StrCat("a character has unknown presence bits: ", bits));
  }
  value->gm = (bits & kHasGm) != 0 ? std::optional((bits & kIsGm) != 0) : std::nullopt;
  value->online = (bits & kIsOnline) != 0;
  const bool whole = ReadIf((bits & kHasLevel) != 0, &reader, &value->level) &&
                     ReadIf((bits & kHasJob) != 0, &reader, &value->job) &&
                     ReadIf((bits & kHasWorld) != 0, &reader, &value->world) &&
                     ReadIf((bits & kHasChannel) != 0, &reader, &value->channel) &&
                     ReadLocation((bits & kHasLocation) != 0, &reader, &value->location) &&
                     ReadIf((bits & kHasParty) != 0, &reader, &value->party) &&
                     ReadName((bits & kHasName) != 0, &reader, &value->name);
  if (!whole) return CutShort("a character");
  return base::CheckEnd("a character", envelope, kVersion, reader);
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
  base::Reader reader(bytes);
  ASSIGN_OR_RETURN(const base::Envelope envelope, base::ReadEnvelope("a party", kVersion, &reader));
  uint32_t leader = 0;
  uint8_t count = 0;
  if (!reader.ReadLittleEndian(&leader) || !reader.ReadLittleEndian(&count)) {
    return CutShort("a party");
  }
  if (count == 0 || count > model::Members::kMost) {
    return absl::DataLossError(
        absl::StrCat("a party has ", count, " members, it must have 1 to ", model::Members::kMost));
  }
  *value = {.leader = model::CharacterId(leader), .members = {}};
  for (uint8_t i = 0; i < count; ++i) {
    uint32_t id = 0;
    if (!reader.ReadLittleEndian(&id)) return CutShort("a party");
    if (value->members.contains(model::CharacterId(id))) {
      return absl::DataLossError(absl::StrCat("a party has member ", id, " twice"));
    }
    value->members.Add(model::CharacterId(id));
  }
  if (!value->members.contains(value->leader)) {
    return absl::DataLossError(absl::StrCat("a party is led by ", leader, ", who is no member"));
  }
  return base::CheckEnd("a party", envelope, kVersion, reader);
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
  base::Reader reader(bytes);
  ASSIGN_OR_RETURN(const base::Envelope envelope,
                   base::ReadEnvelope("a party sequence", kVersion, &reader));
  uint32_t next = 0;
  if (!reader.ReadLittleEndian(&next)) return CutShort("a party sequence");
  value->next = model::PartyId(next);
  return base::CheckEnd("a party sequence", envelope, kVersion, reader);
}

}  // namespace serde
