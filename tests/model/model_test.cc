// Long random traffic through the topology in memory, against a plain model of the wire
// contract: every byte of every output, its order, and the state; and what the rules
// promise of every committed state.
//
// The model is tests/model/plain_model.py, and so the same as the one on a real broker.
// MODEL_SEED and MODEL_RECORDS set what is drawn; a failure prints them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/metric_values.h"
#include "tests/support/task_state.h"
#include "topology/party_topology.h"

namespace {

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

constexpr int kRecordsPerCommit = 50;
// So many at first are committed, and the state looked at, one by one.
constexpr int kCommittedSingly = 3'000;
constexpr int kRecordsPerRestart = 20'000;
constexpr char kAnything[] = "*";

std::optional<std::string> Bytes(std::string_view text) {
  if (text == "%") return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes.push_back(text[i]);
      continue;
    }
    bytes.push_back(
        static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16)));
    i += 2;
  }
  return bytes;
}

std::string Shown(const std::optional<std::string>& bytes) {
  return bytes.has_value() ? absl::StrCat("'", bytes->substr(0, 2000), "'") : "null";
}

struct Output {
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
  int64_t timestamp = 0;

  std::string Text() const {
    std::string text =
        absl::StrCat(topic, " key ", Shown(key), " @", timestamp, " value ", Shown(value));
    for (const auto& [name, value] : headers) absl::StrAppend(&text, " ", name, "=", Shown(value));
    return text;
  }
};

bool HeadersMatch(const Headers& expected, const Headers& actual) {
  if (expected.size() != actual.size()) return false;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i].first != actual[i].first) return false;
    const bool anything = expected[i].second == kAnything;
    if (anything ? actual[i].second.value_or("").empty() : expected[i].second != actual[i].second) {
      return false;
    }
  }
  return true;
}

class Player {
 public:
  Player(std::string environment, int64_t now)
      : topology_(topology::PartyTopology({.character_status = "status",
                                           .invite_status = "invite-status",
                                           .party_commands = "commands",
                                           .party_status = "party",
                                           .member_status = "member",
                                           .invites = "invites",
                                           .dead_letters = "dead"},
                                          {.environment = std::move(environment)})),
        stores_(topology_.store_names()),
        sinks_(topology_.sink_topics()),
        task_(topology_) {
    task_.clock().now = base::Timestamp(now);
  }

  // Stops at the first difference: what follows from it would only hide it.
  void Play(std::istream& trace) {
    std::string line;
    while (!testing::Test::HasFailure() && std::getline(trace, line)) Line(line);
    Finish();
  }
  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }

 private:
  void Line(const std::string& line) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words[0] == "h") {
      AddHeaders(words);
    } else if (words[0] == ">") {
      Input(words);
    } else if (words[0] == "<") {
      Expect(words);
    } else if (words[0] == "c") {
      const double others = Skipped({{"type", "other_environment"}});
      EXPECT_EQ(absl::StrCat(Skipped({}) - others, " ", others),
                absl::StrCat(words[1], " ", words[2]));
    } else {
      expected_state_.push_back(*Bytes(words[1]));
    }
  }

  void AddHeaders(const std::vector<std::string>& words) {
    Headers headers;
    for (size_t i = 1; i < words.size(); ++i) {
      const std::vector<std::string> parts = absl::StrSplit(words[i], absl::MaxSplits('=', 1));
      headers.emplace_back(*Bytes(parts[0]), Bytes(parts[1]));
      if (parts[1] != kAnything && headers.back().second == kAnything) FAIL() << words[i];
    }
    headers_.push_back(std::move(headers));
  }

  void Input(const std::vector<std::string>& words) {
    ASSERT_EQ(words.size(), 6u);
    NothingMore();
    if (++inputs_ % kRecordsPerCommit == 0 || inputs_ <= kCommittedSingly) Commit();
    if (inputs_ % kRecordsPerRestart == 0) task_.Restart(/*crash=*/false);
    input_ = absl::StrCat("input ", inputs_, ": ", absl::StrJoin(words, " ").substr(0, 4000));
    task_.Feed({.topic = words[1],
                .offset = base::Offset(offsets_[words[1]]++),
                .timestamp = base::Timestamp(std::stoll(words[3])),
                .key = Bytes(words[2]),
                .value = Bytes(words[5]),
                .headers = headers_[std::stoul(words[4])]});
    task_.CatchUpAll();
    const auto processed = task_.task().Process(10);
    ASSERT_TRUE(processed.ok()) << processed.status() << "\n" << input_;
    ASSERT_EQ(*processed, 1u);
    Collect();
  }

  void Collect() {
    streams::Outbox& outbox = task_.task().outbox();
    for (size_t i = 0; i < outbox.size(); ++i) {
      const streams::OutgoingRecord record = outbox.Get(i);
      Output output{.topic = sinks_[record.topic.value()],
                    .key = Owned(record.key),
                    .value = Owned(record.value),
                    .headers = {},
                    .timestamp = record.timestamp.value()};
      for (const base::HeaderView& header : record.headers) {
        output.headers.emplace_back(header.name, Owned(header.value));
      }
      actual_.push_back(std::move(output));
    }
    outbox.Clear();
  }

  static std::optional<std::string> Owned(std::optional<std::string_view> bytes) {
    return bytes.has_value() ? std::optional<std::string>(*bytes) : std::nullopt;
  }

  void Expect(const std::vector<std::string>& words) {
    const Output expected{.topic = words[1],
                          .key = Bytes(words[2]),
                          .value = Bytes(words[5]),
                          .headers = headers_[std::stoul(words[4])],
                          .timestamp = std::stoll(words[3])};
    ++outputs_;
    ASSERT_FALSE(actual_.empty()) << "missing: " << expected.Text() << "\n" << input_;
    const Output& actual = actual_.front();
    const bool same = actual.topic == expected.topic && actual.key == expected.key &&
                      actual.value == expected.value && actual.timestamp == expected.timestamp &&
                      HeadersMatch(expected.headers, actual.headers);
    ASSERT_TRUE(same) << "expected " << expected.Text() << "\nfound    " << actual.Text() << "\n"
                      << input_;
    actual_.erase(actual_.begin());
  }

  void NothingMore() {
    ASSERT_TRUE(actual_.empty()) << "nothing was expected, found " << actual_.front().Text() << "\n"
                                 << input_;
  }

  void Commit() {
    task_.Commit();
    const std::vector<std::string> violations =
        rules::Violations(testing_support::ReadState(task_, stores_));
    ASSERT_TRUE(violations.empty()) << violations[0] << "\n" << input_;
  }

  void Finish() {
    if (testing::Test::HasFailure()) return;
    NothingMore();
    Commit();
    EXPECT_EQ(testing_support::DumpLines(task_, stores_), expected_state_);
  }

  double Skipped(const base::MetricLabels& labels) {
    return testing_support::MetricSum(task_.metrics(), "records_skipped_total", labels);
  }

  const streams::Topology topology_;
  const std::vector<std::string> stores_;
  const std::vector<std::string> sinks_;
  testing_support::MemoryTask task_;
  std::vector<Headers> headers_;
  std::map<std::string, int64_t> offsets_;
  std::vector<Output> actual_;
  std::vector<std::string> expected_state_;
  std::string input_;
  int inputs_ = 0;
  int outputs_ = 0;
};

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = otherwise;
  EXPECT_TRUE(text == nullptr || absl::SimpleAtoi(text, &value)) << name;
  return value;
}

void PlayRandom(int seed, int records, const std::string& environment) {
  constexpr int64_t kNow = 2'000'000'000'000;
  SCOPED_TRACE(absl::StrCat("MODEL_SEED=", seed, " MODEL_RECORDS=", records));
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / absl::StrCat("model-trace-", getpid());
  const std::string command = absl::StrCat(
      "python3 '", MODEL_DIR, "/write_trace.py' --seed ", seed, " --records ", records, " --now ",
      kNow, " --environment '", environment, "' --out '", path.string(), "'");
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream trace(path);
  std::filesystem::remove(path);  // it is open
  Player player(environment, kNow);
  player.Play(trace);
  EXPECT_EQ(player.inputs(), records);
  EXPECT_GT(player.outputs(), records / 3);
}

TEST(ModelTest, LongRandomTraffic) {
  PlayRandom(FromEnvironment("MODEL_SEED", 1), FromEnvironment("MODEL_RECORDS", 100'000), "");
}

TEST(ModelTest, InOneEnvironmentOfSeveral) { PlayRandom(2, 20'000, "blue"); }

}  // namespace
