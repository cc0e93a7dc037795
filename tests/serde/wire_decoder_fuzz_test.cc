// The decoder against a plain one: a table of the contract's fields, asked of a full DOM.
// The records come from a seed: sound ones, of which fields are dropped, doubled with other
// values, moved and broken.

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "absl/strings/escaping.h"
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
  explicit Generator(uint64_t seed) : random_(seed) {}

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

  std::mt19937_64 random_;
};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class WireDecoderFuzzTest : public testing::Test {
 protected:
  static uint64_t Seed() {
    static const uint64_t seed = [] {
      const uint64_t drawn = FromEnvironment("FUZZ_SEED", std::random_device()());
      std::printf("FUZZ_SEED=%llu\n", static_cast<unsigned long long>(drawn));
      return drawn;
    }();
    return seed;
  }

  // Until its share of the time is over.
  template <class Once>
  void Run(double share, Once once) {
    const auto seconds = static_cast<double>(FromEnvironment("FUZZ_SECONDS", 5));
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(static_cast<int64_t>(1000 * share * seconds));
    do {
      for (int i = 0; i < 100 && !HasFailure(); ++i) once();
    } while (std::chrono::steady_clock::now() < end && !HasFailure());
  }

  // Returns the decoder's verdict, after it is compared with the plain one.
  std::string Check(const TopicSpec& topic, const std::string& text) {
    SCOPED_TRACE(absl::StrCat("FUZZ_SEED=", seed_, ", the record in hex: ",
                              absl::BytesToHexString(text.substr(0, 4000))));
    const std::string outcome = it_.Decode(topic.topic, text);
    const std::string verdict = outcome == "ok"                  ? "ok"
                                : outcome.starts_with("skipped") ? "skipped"
                                                                 : "fault";
    // What is told of a fault goes into a header.
    EXPECT_LT(outcome.size(), 400u) << outcome;
    rapidjson::Document json;
    constexpr unsigned kFlags =
        rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
    json.Parse<kFlags>(text.data(), text.size());
    if ((!text.empty() && static_cast<uint8_t>(text[0]) >= 0x80) || text.find('\0') != text.npos) {
      // RapidJSON passes any part of a byte order mark, and ends at a 0.
      EXPECT_NE(verdict, "ok");
    } else if (json.HasParseError()) {
      // RapidJSON alone refuses 1e400. Of a skipped type it is open.
      const bool too_big = json.GetParseError() == rapidjson::kParseErrorNumberTooBig;
      EXPECT_TRUE(verdict != "ok" || too_big) << outcome;
    } else if (Comparable(json, text, verdict)) {
      EXPECT_EQ(verdict, Plain(topic, json)) << outcome;
    }
    return verdict;
  }

  // RapidJSON takes -0 for 0, and a lone low surrogate, and is not afraid of any depth.
  // Which of two equal fields counts is open.
  static bool Comparable(const rapidjson::Document& json, const std::string& text,
                         const std::string& verdict) {
    if (text.find("-0") != text.npos || HasEqualFields(json)) return false;
    return verdict != "fault" || (text.find("\\u") == text.npos && !TooDeep(json, 64));
  }

  static bool TooDeep(const rapidjson::Value& value, int levels) {
    if (levels == 0) return value.IsArray() || value.IsObject();
    bool deep = false;
    if (value.IsArray()) {
      for (const auto& one : value.GetArray()) deep = deep || TooDeep(one, levels - 1);
    }
    if (value.IsObject()) {
      for (const auto& field : value.GetObject()) deep = deep || TooDeep(field.value, levels - 1);
    }
    return deep;
  }

  // Of the record, or of its body.
  static bool HasEqualFields(const rapidjson::Value& value) {
    if (!value.IsObject()) return false;
    std::set<std::string> names;
    for (const auto& field : value.GetObject()) {
      const std::string name(field.name.GetString(), field.name.GetStringLength());
      if (!names.insert(name).second) return true;
      if (name == "body" && HasEqualFields(field.value)) return true;
    }
    return false;
  }

  static std::vector<std::string> Corpus() {
    std::vector<std::string> texts;
    for (const auto& entry : std::filesystem::directory_iterator(CORPUS_DIR)) {
      std::ifstream file(entry.path(), std::ios::binary);
      texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    std::sort(texts.begin(), texts.end());  // the same for the same seed
    return texts;
  }

  const uint64_t seed_ = Seed();
  DecoderHarness it_;
};

TEST_F(WireDecoderFuzzTest, AgreesWithAPlainDecoder) {
  Generator generator(seed_);
  std::map<std::string, int> seen;
  int records = 0;
  Run(0.5, [&] {
    const TopicSpec& topic = generator.Topic();
    std::string text = generator.Record(topic);
    if (generator.Chance(3)) text = generator.Mutated(text);
    ++seen[Check(topic, text)];
    ++records;
  });
  // Else the records say little.
  for (const char* verdict : {"ok", "skipped", "fault"}) {
    EXPECT_GT(seen[verdict], records / 20) << verdict << " of " << records;
  }
}

TEST_F(WireDecoderFuzzTest, TheCorpusAsItIs) {
  const std::vector<std::string> corpus = Corpus();
  EXPECT_GT(corpus.size(), 20u);
  for (const std::string& text : corpus) {
    for (const TopicSpec& topic : kTopics) Check(topic, text);
  }
}

// Bytes are changed, pieces of one put into another, repeated, cut.
TEST_F(WireDecoderFuzzTest, TheCorpusMutated) {
  Generator generator(seed_ + 1);
  std::mt19937_64 random(seed_);
  const auto below = [&](size_t end) { return static_cast<size_t>(random() % end); };
  const std::vector<std::string> corpus = Corpus();
  Run(0.5, [&] {
    std::string text = corpus[below(corpus.size())];
    for (size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::string& other = corpus[below(corpus.size())];
      const size_t at = below(text.size() + 1);
      const size_t from = below(other.size() + 1);
      const std::string piece = other.substr(from, below(40));
      switch (below(5)) {
        case 0:
          text = generator.Mutated(text);
          break;
        case 1:
          text.insert(at, piece);
          break;
        case 2:
          text.resize(at);
          break;
        case 3:
          for (size_t i = 0; i < 3; ++i) text.insert(at, piece);
          break;
        default:
          if (at < text.size()) text[at] = static_cast<char>(below(256));
      }
    }
    Check(kTopics[below(std::size(kTopics))], text);
  });
}

TEST_F(WireDecoderFuzzTest, LargeAndDeepOnes) {
  const std::vector<std::string> large = {std::string(1 << 20, '['),  std::string(1 << 20, '{'),
                                          std::string(1 << 20, '"'),  std::string(1 << 20, '\\'),
                                          std::string(1 << 20, ' '),  std::string(1 << 20, '1'),
                                          std::string(1 << 20, '\0'), std::string(1 << 20, '\xff')};
  for (const TopicSpec& topic : kTopics) {
    for (const std::string& filling : large) {
      it_.Decode(topic.topic, filling);
      it_.Decode(topic.topic, "{\"type\":" + filling);
      it_.Decode(topic.topic, "{\"type\":\"" + filling + "\"}");
      it_.Decode(topic.topic, "{\"x\":" + filling + ",\"type\":\"LOGIN\"}");
    }
    for (const size_t levels : {100, 1'000, 10'000, 300'000}) {
      const std::string open(levels, '[');
      const std::string close(levels, ']');
      std::string objects;
      for (size_t i = 0; i < levels; ++i) objects += "{\"type\":";
      for (const std::string& text :
           {open, open + close, "{\"x\":" + open + close + ",\"type\":\"CREATE\"}", objects,
            objects + "1" + std::string(levels, '}')}) {
        EXPECT_NE(it_.Decode(topic.topic, text), "ok");
      }
    }
    EXPECT_EQ(it_.Decode(topic.topic, std::nullopt), "NO_VALUE: the record has no value");
  }
}

TEST_F(WireDecoderFuzzTest, StrangeHeaders) {
  std::mt19937_64 random(seed_);
  const std::string record = R"({"actorId":1,"type":"CREATE","body":{}})";
  const std::string tenant(kTenantText);
  const std::string large(100'000, 'x');
  const std::vector<std::optional<std::string_view>> values = {
      std::nullopt, "", tenant, std::string_view(tenant).substr(1), large, "\xff\xfe"};
  const std::vector<std::string_view> names = {"TENANT_ID", "tenant_id", "", "REGION", large};
  Run(0.1, [&] {
    it_.headers.clear();
    std::optional<std::string_view> first;
    bool found = false;
    for (size_t left = random() % 4; left > 0; --left) {
      const std::string_view name = names[random() % names.size()];
      const auto value = values[random() % values.size()];
      it_.headers.push_back({name, value});
      if (name != "TENANT_ID" || found) continue;
      found = true;
      first = value;
    }
    EXPECT_EQ(it_.Command(record) == "ok", first == tenant);
  });
}

}  // namespace
}  // namespace serde
