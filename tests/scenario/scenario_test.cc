// Runs each scenario file through the topology in memory and compares its transcript with
// the file. `scenario_test --rewrite` writes the files anew, to be read as a diff.
//
// The format is told in tests/scenario/README.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "tests/support/task_state.h"
#include "topology/party_topology.h"

namespace {

bool rewrite = false;

topology::Topics ScenarioTopics() {
  return {.character_status = "status",
          .invite_status = "invite-status",
          .party_commands = "commands",
          .party_status = "party",
          .member_status = "member",
          .invites = "invites",
          .dead_letters = "dead"};
}

// Bytes that a person can read stand as they are, others as 0x and hex digits.
std::string ShowBytes(std::string_view bytes) {
  const bool readable =
      !bytes.empty() && !absl::StartsWith(absl::string_view(bytes.data(), bytes.size()), "0x") &&
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (readable) return std::string(bytes);
  return "0x" + absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::string ReadBytes(const std::string& text) {
  return absl::StartsWith(text, "0x") ? absl::HexStringToBytes(text.substr(2)) : text;
}

// An 8-byte key of an entity is #id.
std::string ShowKey(std::optional<std::string_view> key) {
  if (!key.has_value()) return "(none)";
  uint32_t id = 0;
  uint32_t zero = 0;
  base::Reader reader(*key);
  if (key->size() == 8 && reader.ReadLittleEndian(&id) && reader.ReadLittleEndian(&zero) &&
      zero == 0) {
    return absl::StrCat("#", id);
  }
  return key->empty() ? "(empty)" : "0x" + absl::BytesToHexString({key->data(), key->size()});
}

std::optional<std::string> ReadKey(const std::string& text) {
  if (text == "(none)") return std::nullopt;
  if (text == "(empty)") return "";
  if (text[0] != '#') return ReadBytes(text);
  std::string key;
  base::AppendLittleEndian(static_cast<uint32_t>(std::stoul(text.substr(1))), &key);
  base::AppendLittleEndian(uint32_t{0}, &key);
  return key;
}

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

class Runner {
 public:
  Runner() : task_(topology::PartyTopology(ScenarioTopics(), {})) {
    sinks_ = topology::PartyTopology(ScenarioTopics(), {}).sink_topics();
  }

  // The transcript of a scenario: its own lines, and the outputs and states as they come.
  std::string Run(const std::string& text) {
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      Line(std::string(line));
    }
    while (absl::EndsWith(transcript_, "\n\n")) transcript_.pop_back();
    return transcript_;
  }

 private:
  void Line(const std::string& line) {
    if (absl::StartsWith(line, "< ") || absl::StartsWith(line, "    ") ||
        absl::StartsWith(line, "= ")) {
      return;  // expected: written anew
    }
    absl::StrAppend(&transcript_, line, "\n");
    if (absl::StartsWith(line, "header ")) {
      SetHeader(line.substr(7), /*beside=*/false);
    } else if (absl::StartsWith(line, "header+ ")) {
      SetHeader(line.substr(8), /*beside=*/true);
    } else if (absl::StartsWith(line, "> ")) {
      Input(line.substr(2));
    } else if (line == "restart") {
      task_.Commit();
      task_.Restart(/*crash=*/false);
    } else if (line == "state") {
      State();
    } else if (!line.empty() && line[0] != '#') {
      ADD_FAILURE() << "no such line in a scenario: " << line;
    }
  }

  // `beside` those of the name that are there already.
  void SetHeader(const std::string& text, bool beside) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (!beside) {
      std::erase_if(headers_, [&](const auto& header) { return header.first == name; });
    }
    if (equals == std::string::npos) return;  // without a value: no such header from here on
    const std::string value = text.substr(equals + 1);
    headers_.emplace_back(name, value == "(null)" ? std::nullopt : std::optional(ReadBytes(value)));
  }

  void Input(const std::string& text) {
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(' ', 3));
    ASSERT_EQ(parts.size(), 4u) << "an input is '> topic key @timestamp value': " << text;
    testing_support::OwnedRecord record{
        .topic = parts[0],
        .offset = base::Offset(offsets_[parts[0]]++),
        .timestamp = base::Timestamp(std::stoll(parts[2].substr(1))),
        .key = ReadKey(parts[1]),
        .value = parts[3] == "(null)" ? std::nullopt : std::optional(ReadBytes(parts[3])),
        .headers = headers_};
    task_.Feed(record);
    task_.CatchUpAll();
    const auto processed = task_.task().Process(10);
    ASSERT_TRUE(processed.ok()) << processed.status();
    ASSERT_EQ(*processed, 1u);
    Outputs();
  }

  void Outputs() {
    streams::Outbox& outbox = task_.task().outbox();
    for (size_t i = 0; i < outbox.size(); ++i) {
      const streams::OutgoingRecord record = outbox.Get(i);
      absl::StrAppend(&transcript_, "< ", sinks_[record.topic.value()], " ", ShowKey(record.key),
                      " @", record.timestamp.value(), " ",
                      record.value.has_value() ? ShowBytes(*record.value) : "(null)", "\n");
      ShowHeaders(record.headers);
    }
    outbox.Clear();
  }

  // Those of the input are told by one word; others are listed.
  void ShowHeaders(std::span<const base::HeaderView> headers) {
    size_t same = 0;
    while (same < headers.size() && same < headers_.size() &&
           headers[same].name == headers_[same].first &&
           headers[same].value == headers_[same].second) {
      ++same;
    }
    const bool all_same = same == headers_.size();
    if (!all_same) same = 0;
    if (!all_same && headers.empty()) absl::StrAppend(&transcript_, "    no headers\n");
    for (const base::HeaderView& header : headers.subspan(same)) {
      absl::StrAppend(&transcript_, "    ", all_same ? "+ " : "", std::string(header.name), "=",
                      header.value.has_value() ? ShowBytes(*header.value) : "(null)", "\n");
    }
  }

  void State() {
    task_.Commit();
    const auto stores = topology::PartyTopology(ScenarioTopics(), {}).store_names();
    for (const std::string& line : testing_support::DumpLines(task_, stores)) {
      absl::StrAppend(&transcript_, "= ", line, "\n");
    }
  }

  testing_support::MemoryTask task_;
  std::vector<std::string> sinks_;
  Headers headers_;
  std::map<std::string, int64_t> offsets_;
  std::string transcript_;
};

std::vector<std::filesystem::path> Scenarios() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SCENARIO_DIR)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class ScenarioTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ScenarioTest, TranscriptIsTheFile) {
  std::ifstream file(GetParam());
  std::stringstream text;
  text << file.rdbuf();
  const std::string transcript = Runner().Run(text.str());
  if (rewrite) {
    std::ofstream(GetParam()) << transcript;
    return;
  }
  EXPECT_EQ(transcript, text.str());
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioTest, testing::ValuesIn(Scenarios()), [](const auto& info) {
  std::string name = info.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Every word of the wire contract's tables: the type of each input and output, each error
// code, and each kind of fault.
TEST(ScenarioTest, EveryWordOfTheContractComesUp) {
  const std::map<std::string, std::vector<std::string>> words = {
      {"> commands", {"CREATE", "JOIN", "LEAVE", "CHANGE_LEADER", "REQUEST_INVITE"}},
      {"> status",
       {"LOGIN", "LOGOUT", "CHANNEL_CHANGED", "MAP_CHANGED", "LEVEL_CHANGED", "JOB_CHANGED",
        "DELETED", "CREATED", "NAME_CHANGED", "GM_CHANGED", "EXPERIENCE_CHANGED", "MESO_CHANGED",
        "STAT_CHANGED", "FAME_CHANGED", "DIED"}},
      {"> invite-status", {"ACCEPTED", "REJECTED"}},
      {"< party",
       {"CREATED", "JOINED", "LEFT", "EXPEL", "DISBAND", "CHANGE_LEADER", "ERROR",
        "ERROR_UNEXPECTED", "ALREADY_HAVE_JOINED_A_PARTY_1", "ALREADY_HAVE_JOINED_A_PARTY_2",
        "A_BEGINNER_CANT_CREATE_A_PARTY", "AS_A_GM_YOURE_FORBIDDEN_FROM_CREATING_A_PARTY",
        "THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY",
        "YOU_MAY_ONLY_CHANGE_WITH_THE_PARTY_MEMBER_THATS_ON_THE_SAME_CHANNEL",
        "UNABLE_TO_HAND_OVER_THE_LEADERSHIP_POST_NO_PARTY_MEMBER_IS_CURRENTLY_WITHIN_THE"}},
      {"< member", {"LOGIN", "LOGOUT", "LEVEL_CHANGED", "JOB_CHANGED", "NAME_CHANGED"}},
      {"< invites", {"CREATE"}},
      {"    + __streams.errors.exception=",
       {"NO_VALUE", "INVALID_JSON", "MISSING_FIELD", "WRONG_TYPE", "OUT_OF_RANGE", "UNKNOWN_TYPE",
        "INVALID_TENANT_ID", "HEADERS_TOO_LARGE"}}};
  std::string lines;
  for (const auto& path : Scenarios()) {
    std::ifstream file(path);
    lines.append(std::istreambuf_iterator<char>(file), {});
  }
  for (const auto& [start, each] : words) {
    for (const std::string& word : each) {
      bool found = false;
      for (const absl::string_view line : absl::StrSplit(lines, '\n')) {
        if (!absl::StartsWith(line, start)) continue;
        found = found || absl::StrContains(line, absl::StrCat("\"type\":\"", word, "\"")) ||
                line == absl::StrCat(start, word);
      }
      EXPECT_TRUE(found) << "in no scenario: " << start << " " << word;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  rewrite = argc > 1 && std::string_view(argv[1]) == "--rewrite";
  return RUN_ALL_TESTS();
}
