// What happens to records before the rules: which are processed, what of their headers and
// timestamps goes on, and what a dead letter looks like, also where it must be cut.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "processors/headers.h"
#include "tests/support/memory_task.h"
#include "tests/support/metric_values.h"
#include "topology/party_topology.h"

namespace processors {
namespace {

constexpr char kTenant[] = "083839c6-c47c-42a6-9585-76492795d123";
constexpr char kCreate[] = R"({"actorId":1,"type":"CREATE","body":{}})";
constexpr char kBad[] = R"({"actorId":1,"type":"DANCE","body":{}})";
constexpr int64_t kThen = 1'700'000'000'000;

const base::MetricLabels kOtherEnvironment = {{"topic", "commands"}, {"type", "other_environment"}};

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct Output {
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
  int64_t timestamp = 0;

  // The first of this name; "" where there is none.
  std::string header(std::string_view name) const {
    for (const auto& [one, value] : headers) {
      if (one == name) return value.value_or("(null)");
    }
    return "";
  }
  std::string message() const { return header("__streams.errors.message"); }
  // As the broker counts it, or a little more.
  size_t size() const {
    size_t bytes = key.value_or("").size() + value.value_or("").size();
    for (const auto& [name, value] : headers) {
      bytes += name.size() + value.value_or("").size() + 10;
    }
    return bytes;
  }
};

class IntakeTest : public testing::Test {
 protected:
  explicit IntakeTest(IntakeOptions options = {})
      : topology_(topology::PartyTopology({.character_status = "status",
                                           .invite_status = "invite-status",
                                           .party_commands = "commands",
                                           .party_status = "party",
                                           .member_status = "member",
                                           .invites = "invites",
                                           .dead_letters = "dead"},
                                          options)),
        task_(topology_) {}

  std::vector<Output> Send(testing_support::OwnedRecord record) {
    record.offset = base::Offset(offset_++);
    task_.Feed(record);
    task_.CatchUpAll();
    const auto processed = task_.task().Process(10);
    EXPECT_TRUE(processed.ok()) << processed.status();
    EXPECT_EQ(processed.value_or(0), 1u);
    std::vector<Output> outputs;
    streams::Outbox& outbox = task_.task().outbox();
    for (size_t i = 0; i < outbox.size(); ++i) {
      const streams::OutgoingRecord out = outbox.Get(i);
      outputs.push_back({.topic = topology_.sink_topics()[out.topic.value()],
                         .key = Owned(out.key),
                         .value = Owned(out.value),
                         .headers = {},
                         .timestamp = out.timestamp.value()});
      for (const base::HeaderView& header : out.headers) {
        outputs.back().headers.emplace_back(header.name, Owned(header.value));
      }
    }
    outbox.Clear();
    task_.Commit();  // what is rolled back is not counted
    return outputs;
  }

  // One that must cause just one record.
  Output SendOne(const testing_support::OwnedRecord& record) {
    const std::vector<Output> outputs = Send(record);
    EXPECT_EQ(outputs.size(), 1u);
    return outputs.empty() ? Output() : outputs[0];
  }

  static testing_support::OwnedRecord Command(std::optional<std::string> value,
                                              Headers headers = {{"TENANT_ID", kTenant}}) {
    return {.topic = "commands",
            .offset = base::Offset(0),
            .timestamp = base::Timestamp(kThen),
            .key = "key",
            .value = std::move(value),
            .headers = std::move(headers)};
  }

  double Count(const std::string& name, const base::MetricLabels& labels) {
    return testing_support::MetricSum(task_.metrics(), name, labels);
  }

  static std::optional<std::string> Owned(std::optional<std::string_view> bytes) {
    return bytes.has_value() ? std::optional<std::string>(*bytes) : std::nullopt;
  }

  const streams::Topology topology_;
  testing_support::MemoryTask task_;
  int64_t offset_ = 0;
};

// ---------------------------------------------------------------------- timestamps

TEST_F(IntakeTest, AnOutputHasItsCausesTimestampOrThePresent) {
  const int64_t now = task_.clock().now.value();
  for (const auto& [sent, expected] :
       std::vector<std::pair<int64_t, int64_t>>{{kThen, kThen},
                                                {0, 0},
                                                {now, now},
                                                {-1, now},
                                                {now + 1, now},
                                                {now + 86'400'000, now}}) {
    testing_support::OwnedRecord record = Command(kCreate);
    record.timestamp = base::Timestamp(sent);
    EXPECT_EQ(SendOne(record).timestamp, expected) << sent;
    record.value = kBad;
    EXPECT_EQ(SendOne(record).timestamp, sent) << "a dead letter keeps its record's";
  }
}

// ------------------------------------------------------------------------- headers

TEST_F(IntakeTest, CopiesItsOwnHeadersInTheirOrderAndNoOther) {
  const Headers sent = {{"tracestate", "a"},
                        {"custom", "x"},
                        {"TENANT_ID", kTenant},
                        {"REGION", "one"},
                        {"REGION", "two"},
                        {"MAJOR_VERSION", "\x01"},
                        {"region", "y"},
                        {"baggage", ""},
                        {"traceparent", std::nullopt},
                        {"ENVIRONMENT", "e"},
                        {"TENANT_ID", "none"},
                        {"MINOR_VERSION", "long one"},
                        {"__streams.errors.message", "old"}};
  Headers expected = sent;
  std::erase_if(expected, [](const auto& header) {
    return header.first == "custom" || header.first == "region" ||
           header.first == "__streams.errors.message";
  });
  EXPECT_EQ(SendOne(Command(kCreate, sent)).headers, expected);
  // A dead letter keeps all of them.
  Headers dead = SendOne(Command(kBad, sent)).headers;
  ASSERT_EQ(dead.size(), sent.size() + 5);
  dead.resize(sent.size());
  EXPECT_EQ(dead, sent);
}

TEST_F(IntakeTest, SixtyFourKilobytesOfCopiedHeaders) {
  const Headers small = {{"TENANT_ID", kTenant}, {"custom", std::string(200'000, 'c')}};
  const size_t rest = 65'536 - std::string("TENANT_ID").size() - 36 - std::string("baggage").size();
  Headers headers = small;
  headers.emplace_back("baggage", std::string(rest, 'b'));
  EXPECT_EQ(SendOne(Command(kCreate, headers)).topic, "party");
  headers.back().second->push_back('b');
  const Output dead = SendOne(Command(kCreate, headers));
  EXPECT_EQ(dead.topic, "dead");
  EXPECT_EQ(dead.header("__streams.errors.exception"), "HEADERS_TOO_LARGE");
  // Names count, and doubled ones do.
  headers = small;
  headers.emplace_back("baggage", std::string(rest - 1 - 10, 'b'));
  headers.emplace_back("tracestate", "t");
  EXPECT_EQ(SendOne(Command(kCreate, headers)).topic, "party");
  headers.emplace_back("REGION", std::nullopt);
  EXPECT_EQ(SendOne(Command(kCreate, headers)).topic, "dead");
}

// --------------------------------------------------------------------- environment

class EnvironmentTest : public IntakeTest {
 protected:
  EnvironmentTest() : IntakeTest({.environment = "blue"}) {}
};

TEST_F(EnvironmentTest, EqualOrAbsentIsProcessedOthersAreCounted) {
  const auto with = [](std::optional<std::string> environment) {
    return Headers{{"TENANT_ID", kTenant}, {"ENVIRONMENT", std::move(environment)}};
  };
  EXPECT_EQ(Send(Command(kCreate)).size(), 1u);
  EXPECT_EQ(Send(Command(kCreate, with("blue"))).size(), 1u);
  EXPECT_EQ(Send(Command(kCreate, with(""))).size(), 1u);
  EXPECT_EQ(Send(Command(kCreate, with(std::nullopt))).size(), 1u);
  EXPECT_EQ(Count("records_skipped_total", kOtherEnvironment), 0);
  // Of others not even the bad ones are looked at.
  for (const char* other : {"green", "Blue", "blue ", "blu"}) {
    EXPECT_EQ(Send(Command(kCreate, with(other))).size(), 0u) << other;
    EXPECT_EQ(Send(Command(kBad, with(other))).size(), 0u) << other;
  }
  EXPECT_EQ(Count("records_skipped_total", kOtherEnvironment), 8);
  // The first of two counts.
  Headers two = with("blue");
  two.emplace_back("ENVIRONMENT", "green");
  EXPECT_EQ(Send(Command(kCreate, two)).size(), 1u);
  std::swap(two[1], two[2]);
  EXPECT_EQ(Send(Command(kCreate, two)).size(), 0u);
}

TEST_F(IntakeTest, WithoutTheSettingAllEnvironmentsAreProcessed) {
  EXPECT_EQ(Send(Command(kCreate, {{"TENANT_ID", kTenant}, {"ENVIRONMENT", "green"}})).size(), 1u);
}

// ------------------------------------------------------------------------- counted

TEST_F(IntakeTest, SkippedAndDeadOnesAreCounted) {
  testing_support::OwnedRecord record = Command(R"({"type":"DIED"})");
  record.topic = "status";
  EXPECT_EQ(Send(record).size(), 0u);
  record.value = R"({"type":"ANY"})";
  EXPECT_EQ(Send(record).size(), 0u);
  record.value = R"({"type":5})";
  EXPECT_EQ(SendOne(record).topic, "dead");
  record.topic = "invite-status";
  record.value = R"({"inviteType":"GUILD"})";
  EXPECT_EQ(Send(record).size(), 0u);
  EXPECT_EQ(SendOne(Command(kBad)).topic, "dead");
  EXPECT_EQ(SendOne(Command(std::nullopt)).topic, "dead");
  EXPECT_EQ(Send(Command(kCreate)).size(), 1u);
  EXPECT_EQ(Count("records_skipped_total", {{"topic", "status"}, {"type", "DIED"}}), 1);
  EXPECT_EQ(Count("records_skipped_total", {{"topic", "status"}, {"type", "other"}}), 1);
  EXPECT_EQ(Count("records_dead_lettered_total", {{"topic", "status"}}), 1);
  EXPECT_EQ(Count("records_skipped_total", {{"topic", "invite-status"}, {"type", "GUILD"}}), 1);
  EXPECT_EQ(Count("records_dead_lettered_total", {{"topic", "commands"}}), 2);
  EXPECT_EQ(Count("records_dead_lettered_total", {{"topic", "commands"}, {"code", "NO_VALUE"}}), 1);
  EXPECT_EQ(Count("records_processed_total", {{"topic", "commands"}, {"type", "CREATE"}}), 1);
  EXPECT_EQ(Count("commands_rejected_total", {{"code", "ERROR_UNEXPECTED"}}), 1);
  EXPECT_EQ(Count("records_produced_total", {{"topic", "party"}, {"type", "ERROR"}}), 1);
  EXPECT_EQ(Count("records_produced_total", {{"topic", "dead"}}), 3);
  EXPECT_EQ(Count("records_consumed_total", {}), 7);
}

// -------------------------------------------------------------------- dead letters

TEST_F(IntakeTest, ADeadLetterIsItsRecordAndSaysWhatIsWrongAndWhereItWas) {
  for (const std::optional<std::string>& key : std::vector<std::optional<std::string>>{
           std::nullopt, "", "k", "four", "12345678", std::string(1000, 'k')}) {
    for (const std::optional<std::string>& value :
         std::vector<std::optional<std::string>>{std::nullopt, "", kBad, "\xff\0x"}) {
      testing_support::OwnedRecord record = Command(value, {{"a", std::nullopt}, {"b", "\xff"}});
      record.key = key;
      const Output dead = SendOne(record);
      EXPECT_EQ(dead.topic, "dead");
      EXPECT_EQ(dead.key, key);
      EXPECT_EQ(dead.value, value);
      Headers expected = record.headers;
      expected.emplace_back("__streams.errors.exception",
                            dead.header("__streams.errors.exception"));
      expected.emplace_back("__streams.errors.message", dead.message());
      expected.emplace_back("__streams.errors.topic", "commands");
      expected.emplace_back("__streams.errors.partition", "0");
      expected.emplace_back("__streams.errors.offset", absl::StrCat(offset_ - 1));
      EXPECT_EQ(dead.headers, expected);
      EXPECT_FALSE(absl::StrContains(dead.message(), "cut"));
    }
  }
}

constexpr size_t kLargest = 10'000;
constexpr size_t kRoomForErrors = 2'000;  // of which the worker knows

class SmallDeadLetterTest : public IntakeTest {
 protected:
  SmallDeadLetterTest() : IntakeTest({.environment = {}, .largest_dead_letter = kLargest}) {}

  Output SendBad(size_t key, size_t value, Headers headers) {
    headers.emplace_back("TENANT_ID", kTenant);
    testing_support::OwnedRecord record = Command(std::string(value, 'v'), headers);
    record.key = std::string(key, 'k');
    const Output dead = SendOne(record);
    EXPECT_LE(dead.size(), kLargest + kRoomForErrors) << key << " " << value;
    EXPECT_EQ(std::string(key, 'k').substr(0, dead.key->size()), *dead.key);
    EXPECT_EQ(std::string(value, 'v').substr(0, dead.value->size()), *dead.value);
    return dead;
  }
  static Headers Large(size_t bytes) { return {{"large", std::string(bytes, 'h')}}; }
};

TEST_F(SmallDeadLetterTest, WhatFitsIsWhole) {
  for (const auto& [key, value, header] : std::vector<std::tuple<size_t, size_t, size_t>>{
           {8, 9'800, 0}, {9'800, 8, 0}, {8, 8, 9'800}, {3'000, 3'000, 3'700}}) {
    const Output dead = SendBad(key, value, Large(header));
    EXPECT_EQ(dead.key->size(), key);
    EXPECT_EQ(dead.value->size(), value);
    EXPECT_EQ(dead.header("large").size(), header);
    EXPECT_FALSE(absl::StrContains(dead.message(), "cut")) << dead.message();
  }
}

TEST_F(SmallDeadLetterTest, ATooLargeValueIsCut) {
  const Output dead = SendBad(8, 50'000, Large(100));
  EXPECT_EQ(dead.key->size(), 8u);
  EXPECT_EQ(dead.header("large").size(), 100u);
  EXPECT_GT(dead.value->size(), kLargest - 500);
  EXPECT_TRUE(absl::StrContains(
      dead.message(), absl::StrCat("; the value of 50000 bytes was cut to ", dead.value->size())))
      << dead.message();
}

TEST_F(SmallDeadLetterTest, TooLargeHeadersAreCutAndTheOthersStay) {
  for (const size_t value : {8, 5'000, 50'000}) {
    const Output dead = SendBad(8, value, Large(50'000));
    EXPECT_EQ(dead.header("large"), "");
    EXPECT_EQ(dead.header("TENANT_ID"), kTenant);
    EXPECT_EQ(dead.value->size() < value, value > kLargest);
    EXPECT_TRUE(absl::StrContains(dead.message(), "; 1 of the record's headers")) << dead.message();
  }
  // Many small ones.
  const Output dead = SendBad(8, 8, Headers(3'000, {"n", "v"}));
  EXPECT_GT(dead.headers.size(), 300u);
  EXPECT_LT(dead.headers.size(), 1'000u);
  EXPECT_EQ(dead.header("__streams.errors.topic"), "commands");
}

TEST_F(SmallDeadLetterTest, ATooLargeKeyIsCut) {
  const Output dead = SendBad(50'000, 50'000, Large(50'000));
  EXPECT_GT(dead.key->size(), 1'000u);
  EXPECT_GT(dead.value->size(), 1'000u);
  EXPECT_TRUE(absl::StrContains(
      dead.message(), absl::StrCat("; the key of 50000 bytes was cut to ", dead.key->size())))
      << dead.message();
  testing_support::OwnedRecord record = Command(std::nullopt);
  record.key = std::string(50'000, 'k');
  EXPECT_LE(SendOne(record).size(), kLargest + kRoomForErrors);
}

}  // namespace
}  // namespace processors
