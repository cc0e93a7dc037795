// The examples of docs/state-format.md, encoded and decoded: page and code must agree.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "base/uuid.h"
#include "serde/message_codec.h"
#include "serde/store_codecs.h"
#include "state/positions.h"
#include "state/state_directory.h"
#include "streams/engine_records.h"
#include "streams/internal_topics.h"

namespace serde {
namespace {

const model::TenantId kTenant{*base::ParseUuid("083839c6-c47c-42a6-9585-76492795d123")};
const base::Uuid kInstance = *base::ParseUuid("11111111-2222-3333-4444-555555555555");
constexpr model::MapId kMap{100'000'000};
constexpr model::PartyId kParty{1'000'000'000};
constexpr model::CharacterId kOne{1};
constexpr model::CharacterId kTwo{2};

// ------------------------------------------------------------------- the page

// A fenced block of the page whose first line is "example <name>".
struct Example {
  std::vector<std::string> lines;

  std::string text() const {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
  }
  // A line's hexadecimal bytes; what stands behind two spaces is explanation.
  static std::string Bytes(const std::string& line) {
    std::string hex = line.substr(0, line.find("  "));
    for (size_t i = 0; i < hex.size(); ++i) {
      const bool legal = i % 3 == 2 ? hex[i] == ' ' : absl::ascii_isxdigit(hex[i]) != 0;
      if (!legal || (hex.size() % 3) != 2) {
        ADD_FAILURE() << "not bytes: " << line;
        return {};
      }
    }
    return absl::HexStringToBytes(absl::StrReplaceAll(hex, {{" ", ""}}));
  }
  std::string bytes() const {
    std::string all;
    for (const std::string& line : lines) all += Bytes(line);
    return all;
  }
};

std::vector<std::string> PageLines() {
  std::ifstream file(STATE_FORMAT_PAGE);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_FALSE(lines.empty()) << "cannot read " << STATE_FORMAT_PAGE;
  return lines;
}

const std::map<std::string, Example>& Examples() {
  static const auto& examples = *new auto([] {
    std::map<std::string, Example> found;
    const std::vector<std::string> lines = PageLines();
    for (size_t i = 1; i < lines.size(); ++i) {
      if (!lines[i - 1].starts_with("```") || !lines[i].starts_with("example ")) continue;
      Example& example = found[lines[i].substr(8)];
      EXPECT_TRUE(example.lines.empty()) << "twice on the page: " << lines[i];
      while (++i < lines.size() && lines[i] != "```") example.lines.push_back(lines[i]);
    }
    return found;
  }());
  return examples;
}

// The examples that a test has asked for.
std::set<std::string>& Used() {
  static auto& used = *new std::set<std::string>();
  return used;
}

const Example& Get(const std::string& name) {
  static const auto& none = *new Example();
  Used().insert(name);
  const auto found = Examples().find(name);
  if (found != Examples().end()) return found->second;
  ADD_FAILURE() << "the page has no example " << name;
  return none;
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

// Bytes of the page against those of the code.
void ExpectBytes(const std::string& name, std::string_view encoded) {
  EXPECT_EQ(Hex(Get(name).bytes()), Hex(encoded)) << name;
}

template <class Encode, class Value>
std::string Encoded(Encode encode, const Value& value) {
  std::string bytes;
  encode(value, &bytes);
  return bytes;
}

template <class Codec>
void CheckKey(const std::string& name, const typename Codec::Key& key) {
  ExpectBytes(name, Encoded(Codec::EncodeKey, key));
  const auto decoded = Codec::DecodeKey(Get(name).bytes());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, key) << name;
}

template <class Codec>
void CheckValue(const std::string& name, const typename Codec::Value& value) {
  ExpectBytes(name, Encoded(Codec::EncodeValue, value));
  const std::string bytes = Get(name).bytes();
  typename Codec::Value decoded;
  const absl::Status status = Codec::DecodeValue(bytes, &decoded);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(decoded, value) << name;
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Codec::DecodeValue(bytes.substr(0, size), &decoded).ok()) << name << " " << size;
  }
  EXPECT_FALSE(Codec::DecodeValue(bytes + '\0', &decoded).ok()) << name << ", a byte too many";
}

// --------------------------------------------------------------------- stores

TEST(StateFormat, Characters) {
  CheckKey<CharacterCodec>("character-key", {kTenant, kOne});
  CheckValue<CharacterCodec>("character-value", {.name = "Mina",
                                                 .level = model::Level(31),
                                                 .job = model::JobId(100),
                                                 .gm = false,
                                                 .world = model::WorldId(0),
                                                 .channel = model::ChannelId(1),
                                                 .location = model::Location{kMap, kInstance},
                                                 .online = true,
                                                 .party = kParty});
  model::Character gm;
  gm.gm = true;
  CheckValue<CharacterCodec>("character-value-of-a-gm", gm);
}

TEST(StateFormat, Parties) {
  CheckKey<PartyCodec>("party-key", {kTenant, kParty});
  model::Party party{.leader = kTwo, .members = {}};
  for (uint32_t id : {1, 2, 7}) party.members.Add(model::CharacterId(id));
  CheckValue<PartyCodec>("party-value", party);
}

TEST(StateFormat, PartySequence) {
  CheckKey<PartySequenceCodec>("party-sequence-key", kTenant);
  CheckValue<PartySequenceCodec>("party-sequence-value", {.next = model::PartyId(1'000'000'001)});
}

// ----------------------------------------------------------------- the engine

TEST(StateFormat, Identity) {
  const streams::ChangelogIdentity identity{
      .id = *base::ParseUuid("9f1c024e-55d3-4b6a-8e21-073bc4aa10fe"),
      .application_id = "party-worker",
      .store = "characters",
      .partition = base::Partition(0)};
  ExpectBytes("identity-key", streams::kIdentityKey);
  ExpectBytes("identity-value", streams::EncodeIdentity(identity));
  const auto decoded = streams::DecodeIdentity(Get("identity-value").bytes());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, identity);
}

TEST(StateFormat, Offsets) {
  const streams::InputPositions positions = {
      {{"status", base::Partition(0)}, base::Offset(1'000'000'000)},
      {{"commands", base::Partition(0)}, base::Offset(300)}};
  ExpectBytes("offsets-key", streams::kOffsetsKey);
  ExpectBytes("offsets-value", Encoded(streams::EncodeInputPositions, positions));
  const auto decoded = streams::DecodeInputPositions(Get("offsets-value").bytes());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, positions);
}

TEST(StateFormat, PositionsMark) {
  const state::Positions positions{.next = {base::Offset(1337), base::Offset(12), base::Offset(3)},
                                   .consistent = true,
                                   .current_as_of = base::Timestamp(1'700'000'000'000)};
  ExpectBytes("positions-key", state::kPositionsMark);
  ExpectBytes("positions-value", state::EncodePositions(positions));
  const auto decoded = state::DecodePositions(Get("positions-value").bytes(), 3);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, positions);
  const auto more_stores = state::DecodePositions(Get("positions-value").bytes(), 4);
  ASSERT_TRUE(more_stores.ok()) << more_stores.status();
  EXPECT_EQ(more_stores->next.back(), base::Offset(0));
  EXPECT_FALSE(state::DecodePositions(Get("positions-value").bytes(), 2).ok());
}

// --------------------------------------------------------- repartition messages

std::string Encoded(const Origin& origin, const model::Message& message) {
  std::string bytes;
  EncodeMessage(origin, message, &bytes);
  return bytes;
}

// Messages have no equality of their own: what encodes to the same bytes is the same.
void ExpectDecodes(const Origin& origin, const std::string& bytes) {
  Origin from;
  model::Message message;
  const absl::Status status = DecodeMessage(bytes, &from, &message);
  ASSERT_TRUE(status.ok()) << status << " of " << Hex(bytes);
  EXPECT_EQ(from, origin);
  EXPECT_EQ(Hex(Encoded(from, message)), Hex(bytes));
  EXPECT_FALSE(DecodeMessage(bytes.substr(0, bytes.size() - 1), &from, &message).ok());
}

TEST(StateFormat, Message) {
  const Origin origin{InputTopic::kPartyCommand, base::Partition(0), base::Offset(42)};
  const model::Message message{
      .tenant = kTenant,
      .transaction = base::ParseUuid("0f0e0d0c-0b0a-0908-0706-050403020100"),
      .body = model::Command{kOne, model::LeaveParty{kParty, true, kTwo}}};
  ExpectBytes("message", Encoded(origin, message));
  ExpectDecodes(origin, Get("message").bytes());
}

TEST(StateFormat, MessageBodies) {
  const auto event = [](auto body) {
    return model::StatusEvent{kOne, model::WorldId(3), std::move(body)};
  };
  constexpr model::ChannelId kChannel{5};
  const std::vector<decltype(model::Message::body)> bodies = {
      model::Command{kOne, model::CreateParty{}},
      model::Command{kOne, model::JoinParty{kParty}},
      model::Command{kOne, model::LeaveParty{kParty, false, model::kNobody}},
      model::Command{kOne, model::ChangeLeader{kParty, kTwo}},
      model::Command{kOne, model::RequestInvite{kTwo}},
      event(model::LoggedIn{kChannel, std::nullopt}),
      event(model::LoggedOut{}),
      event(model::Moved{kChannel, {kMap, kInstance}}),
      event(model::LevelChanged{model::Level(31)}),
      event(model::JobChanged{model::JobId(100)}),
      event(model::Deleted{}),
      event(model::Created{"Mina", model::Location{kMap, {}}}),
      event(model::NameChanged{"Mina"}),
      event(model::GmChanged{true}),
      model::InviteAccepted{kParty, kOne, kTwo, model::WorldId(3)},
  };
  const std::vector<std::string>& lines = Get("message-bodies").lines;
  ASSERT_EQ(lines.size(), bodies.size());
  const Origin origin{InputTopic::kInviteStatus, base::Partition(1), base::Offset(2)};
  for (size_t i = 0; i < bodies.size(); ++i) {
    constexpr size_t kHead = 2 + 1 + 4 + 8 + 16 + 1;  // without a transaction id
    const std::string whole = Encoded(origin, {kTenant, std::nullopt, bodies[i]});
    const std::string body = Example::Bytes(lines[i]);
    EXPECT_EQ(Hex(body), Hex(whole.substr(kHead))) << lines[i];
    ExpectDecodes(origin, whole.substr(0, kHead) + body);
  }
}

// ------------------------------------------------------------ internal topics

TEST(StateFormat, TopicSettings) {
  std::map<std::string, std::string> changelog;
  std::map<std::string, std::string> repartition;
  bool in_table = false;
  for (const std::string& line : PageLines()) {
    if (line == "| setting | changelogs | repartition topic |") in_table = true;
    if (line.empty()) in_table = false;
    if (!in_table || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      cells.push_back(absl::StrReplaceAll(cell, {{" ", ""}, {"`", ""}}));
    }
    ASSERT_EQ(cells.size(), 3u) << line;
    if (!cells[1].empty()) changelog[cells[0]] = cells[1];
    if (!cells[2].empty()) repartition[cells[0]] = cells[2];
  }
  EXPECT_EQ(changelog, streams::ChangelogSpec("c", 1, -1).settings);
  EXPECT_EQ(repartition, streams::RepartitionSpec("r", 1, -1).settings);
}

// ---------------------------------------------------------- the state directory

TEST(StateFormat, InstanceFile) {
  namespace fs = std::filesystem;
  const std::string text = Get("instance-file").text();
  std::string made_in = (fs::temp_directory_path() / "state-format-XXXXXX").string();
  ASSERT_NE(::mkdtemp(made_in.data()), nullptr);
  {
    const auto directory = state::StateDirectory::Open(made_in, "party-worker");
    ASSERT_TRUE(directory.ok()) << directory.status();
    const std::string path = state::ApplicationDirectory(made_in, "party-worker");
    EXPECT_TRUE(fs::exists(path + "/lock"));
    EXPECT_EQ((*directory)->stores_path(), path + "/stores");
    std::ifstream file(path + "/instance");
    std::stringstream made;
    made << file.rdbuf();
    const std::string id = (*directory)->instance_id();
    EXPECT_EQ(absl::StrReplaceAll(made.str(), {{id, "6f1d2c3b-4a59-4c0e-9b7a-0123456789ab"}}),
              text);
    std::ofstream(path + "/instance") << text;
    EXPECT_TRUE(state::CheckInstanceFile(path, "party-worker").ok());
  }
  fs::remove_all(made_in);
}

// Last: an example that no test reads would go stale.
TEST(StateFormat, EveryExampleIsChecked) {
  if (::testing::UnitTest::GetInstance()->test_to_run_count() < 10) GTEST_SKIP();
  for (const auto& [name, example] : Examples()) EXPECT_TRUE(Used().contains(name)) << name;
}

}  // namespace
}  // namespace serde
