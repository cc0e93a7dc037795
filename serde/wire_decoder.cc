#include "serde/wire_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace serde {
namespace {

using F = FieldName;

constexpr uint64_t kByte = 0xff;
constexpr uint64_t kUint16 = 0xffff;
constexpr uint64_t kUint32 = 0xffffffff;
constexpr size_t kLongestName = 255;

// Reads fields one after the other and stops at the first fault.
class FieldReader {
 public:
  explicit FieldReader(const JsonFields& fields) : fields_(fields) {}

  template <class Id>
  FieldReader& Read(F name, uint64_t most, Id* id) {
    uint64_t value = 0;
    if (!fault_.has_value() && fields_.Unsigned(name, most, &value, &fault_)) {
      *id = Id(static_cast<typename Id::rep>(value));
    }
    return *this;
  }
  template <class Id>
  FieldReader& ReadOptional(F name, uint64_t most, Id* id) {
    return fields_[name].present() ? Read(name, most, id) : *this;
  }
  FieldReader& Read(F name, bool* value) {
    if (!fault_.has_value()) fields_.Bool(name, value, &fault_);
    return *this;
  }
  FieldReader& ReadName(F name, std::string* value) {
    std::string_view text;
    if (fault_.has_value() || !fields_.Text(name, &text, &fault_)) return *this;
    if (text.size() > kLongestName) {
      fault_ = Fault{kFaultOutOfRange, absl::StrCat("a name of ", text.size(), " bytes, at most ",
                                                    kLongestName, " are allowed")};
      return *this;
    }
    value->assign(text);
    return *this;
  }
  // Absent: the nil one.
  FieldReader& ReadInstance(F name, base::Uuid* value) {
    if (!fault_.has_value() && fields_[name].present()) fields_.Uuid(name, value, &fault_);
    return *this;
  }
  FieldReader& Object(F name) {
    if (!fault_.has_value()) fields_.Object(name, &fault_);
    return *this;
  }
  FieldReader& Present(F name) {
    if (!fault_.has_value()) fields_.Present(name, &fault_);
    return *this;
  }

  std::optional<Fault> fault() { return std::move(fault_); }

 private:
  const JsonFields& fields_;
  std::optional<Fault> fault_;
};

enum class StatusType {
  kLogin,
  kLogout,
  kChannelChanged,
  kMapChanged,
  kLevelChanged,
  kJobChanged,
  kDeleted,
  kCreated,
  kNameChanged,
  kGmChanged,
};

std::optional<StatusType> StatusTypeOf(std::string_view text) {
  static constexpr std::pair<std::string_view, StatusType> kTypes[] = {
      {"LOGIN", StatusType::kLogin},
      {"LOGOUT", StatusType::kLogout},
      {"CHANNEL_CHANGED", StatusType::kChannelChanged},
      {"MAP_CHANGED", StatusType::kMapChanged},
      {"LEVEL_CHANGED", StatusType::kLevelChanged},
      {"JOB_CHANGED", StatusType::kJobChanged},
      {"DELETED", StatusType::kDeleted},
      {"CREATED", StatusType::kCreated},
      {"NAME_CHANGED", StatusType::kNameChanged},
      {"GM_CHANGED", StatusType::kGmChanged},
  };
  for (const auto& [name, type] : kTypes) {
    if (name == text) return type;
  }
  return std::nullopt;
}

// A map of 0 is 'not known' here.
std::optional<Fault> ReadKnownLocation(const JsonFields& fields, bool required,
                                       std::optional<model::Location>* location) {
  model::Location read;
  FieldReader reader(fields);
  required ? reader.Read(F::kBodyMapId, kUint32, &read.map)
           : reader.ReadOptional(F::kBodyMapId, kUint32, &read.map);
  reader.ReadInstance(F::kBodyInstance, &read.instance);
  if (read.map.value() != 0) *location = read;
  return reader.fault();
}

template <class Body>
Body& Emplace(model::StatusEvent* event) {
  return event->body.emplace<Body>();
}

}  // namespace

// Finds the fields by which a record is chosen or skipped, and looks at nothing else.
class WireDecoder::TypeFinder {
 public:
  // Calls `look` with a function that gives a top-level field's string, nullopt where there
  // is no such string. False: the value cannot be walked through at all.
  template <class Look>
  bool Search(std::string_view json, Look look) {
    padded_.resize(json.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(padded_.data(), json.data(), json.size());
    std::memset(padded_.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    if (parser_.iterate(padded_.data(), json.size(), padded_.size()).get(document)) return false;
    simdjson::ondemand::object object;
    if (document.get_object().get(object)) return false;
    look([&](std::string_view name) -> std::optional<std::string_view> {
      std::string_view text;
      if (object.find_field_unordered(name).get_string().get(text)) return std::nullopt;
      return text;
    });
    return true;
  }

 private:
  simdjson::ondemand::parser parser_;
  std::vector<char> padded_;
};

WireDecoder::WireDecoder() : type_finder_(std::make_unique<TypeFinder>()) {}
WireDecoder::~WireDecoder() = default;

std::variant<std::monostate, Skipped, Fault> WireDecoder::Decode(InputTopic topic,
                                                                 const base::RecordView& record,
                                                                 model::Message* message) {
  if (!record.value.has_value()) return Fault{kFaultNoValue, "the record has no value"};
  bool skipped = false;
  if (topic == InputTopic::kCharacterStatus) {
    type_finder_->Search(*record.value, [&](auto find) {
      const auto type = find("type");
      skipped = type.has_value() && !StatusTypeOf(*type).has_value();
    });
  } else if (topic == InputTopic::kInviteStatus) {
    type_finder_->Search(*record.value, [&](auto find) {
      const auto type = find("type");
      skipped = type.has_value() && *type != "ACCEPTED";
      if (skipped) return;
      const auto invite_type = find("inviteType");
      skipped = type.has_value() && invite_type.has_value() && *invite_type != "PARTY";
    });
  }
  if (skipped) return Skipped{};

  if (auto fault = fields_.Parse(*record.value)) return *std::move(fault);
  std::optional<Fault> fault;
  switch (topic) {
    case InputTopic::kPartyCommand:
      fault = DecodeCommand(&message->body.emplace<model::Command>());
      break;
    case InputTopic::kCharacterStatus:
      fault = DecodeStatusEvent(&message->body.emplace<model::StatusEvent>());
      break;
    case InputTopic::kInviteStatus:
      fault = DecodeInvite(&message->body.emplace<model::InviteAccepted>());
      break;
  }
  if (!fault.has_value()) fault = DecodeTransaction(topic, message);
  if (fault.has_value()) return *std::move(fault);
  auto tenant = DecodeTenant(record.headers);
  if (auto* bad = std::get_if<Fault>(&tenant)) return std::move(*bad);
  message->tenant = std::get<model::TenantId>(tenant);
  return std::monostate();
}

std::optional<Fault> WireDecoder::DecodeTransaction(InputTopic topic, model::Message* message) {
  message->transaction.reset();
  if (!fields_[F::kTransactionId].present()) return std::nullopt;
  base::Uuid id;
  std::optional<Fault> fault;
  if (!fields_.Uuid(F::kTransactionId, &id, &fault)) {
    // In a status event one that is none counts as absent.
    return topic == InputTopic::kCharacterStatus ? std::nullopt : fault;
  }
  if (!id.is_nil()) message->transaction = id;
  return std::nullopt;
}

std::optional<Fault> WireDecoder::DecodeCommand(model::Command* command) {
  std::optional<Fault> fault;
  std::string_view type;
  if (!fields_.Text(F::kType, &type, &fault)) return fault;
  FieldReader reader(fields_);
  reader.Read(F::kActorId, kUint32, &command->actor).Object(F::kBody);
  if (type == "CREATE") {
    command->body.emplace<model::CreateParty>();
  } else if (type == "JOIN") {
    auto& body = command->body.emplace<model::JoinParty>();
    reader.Read(F::kBodyPartyId, kUint32, &body.party);
  } else if (type == "LEAVE") {
    auto& body = command->body.emplace<model::LeaveParty>();
    reader.Read(F::kBodyPartyId, kUint32, &body.party)
        .Read(F::kBodyForce, &body.force)
        .ReadOptional(F::kBodyCharacterId, kUint32, &body.target);
  } else if (type == "CHANGE_LEADER") {
    auto& body = command->body.emplace<model::ChangeLeader>();
    reader.Read(F::kBodyPartyId, kUint32, &body.party)
        .Read(F::kBodyLeaderId, kUint32, &body.leader);
  } else if (type == "REQUEST_INVITE") {
    auto& body = command->body.emplace<model::RequestInvite>();
    reader.Read(F::kBodyCharacterId, kUint32, &body.target);
  } else {
    return Fault{kFaultUnknownType,
                 absl::StrCat("field type is \"", std::string(type.substr(0, 40)),
                              "\", no command of this name is known")};
  }
  return reader.fault();
}

std::optional<Fault> WireDecoder::DecodeStatusEvent(model::StatusEvent* event) {
  std::optional<Fault> fault;
  std::string_view text;
  if (!fields_.Text(F::kType, &text, &fault)) return fault;
  const std::optional<StatusType> type = StatusTypeOf(text);
  if (!type.has_value()) {
    return Fault{kFaultUnknownType, "field type stands twice, with different values"};
  }
  FieldReader reader(fields_);
  reader.Read(F::kWorldId, kByte, &event->world).Read(F::kCharacterId, kUint32, &event->character);
  if (*type == StatusType::kLogout) {
    reader.Present(F::kBody);  // not used, not checked
  } else {
    reader.Object(F::kBody);
  }
  if ((fault = reader.fault())) return fault;
  if (event->character == model::kNobody) {
    return Fault{kFaultOutOfRange, "field characterId is 0, which is nobody"};
  }
  switch (*type) {
    case StatusType::kLogin: {
      auto& body = Emplace<model::LoggedIn>(event);
      reader.Read(F::kBodyChannelId, kByte, &body.channel);
      if ((fault = reader.fault())) return fault;
      return ReadKnownLocation(fields_, /*required=*/true, &body.location);
    }
    case StatusType::kLogout:
      Emplace<model::LoggedOut>(event);
      break;
    case StatusType::kChannelChanged: {
      auto& body = Emplace<model::Moved>(event);
      reader.Read(F::kBodyChannelId, kByte, &body.channel)
          .Read(F::kBodyMapId, kUint32, &body.location.map)
          .ReadInstance(F::kBodyInstance, &body.location.instance);
      break;
    }
    case StatusType::kMapChanged: {
      auto& body = Emplace<model::Moved>(event);
      reader.Read(F::kBodyChannelId, kByte, &body.channel)
          .Read(F::kBodyTargetMapId, kUint32, &body.location.map)
          .ReadInstance(F::kBodyTargetInstance, &body.location.instance);
      break;
    }
    case StatusType::kLevelChanged:
      reader.Read(F::kBodyCurrent, kByte, &Emplace<model::LevelChanged>(event).level);
      break;
    case StatusType::kJobChanged:
      reader.Read(F::kBodyJobId, kUint16, &Emplace<model::JobChanged>(event).job);
      break;
    case StatusType::kDeleted:
      Emplace<model::Deleted>(event);
      break;
    case StatusType::kCreated: {
      auto& body = Emplace<model::Created>(event);
      reader.ReadName(F::kBodyName, &body.name);
      if ((fault = reader.fault())) return fault;
      return ReadKnownLocation(fields_, /*required=*/false, &body.location);
    }
    case StatusType::kNameChanged:
      reader.ReadName(F::kBodyNewName, &Emplace<model::NameChanged>(event).name);
      break;
    case StatusType::kGmChanged:
      reader.Read(F::kBodyNewGm, &Emplace<model::GmChanged>(event).gm);
      break;
  }
  return reader.fault();
}

std::optional<Fault> WireDecoder::DecodeInvite(model::InviteAccepted* invite) {
  std::optional<Fault> fault;
  std::string_view type;
  std::string_view invite_type;
  if (!fields_.Text(F::kType, &type, &fault) ||
      !fields_.Text(F::kInviteType, &invite_type, &fault)) {
    return fault;
  }
  FieldReader reader(fields_);
  reader.Read(F::kWorldId, kByte, &invite->world)
      .Read(F::kReferenceId, kUint32, &invite->party)
      .Object(F::kBody)
      .Read(F::kBodyOriginatorId, kUint32, &invite->originator)
      .Read(F::kBodyTargetId, kUint32, &invite->target);
  return reader.fault();
}

std::variant<model::TenantId, Fault> DecodeTenant(std::span<const base::HeaderView> headers) {
  const base::HeaderView* header = base::FindHeader(headers, "TENANT_ID");
  if (header == nullptr || !header->value.has_value()) {
    return Fault{kFaultInvalidTenant, "header TENANT_ID is missing or null"};
  }
  const std::optional<base::Uuid> uuid = base::ParseUuid(*header->value);
  if (!uuid.has_value()) {
    return Fault{kFaultInvalidTenant, absl::StrCat("header TENANT_ID, ", header->value->size(),
                                                   " bytes, is no UUID of 36 characters")};
  }
  return model::TenantId{*uuid};
}

}  // namespace serde
