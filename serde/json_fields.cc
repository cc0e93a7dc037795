#include "serde/json_fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "serde/json_reader.h"

namespace serde {
namespace {

struct KnownField {
  std::string_view path;
  std::string_view name;
};

constexpr std::array<KnownField, static_cast<size_t>(FieldName::kCount)> kFields = {{
    {"actorId", "actorId"},
    {"type", "type"},
    {"body", "body"},
    {"transactionId", "transactionId"},
    {"worldId", "worldId"},
    {"characterId", "characterId"},
    {"inviteType", "inviteType"},
    {"referenceId", "referenceId"},
    {"body.partyId", "partyId"},
    {"body.force", "force"},
    {"body.characterId", "characterId"},
    {"body.leaderId", "leaderId"},
    {"body.channelId", "channelId"},
    {"body.mapId", "mapId"},
    {"body.instance", "instance"},
    {"body.targetMapId", "targetMapId"},
    {"body.targetInstance", "targetInstance"},
    {"body.current", "current"},
    {"body.jobId", "jobId"},
    {"body.name", "name"},
    {"body.newName", "newName"},
    {"body.newGm", "newGm"},
    {"body.originatorId", "originatorId"},
    {"body.targetId", "targetId"},
}};

// Those of the body are the last.
constexpr auto kFirstOfBody = static_cast<size_t>(FieldName::kBodyPartyId);
static_assert(std::all_of(kFields.begin(), kFields.begin() + kFirstOfBody,
                          [](const KnownField& field) { return field.path == field.name; }) &&
              std::all_of(kFields.begin() + kFirstOfBody, kFields.end(),
                          [](const KnownField& field) { return field.path.starts_with("body."); }));

std::string Path(FieldName name) { return std::string(kFields[static_cast<size_t>(name)].path); }

const char* KindText(Kind kind) {
  switch (kind) {
    case Kind::kAbsent:
      return "absent";
    case Kind::kNull:
      return "null";
    case Kind::kFalse:
    case Kind::kTrue:
      return "a boolean";
    case Kind::kNumber:
      return "a number";
    case Kind::kString:
      return "a string";
    case Kind::kObject:
      return "an object";
    case Kind::kArray:
      return "an array";
  }
  return "";
}

Kind KindOf(JsonToken token) {
  switch (token) {
    case JsonToken::kNull:
      return Kind::kNull;
    case JsonToken::kFalse:
      return Kind::kFalse;
    case JsonToken::kTrue:
      return Kind::kTrue;
    case JsonToken::kNumber:
      return Kind::kNumber;
    case JsonToken::kString:
      return Kind::kString;
    case JsonToken::kOpenObject:
      return Kind::kObject;
    case JsonToken::kOpenArray:
      return Kind::kArray;
    default:
      return Kind::kAbsent;
  }
}

std::string_view TextOf(JsonToken token, const JsonReader& reader) {
  const bool has_text = token == JsonToken::kNumber || token == JsonToken::kString;
  return has_text ? reader.text() : std::string_view();
}

}  // namespace

std::optional<Fault> JsonFields::Parse(std::string_view json) {
  fields_ = {};
  scratch_.assign(json);
  JsonReader reader(&scratch_);
  JsonToken token = reader.Next();
  if (token != JsonToken::kOpenObject && token != JsonToken::kError) {
    return Fault{kFaultInvalidJson, "the value is no JSON object"};
  }
  Field* current = nullptr;  // whose value comes next
  bool in_body = false;
  for (; token != JsonToken::kEnd && token != JsonToken::kError; token = reader.Next()) {
    if (token == JsonToken::kKey) {
      const bool known_level = reader.depth() == 1 || (reader.depth() == 2 && in_body);
      current = known_level ? Find(reader.text(), in_body) : nullptr;
      continue;
    }
    if (token == JsonToken::kClose) {
      if (reader.depth() == 1) in_body = false;
      continue;
    }
    if (current == nullptr) continue;
    *current = {KindOf(token), TextOf(token, reader)};
    if (current == &fields_[static_cast<size_t>(FieldName::kBody)]) {
      ForgetBody();
      in_body = token == JsonToken::kOpenObject;
    }
    current = nullptr;
  }
  if (token == JsonToken::kEnd) return std::nullopt;
  return Fault{kFaultInvalidJson,
               absl::StrCat("the value is no JSON object: ", std::string(reader.error()),
                            " At byte ", reader.position())};
}

Field* JsonFields::Find(std::string_view name, bool in_body) {
  if (name.empty()) return nullptr;  // none is
  const size_t end = in_body ? kFields.size() : kFirstOfBody;
  for (size_t i = in_body ? kFirstOfBody : 0; i < end; ++i) {
    // A look at the first letter saves nearly all comparisons.
    if (kFields[i].name[0] == name[0] && kFields[i].name == name) return &fields_[i];
  }
  return nullptr;
}

// A second body does not mix with the first.
void JsonFields::ForgetBody() {
  for (size_t i = kFirstOfBody; i < kFields.size(); ++i) fields_[i] = {};
}

bool JsonFields::Present(FieldName name, std::optional<Fault>* fault) const {
  if ((*this)[name].present()) return true;
  if ((*this)[name].kind == Kind::kNull) {
    *fault = Fault{kFaultWrongType, absl::StrCat("field ", Path(name), " is null")};
  } else {
    *fault = Fault{kFaultMissingField, absl::StrCat("field ", Path(name), " is missing")};
  }
  return false;
}

bool JsonFields::Unsigned(FieldName name, uint64_t most, uint64_t* value,
                          std::optional<Fault>* fault) const {
  if (!Present(name, fault)) return false;
  const Field& field = (*this)[name];
  const auto wrong = [&](std::string_view code, std::string_view is) {
    *fault = Fault{code, absl::StrCat("field ", Path(name), " is ", std::string(is),
                                      ", it must be an integer from 0 to ", most)};
    return false;
  };
  if (field.kind != Kind::kNumber) return wrong(kFaultWrongType, KindText(field.kind));
  uint64_t number = 0;
  for (const char c : field.text) {
    if (c < '0' || c > '9') return wrong(kFaultWrongType, field.text.substr(0, 40));
    number = number * 10 + static_cast<uint64_t>(c - '0');
    if (number > most) return wrong(kFaultOutOfRange, field.text.substr(0, 40));
  }
  *value = number;
  return true;
}

bool JsonFields::Bool(FieldName name, bool* value, std::optional<Fault>* fault) const {
  if (!Present(name, fault)) return false;
  const Kind kind = (*this)[name].kind;
  if (kind != Kind::kTrue && kind != Kind::kFalse) {
    *fault = Fault{kFaultWrongType, absl::StrCat("field ", Path(name), " is ", KindText(kind),
                                                 ", it must be true or false")};
    return false;
  }
  *value = kind == Kind::kTrue;
  return true;
}

bool JsonFields::Text(FieldName name, size_t most, std::string_view* value,
                      std::optional<Fault>* fault) const {
  if (!Present(name, fault)) return false;
  const Field& field = (*this)[name];
  if (field.kind != Kind::kString) {
    *fault = Fault{kFaultWrongType, absl::StrCat("field ", Path(name), " is ", KindText(field.kind),
                                                 ", it must be a string")};
    return false;
  }
  if (field.text.size() > most) {
    *fault = Fault{kFaultOutOfRange, absl::StrCat("field ", Path(name), " has ", field.text.size(),
                                                  " bytes, at most ", most, " are allowed")};
    return false;
  }
  *value = field.text;
  return true;
}

bool JsonFields::Uuid(FieldName name, base::Uuid* value, std::optional<Fault>* fault) const {
  std::string_view text;
  if (!Text(name, kAnyLength, &text, fault)) return false;
  const std::optional<base::Uuid> uuid = base::ParseUuid(text);
  if (!uuid.has_value()) {
    *fault = Fault{kFaultWrongType, absl::StrCat("field ", Path(name), " is no UUID")};
    return false;
  }
  *value = *uuid;
  return true;
}

bool JsonFields::Object(FieldName name, std::optional<Fault>* fault) const {
  if (!Present(name, fault)) return false;
  if ((*this)[name].kind == Kind::kObject) return true;
  *fault =
      Fault{kFaultWrongType, absl::StrCat("field ", Path(name), " is ",
                                          KindText((*this)[name].kind), ", it must be an object")};
  return false;
}

}  // namespace serde
