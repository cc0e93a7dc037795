#include "serde/wire_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "serde/plain_bytes.h"

namespace serde {
namespace {

using F = FieldName;

constexpr uint64_t kByte = 0xff;
constexpr uint64_t kUint16 = 0xffff;
constexpr uint64_t kUint32 = 0xffffffff;
constexpr size_t kLongestName = 255;
constexpr size_t kLongestShown = 40;
constexpr std::string_view kOther = "other";
constexpr std::string_view kAccepted = "ACCEPTED";

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
    if (!fault_.has_value() && fields_.Text(name, kLongestName, &text, &fault_)) {
      value->assign(text);
    }
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

using NamedStatusType = std::pair<std::string_view, StatusType>;

const NamedStatusType* StatusTypeOf(std::string_view text) {
  static constexpr NamedStatusType kTypes[] = {
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
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const auto& type) { return type.first == text; });
  return found == std::end(kTypes) ? nullptr : found;
}

// A type of a producer's, for a message: cut to so many bytes at a character's end, and
// without anything that could not be printed.
std::string Shown(std::string_view text) {
  size_t size = std::min(text.size(), kLongestShown);
  while (size < text.size() && size > 0 && (text[size] & 0xc0) == 0x80) --size;
  return absl::Utf8SafeCEscape(absl::string_view(text.data(), size));
}

std::string_view CountedAs(std::span<const std::string_view> known, std::string_view name) {
  const auto found = std::find(known.begin(), known.end(), name);
  return found == known.end() ? kOther : *found;
}

// What a record is chosen by: strings, where there are such fields.
struct Choice {
  std::optional<std::string_view> type;
  std::optional<std::string_view> invite_type;
};

std::optional<Skipped> SkippedByChoice(InputTopic topic, const Choice& choice) {
  static constexpr std::string_view kStatusTypes[] = {"EXPERIENCE_CHANGED", "MESO_CHANGED",
                                                      "STAT_CHANGED", "FAME_CHANGED", "DIED"};
  static constexpr std::string_view kInviteTypes[] = {"BUDDY", "GUILD", "MESSENGER", "TRADE"};
  if (topic == InputTopic::kCharacterStatus) {
    if (!choice.type.has_value() || StatusTypeOf(*choice.type) != nullptr) return std::nullopt;
    return Skipped{CountedAs(kStatusTypes, *choice.type)};
  }
  if (topic == InputTopic::kInviteStatus) {
    if (choice.invite_type.has_value() && *choice.invite_type != "PARTY") {
      return Skipped{CountedAs(kInviteTypes, *choice.invite_type)};
    }
    if (choice.type.has_value() && *choice.type != kAccepted) return Skipped{kOther};
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

// Reads an object's first fields, as long as they are of the plainest kind: names and strings of
// ASCII without escapes, numbers and the like, no space anywhere. So far the producers write all
// that stands before `type`.
class FirstFields {
 public:
  explicit FirstFields(std::string_view json)
      : at_(json.data()), end_(at_ + json.size()), on_(Take('{')) {}

  // False where there is no such field any more. `text` is set where it is a string.
  bool Next(std::string_view* name, std::optional<std::string_view>* text) {
    text->reset();
    if (!on_ || !String(name) || !Take(':')) return false;
    std::string_view string;
    if (at_ != end_ && *at_ == '"') {
      if (!String(&string)) return false;
      *text = string;
    } else {
      while (at_ != end_ && IsOfAWord(*at_)) ++at_;
    }
    on_ = Take(',');
    // The last one is left to who checks that the object has an end.
    return on_;
  }

 private:
  // Of a number, true, false, null. Whether it is one does not matter here.
  static bool IsOfAWord(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.';
  }
  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool String(std::string_view* text) {
    if (!Take('"')) return false;
    const char* const start = at_;
    // Where that ends within the last bytes, who reads all of it looks at them.
    at_ += PlainBytes(at_, end_);
    *text = {start, static_cast<size_t>(at_ - start)};
    return Take('"');
  }

  const char* at_;
  const char* end_;
  bool on_;
};

// Finds the fields by which a record is chosen or skipped, and looks at nothing else. What
// it does not find (there is none, its name is written with escapes, the value is broken)
// is left to the full parse.
class WireDecoder::TypeFinder {
 public:
  // The strings are good until the next call.
  Choice Find(InputTopic topic, std::string_view json) {
    const bool wanted = topic == InputTopic::kInviteStatus;
    Choice choice = FindFirst(wanted, json);
    if (IsWhole(choice, wanted)) return choice;
    choice = {};
    padded_.assign(json.begin(), json.end());
    padded_.resize(json.size() + simdjson::SIMDJSON_PADDING);  // with zeros
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser_.iterate(padded_.data(), json.size(), padded_.size()).get(document) ||
        document.get_object().get(object)) {
      return choice;
    }
    // One walk, which an error ends: simdjson must not be asked again after one.
    for (auto found : object) {
      simdjson::ondemand::field field;
      if (std::move(found).get(field)) break;
      const simdjson::ondemand::raw_json_string key = field.key();
      std::optional<std::string_view>* const out = key == "type" ? &choice.type
                                                   : wanted && key == "inviteType"
                                                       ? &choice.invite_type
                                                       : nullptr;
      if (out == nullptr) continue;
      std::string_view text;
      if (field.value().get_string().get(text)) break;
      *out = text;
      if (IsWhole(choice, wanted)) break;
    }
    return choice;
  }

 private:
  static bool IsWhole(const Choice& choice, bool wanted) {
    return choice.type.has_value() && (!wanted || choice.invite_type.has_value());
  }

  // Nearly always they are among the first fields: then nothing is copied.
  static Choice FindFirst(bool wanted, std::string_view json) {
    Choice choice;
    FirstFields fields(json);
    std::string_view name;
    std::optional<std::string_view> text;
    while (!IsWhole(choice, wanted) && fields.Next(&name, &text)) {
      if (name == "type") {
        choice.type = text;
      } else if (wanted && name == "inviteType") {
        choice.invite_type = text;
      } else {
        continue;
      }
      if (!text.has_value()) break;
    }
    return choice;
  }

  simdjson::ondemand::parser parser_;
  std::vector<char> padded_;
};

WireDecoder::WireDecoder() : type_finder_(std::make_unique<TypeFinder>()) {}
WireDecoder::~WireDecoder() = default;

std::variant<Decoded, Skipped, Fault> WireDecoder::Decode(InputTopic topic,
                                                          const base::RecordView& record,
                                                          model::Message* message) {
  if (!record.value.has_value()) return Fault{kFaultNoValue, "the record has no value"};
  if (topic != InputTopic::kPartyCommand) {
    const Choice choice = type_finder_->Find(topic, *record.value);
    if (const auto skipped = SkippedByChoice(topic, choice)) return *skipped;
  }
  if (auto fault = fields_.Parse(*record.value)) return *std::move(fault);
  if (const auto skipped = SkippedByFields(topic)) return *skipped;
  std::optional<Fault> fault = DecodeBody(topic, message);
  if (!fault.has_value()) fault = DecodeTransaction(topic, message);
  if (fault.has_value()) return *std::move(fault);
  auto tenant = DecodeTenant(record.headers);
  if (auto* bad = std::get_if<Fault>(&tenant)) return std::move(*bad);
  message->tenant = std::get<model::TenantId>(tenant);
  return Decoded{type_};
}

std::optional<Skipped> WireDecoder::SkippedByFields(InputTopic topic) const {
  const auto string = [&](F name) -> std::optional<std::string_view> {
    if (fields_[name].kind != Kind::kString) return std::nullopt;
    return fields_[name].text;
  };
  return SkippedByChoice(topic, {string(F::kType), string(F::kInviteType)});
}

std::optional<Fault> WireDecoder::DecodeBody(InputTopic topic, model::Message* message) {
  switch (topic) {
    case InputTopic::kPartyCommand:
      return DecodeCommand(&message->body.emplace<model::Command>());
    case InputTopic::kCharacterStatus:
      return DecodeStatusEvent(&message->body.emplace<model::StatusEvent>());
    case InputTopic::kInviteStatus:
      return DecodeInvite(&message->body.emplace<model::InviteAccepted>());
  }
  return std::nullopt;
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
  if (!fields_.Text(F::kType, kAnyLength, &type, &fault)) return fault;
  FieldReader reader(fields_);
  reader.Read(F::kActorId, kUint32, &command->actor).Object(F::kBody);
  if (type == "CREATE") {
    type_ = "CREATE";
    command->body.emplace<model::CreateParty>();
  } else if (type == "JOIN") {
    type_ = "JOIN";
    auto& body = command->body.emplace<model::JoinParty>();
    reader.Read(F::kBodyPartyId, kUint32, &body.party);
  } else if (type == "LEAVE") {
    type_ = "LEAVE";
    auto& body = command->body.emplace<model::LeaveParty>();
    reader.Read(F::kBodyPartyId, kUint32, &body.party)
        .Read(F::kBodyForce, &body.force)
        .ReadOptional(F::kBodyCharacterId, kUint32, &body.target);
  } else if (type == "CHANGE_LEADER") {
    type_ = "CHANGE_LEADER";
    auto& body = command->body.emplace<model::ChangeLeader>();
    reader.Read(F::kBodyPartyId, kUint32, &body.party)
        .Read(F::kBodyLeaderId, kUint32, &body.leader);
  } else if (type == "REQUEST_INVITE") {
    type_ = "REQUEST_INVITE";
    auto& body = command->body.emplace<model::RequestInvite>();
    reader.Read(F::kBodyCharacterId, kUint32, &body.target);
  } else {
    return Fault{kFaultUnknownType, absl::StrCat("field type is \"", Shown(type),
                                                 "\", no command of this name is known")};
  }
  return reader.fault();
}

std::optional<Fault> WireDecoder::DecodeStatusEvent(model::StatusEvent* event) {
  std::optional<Fault> fault;
  std::string_view text;
  if (!fields_.Text(F::kType, kAnyLength, &text, &fault)) return fault;
  const NamedStatusType* const named = StatusTypeOf(text);
  if (named == nullptr) return Fault{kFaultUnknownType, "field type is of no known event"};
  const StatusType type = named->second;
  type_ = named->first;
  FieldReader reader(fields_);
  reader.Read(F::kWorldId, kByte, &event->world).Read(F::kCharacterId, kUint32, &event->character);
  if (type == StatusType::kLogout) {
    reader.Present(F::kBody);  // not used, not checked
  } else {
    reader.Object(F::kBody);
  }
  if ((fault = reader.fault())) return fault;
  if (event->character == model::kNobody) {
    return Fault{kFaultOutOfRange, "field characterId is 0, which is nobody"};
  }
  switch (type) {
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
  if (!fields_.Text(F::kType, kAnyLength, &type, &fault) ||
      !fields_.Text(F::kInviteType, kAnyLength, &invite_type, &fault)) {
    return fault;
  }
  type_ = kAccepted;
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
