#include "serde/json_fields.h"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "absl/strings/str_cat.h"

namespace serde {
namespace {

// Accepted are 64 levels; some room, and an end to it.
constexpr int kDeepest = 128;

struct KnownField {
  std::string_view path;
  std::string_view name;
  bool in_body;
};

constexpr std::array<KnownField, static_cast<size_t>(FieldName::kCount)> kFields = {{
    {"actorId", "actorId", false},
    {"type", "type", false},
    {"body", "body", false},
    {"transactionId", "transactionId", false},
    {"worldId", "worldId", false},
    {"characterId", "characterId", false},
    {"inviteType", "inviteType", false},
    {"referenceId", "referenceId", false},
    {"body.partyId", "partyId", true},
    {"body.force", "force", true},
    {"body.characterId", "characterId", true},
    {"body.leaderId", "leaderId", true},
    {"body.channelId", "channelId", true},
    {"body.mapId", "mapId", true},
    {"body.instance", "instance", true},
    {"body.targetMapId", "targetMapId", true},
    {"body.targetInstance", "targetInstance", true},
    {"body.current", "current", true},
    {"body.jobId", "jobId", true},
    {"body.name", "name", true},
    {"body.newName", "newName", true},
    {"body.newGm", "newGm", true},
    {"body.originatorId", "originatorId", true},
    {"body.targetId", "targetId", true},
}};

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

}  // namespace

// Follows the parser and keeps what it knows of two levels.
class FieldsHandler {
 public:
  explicit FieldsHandler(JsonFields* fields) : fields_(fields) {}

  bool Null() { return Value(Kind::kNull, {}); }
  bool Bool(bool value) { return Value(value ? Kind::kTrue : Kind::kFalse, {}); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return Value(Kind::kNumber, {text, size});
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return Value(Kind::kString, {text, size});
  }
  bool StartObject() { return Open(Kind::kObject); }
  bool StartArray() { return Open(Kind::kArray); }
  bool EndObject(rapidjson::SizeType) { return Close(); }
  bool EndArray(rapidjson::SizeType) { return Close(); }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    current_ = nullptr;
    const bool in_body = depth_ == 2 && in_body_;
    if (depth_ != 1 && !in_body) return true;
    const std::string_view name(text, size);
    for (size_t i = 0; i < kFields.size(); ++i) {
      if (kFields[i].in_body != in_body || kFields[i].name != name) continue;
      current_ = &fields_->fields_[i];
      is_body_ = !in_body && static_cast<FieldName>(i) == FieldName::kBody;
      // Which of two equal ones counts is open: the last.
      break;
    }
    return true;
  }

  // With other types of numbers switched off, never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  bool root_is_object() const { return root_is_object_; }
  bool too_deep() const { return too_deep_; }

 private:
  bool Value(Kind kind, std::string_view text) {
    if (current_ != nullptr) *current_ = {kind, text};
    current_ = nullptr;
    return depth_ > 0;  // the value itself must be an object
  }

  bool Open(Kind kind) {
    if (depth_ == 0) {
      root_is_object_ = kind == Kind::kObject;
      if (!root_is_object_) return false;
    }
    if (depth_ == 1) in_body_ = current_ != nullptr && is_body_ && kind == Kind::kObject;
    if (current_ != nullptr) *current_ = {kind, {}};
    current_ = nullptr;
    too_deep_ = ++depth_ > kDeepest;
    return !too_deep_;
  }

  bool Close() {
    --depth_;
    if (depth_ == 1) in_body_ = false;
    return true;
  }

  JsonFields* fields_;
  Field* current_ = nullptr;  // whose value comes next
  bool is_body_ = false;
  bool in_body_ = false;
  bool root_is_object_ = false;
  bool too_deep_ = false;
  int depth_ = 0;
};

std::optional<Fault> JsonFields::Parse(std::string_view json) {
  fields_ = {};
  // The parser works in place, on bytes that end with a zero.
  scratch_.assign(json);
  FieldsHandler handler(this);
  rapidjson::InsituStringStream stream(scratch_.data());
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseIterativeFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  if (result.IsError()) {
    if (handler.too_deep()) {
      return Fault{kFaultInvalidJson, absl::StrCat("the value is nested deeper than ", kDeepest,
                                                   " levels, at byte ", result.Offset())};
    }
    if (result.Code() == rapidjson::kParseErrorTermination && !handler.root_is_object()) {
      return Fault{kFaultInvalidJson, "the value is no JSON object"};
    }
    return Fault{kFaultInvalidJson, absl::StrCat("the value is no JSON object: ",
                                                 rapidjson::GetParseError_En(result.Code()),
                                                 " At byte ", result.Offset())};
  }
  if (stream.Tell() != json.size()) {
    return Fault{kFaultInvalidJson,
                 absl::StrCat("something stands behind the JSON object, at byte ", stream.Tell())};
  }
  return std::nullopt;
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

bool JsonFields::Text(FieldName name, std::string_view* value, std::optional<Fault>* fault) const {
  if (!Present(name, fault)) return false;
  const Field& field = (*this)[name];
  if (field.kind != Kind::kString) {
    *fault = Fault{kFaultWrongType, absl::StrCat("field ", Path(name), " is ", KindText(field.kind),
                                                 ", it must be a string")};
    return false;
  }
  *value = field.text;
  return true;
}

bool JsonFields::Uuid(FieldName name, base::Uuid* value, std::optional<Fault>* fault) const {
  std::string_view text;
  if (!Text(name, &text, fault)) return false;
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
