// The decoder against a plain one: a table of the contract's fields, asked of a full DOM.
// The records come from a seed: sound ones, of which fields are dropped, doubled with other
// values, moved and broken.

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <map>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/serde/decoder_harness.h"

namespace serde {
namespace {

enum class Is { kByte, kUint16, kUint32, kBool, kName, kUuid, kAnything };

struct Spec {
  const char* name;
  Is is;
  bool optional = false;
};
using Specs = std::vector<Spec>;

const std::map<std::string, Specs> kCommands = {
    {"CREATE", {}},
    {"JOIN", {{"partyId", Is::kUint32}}},
    {"LEAVE", {{"partyId", Is::kUint32}, {"force", Is::kBool}, {"characterId", Is::kUint32, true}}},
    {"CHANGE_LEADER", {{"partyId", Is::kUint32}, {"leaderId", Is::kUint32}}},
    {"REQUEST_INVITE", {{"characterId", Is::kUint32}}},
};
const Specs kPlace = {
    {"channelId", Is::kByte}, {"mapId", Is::kUint32}, {"instance", Is::kUuid, true}};
const std::map<std::string, Specs> kEvents = {
    {"LOGIN", kPlace},
    {"LOGOUT", {}},
    {"CHANNEL_CHANGED", kPlace},
    {"MAP_CHANGED",
     {{"channelId", Is::kByte}, {"targetMapId", Is::kUint32}, {"targetInstance", Is::kUuid, true}}},
    {"LEVEL_CHANGED", {{"current", Is::kByte}}},
    {"JOB_CHANGED", {{"jobId", Is::kUint16}}},
    {"DELETED", {}},
    {"CREATED", {{"name", Is::kName}, {"mapId", Is::kUint32, true}, {"instance", Is::kUuid, true}}},
    {"NAME_CHANGED", {{"newName", Is::kName}}},
    {"GM_CHANGED", {{"newGm", Is::kBool}}},
};
const std::map<std::string, Specs> kInvites = {
    {"ACCEPTED", {{"originatorId", Is::kUint32}, {"targetId", Is::kUint32}}}};

struct TopicSpec {
  InputTopic topic;
  Specs fields;
  std::map<std::string, Specs> types;
};
const TopicSpec kTopics[] = {
    {InputTopic::kCharacterStatus,
     {{"worldId", Is::kByte}, {"characterId", Is::kUint32}, {"transactionId", Is::kAnything, true}},
     kEvents},
    {InputTopic::kInviteStatus,
     {{"worldId", Is::kByte}, {"referenceId", Is::kUint32}, {"transactionId", Is::kUuid, true}},
     kInvites},
    {InputTopic::kPartyCommand,
     {{"actorId", Is::kUint32}, {"transactionId", Is::kUuid, true}},
     kCommands},
};

bool Holds(const rapidjson::Value& value, Is is) {
  switch (is) {
    case Is::kByte:
      return value.IsUint() && value.GetUint() <= 0xff;
    case Is::kUint16:
      return value.IsUint() && value.GetUint() <= 0xffff;
    case Is::kUint32:
      return value.IsUint();
    case Is::kBool:
      return value.IsBool();
    case Is::kName:
      return value.IsString() && value.GetStringLength() <= 255;
    case Is::kUuid:
      return value.IsString() &&
             base::ParseUuid({value.GetString(), value.GetStringLength()}).has_value();
    case Is::kAnything:
      return true;
  }
  return false;
}

bool HoldAll(const rapidjson::Value& object, const Specs& specs) {
  for (const Spec& spec : specs) {
    const auto field = object.FindMember(spec.name);
    const bool absent = field == object.MemberEnd();
    if (spec.optional && (absent || field->value.IsNull())) continue;
    if (absent || !Holds(field->value, spec.is)) return false;
  }
  return true;
}

bool IsStringBut(const rapidjson::Value& object, const char* name, const char* but) {
  const auto field = object.FindMember(name);
  return field != object.MemberEnd() && field->value.IsString() &&
         std::string(field->value.GetString()) != but;
}

// "ok", "skipped" or "fault".
std::string Plain(const TopicSpec& topic, const rapidjson::Document& json) {
  if (!json.IsObject()) return "fault";
  const auto type = json.FindMember("type");
  const bool has_type = type != json.MemberEnd() && type->value.IsString();
  const auto body_specs =
      topic.types.find(has_type ? std::string(type->value.GetString()) : std::string());
  const bool handled = body_specs != topic.types.end();
  if (topic.topic == InputTopic::kCharacterStatus && has_type && !handled) return "skipped";
  if (topic.topic == InputTopic::kInviteStatus) {
    if (has_type && !handled) return "skipped";
    if (IsStringBut(json, "inviteType", "PARTY")) return "skipped";
    const auto invite = json.FindMember("inviteType");
    if (invite == json.MemberEnd() || !invite->value.IsString()) return "fault";
  }
  if (!handled || !HoldAll(json, topic.fields)) return "fault";
  const auto body = json.FindMember("body");
  if (body == json.MemberEnd() || body->value.IsNull()) return "fault";
  if (topic.topic == InputTopic::kCharacterStatus) {
    if (json["characterId"].GetUint() == 0) return "fault";
    if (body_specs->first == "LOGOUT") return "ok";
  }
  return body->value.IsObject() && HoldAll(body->value, body_specs->second) ? "ok" : "fault";
}

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  const TopicSpec& Topic() { return kTopics[Below(std::size(kTopics))]; }

  std::string Record(const TopicSpec& topic) {
    const auto type = std::next(topic.types.begin(), static_cast<int>(Below(topic.types.size())));
    std::vector<std::string> fields;
    for (const Spec& spec : topic.fields) Add(spec, &fields);
    AddText("type", Chance(6) ? Name() : type->first, &fields);
    if (topic.topic == InputTopic::kInviteStatus) {
      AddText("inviteType", Chance(6) ? Name() : "PARTY", &fields);
    }
    std::vector<std::string> body;
    for (const Spec& spec : type->second) Add(spec, &body);
    if (Chance(4)) body.push_back("\"zzz\":" + Any(3));
    if (!Chance(25)) fields.push_back("\"body\":" + (Chance(25) ? Any(2) : Object(&body)));
    if (Chance(4)) fields.push_back("\"zzz\":" + Any(3));
    return Object(&fields);
  }

  std::string Mutated(std::string text) {
    static const std::string kBytes = "{}[]\",:\\0123456789-.etrufalsn \n\x80\xc3\x01";
    for (uint32_t edits = 1 + Below(2); edits > 0 && !text.empty(); --edits) {
      const size_t at = Below(text.size());
      if (Chance(2)) {
        text[at] = kBytes[Below(kBytes.size())];
      } else if (Chance(2)) {
        text.erase(at, 1);
      } else {
        text.insert(at, 1, kBytes[Below(kBytes.size())]);
      }
    }
    return text;
  }

  bool Chance(uint32_t one_in) { return Below(one_in) == 0; }

 private:
  uint32_t Below(size_t end) { return static_cast<uint32_t>(random_() % end); }

  std::string Space() { return Chance(8) ? " \n" : ""; }
  void AddText(const char* name, const std::string& text, std::vector<std::string>* fields) {
    if (!Chance(25)) {
      fields->push_back(absl::StrCat("\"", name, "\":", Chance(25) ? Any(2) : "\"" + text + "\""));
    }
  }
  void Add(const Spec& spec, std::vector<std::string>* fields) {
    if (Chance(spec.optional ? 2 : 20)) return;
    const std::string value = Chance(15) ? Any(2) : Sound(spec.is);
    fields->push_back(absl::StrCat("\"", spec.name, "\"", Space(), ":", Space(), value));
  }
  std::string Object(std::vector<std::string>* fields) {
    std::shuffle(fields->begin(), fields->end(), random_);
    std::string text = "{";
    for (const std::string& field : *fields) absl::StrAppend(&text, field, ",", Space());
    while (text.size() > 1 && text.back() != '}' && text.back() != '"' && text.back() != ']' &&
           !isalnum(text.back())) {
      text.pop_back();
    }
    return text + "}";
  }
  std::string Name() {
    static const char* kNames[] = {"DIED",   "login",    "BUDDY",     "",
                                   "CREATE", "ACCEPTED", "\\u0044IED"};
    return kNames[Below(std::size(kNames))];
  }
  std::string Sound(Is is) {
    switch (is) {
      case Is::kByte:
        return absl::StrCat(Below(258));
      case Is::kUint16:
        return absl::StrCat(Below(65540));
      case Is::kUint32:
        return Chance(10) ? "4294967296" : absl::StrCat(Below(0xffffffff));
      case Is::kBool:
        return Chance(2) ? "true" : "false";
      case Is::kName:
        return "\"" + std::string(Chance(6) ? 250 + Below(10) : Below(12), 'n') + "\"";
      case Is::kUuid:
        return "\"083839C6-c47c-42a6-9585-76492795d12" + std::string(Chance(8) ? "" : "3") + "\"";
      case Is::kAnything:
        return Any(2);
    }
    return "";
  }
  std::string Any(int depth) {
    static const char* kScalars[] = {
        "null", "true",           "0",     "1",   "-1",          "1.0",       "1e2",
        "300",  "\"\"",           "{}",    "[]",  "256",         "70000",     "0.5e3",
        "5",    "\"a\\\"b\\\\\"", "\"{\"", "[1]", "\"\\u20ac\"", "4294967295"};
    if (depth == 0 || !Chance(4)) return kScalars[Below(std::size(kScalars))];
    return Chance(2) ? absl::StrCat("[", Any(depth - 1), ",", Any(depth - 1), "]")
                     : absl::StrCat(R"({"type":"LOGIN","partyId":)", Any(depth - 1), "}");
  }

  std::mt19937 random_;
};

TEST(WireDecoderFuzzTest, AgreesWithAPlainDecoder) {
  Generator generator(7);
  DecoderHarness it;
  std::map<std::string, int> seen;
  for (int i = 0; i < 60'000; ++i) {
    const TopicSpec& topic = generator.Topic();
    std::string text = generator.Record(topic);
    if (generator.Chance(3)) text = generator.Mutated(text);

    rapidjson::Document json;
    constexpr unsigned kFlags =
        rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
    json.Parse<kFlags>(text.data(), text.size());
    const std::string outcome = it.Decode(topic.topic, text);
    const std::string verdict = outcome == "ok"                  ? "ok"
                                : outcome.starts_with("skipped") ? "skipped"
                                                                 : "fault";
    ++seen[verdict];
    if (json.HasParseError()) {
      // Of a skipped type it is open.
      EXPECT_NE(verdict, "ok") << text;
      continue;
    }
    if (text.find("-0") != text.npos) continue;  // 0 to RapidJSON
    EXPECT_EQ(verdict, Plain(topic, json)) << text << "\n" << outcome;
  }
  // Else the records say little.
  EXPECT_GT(seen["ok"], 5000);
  EXPECT_GT(seen["skipped"], 5000);
  EXPECT_GT(seen["fault"], 5000);
}

}  // namespace
}  // namespace serde
