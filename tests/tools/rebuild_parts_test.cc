// Parts of the programs that rebuild which need no broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tools/rebuild/compare.h"
#include "tools/rebuild/input_point.h"
#include "tools/rebuild/progress.h"

namespace tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Progress, HasRateShareAndTimeLeft) {
  EXPECT_EQ(ProgressText("reading", 1'200'000, 4'000'000, absl::Seconds(3)),
            "reading: 1200000 of 4000000 (30 %), 400000/s, 7 s left");
  EXPECT_EQ(ProgressText("reading", 5, 5, absl::Seconds(1)), "reading: 5 of 5 (100 %), 5/s");
  EXPECT_EQ(ProgressText("reading", 0, 5, absl::Seconds(1)), "reading: 0 of 5 (0 %), 0/s");
  EXPECT_EQ(ProgressText("reading", 0, 0, absl::ZeroDuration()), "reading: 0, 0/s");
}

class ProgressTest : public testing::Test {
 protected:
  Progress::Options To(bool terminal) {
    return {.terminal = terminal,
            .write = [this](const std::string& bytes) { written_.push_back(bytes); }};
  }

  testing_support::ManualClock clock_;
  std::vector<std::string> written_;
};

TEST_F(ProgressTest, IsALineEveryFewSecondsInAFile) {
  Progress progress("reading", 100, clock_, To(/*terminal=*/false));
  for (int i = 0; i < 9; ++i) {
    progress.Advance(10);
    clock_.elapsed += absl::Seconds(1);
  }
  progress.Advance(10);
  progress.Finish();
  EXPECT_THAT(written_, ElementsAre("reading: 60 of 100 (60 %), 12/s, 3 s left\n",
                                    "reading: 100 in 9.0 s, 11/s\n"));
}

TEST_F(ProgressTest, IsWrittenOverOnATerminal) {
  {
    Progress progress("reading", 100, clock_, To(/*terminal=*/true));
    clock_.elapsed += absl::Seconds(1);
    progress.Advance(50);
  }
  // Whatever comes next finds a clean line.
  EXPECT_THAT(written_,
              ElementsAre("\r\x1b[Kreading: 50 of 100 (50 %), 50/s, 1 s left", "\r\x1b[K"));
}

// -------------------------------------------------------------------- input points

TEST(InputPoint, IsAWordATimeOrPositions) {
  EXPECT_EQ(ParseInputPoint("earliest")->kind, InputPoint::Kind::kEarliest);
  EXPECT_EQ(ParseInputPoint("latest")->kind, InputPoint::Kind::kLatest);
  for (const char* text :
       {"2023-11-14T22:13:20Z", "2023-11-14T22:13:20", "2023-11-14T23:13:20+01:00",
        "2023-11-14T22:13:20.000Z", "1700000000000"}) {
    const auto point = ParseInputPoint(text);
    ASSERT_TRUE(point.ok()) << text << point.status();
    EXPECT_EQ(point->kind, InputPoint::Kind::kTime);
    EXPECT_EQ(point->time, base::Timestamp(1'700'000'000'000)) << text;
  }
  const auto point = ParseInputPoint("my-topic-0@12,other-3@0");
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_EQ(point->positions,
            (streams::InputPositions{{{"my-topic", base::Partition(0)}, base::Offset(12)},
                                     {{"other", base::Partition(3)}, base::Offset(0)}}));
  EXPECT_EQ(ToString(point->positions), "my-topic-0@12,other-3@0");
}

TEST(InputPoint, ErrorsSayWhatIsAllowed) {
  for (const char* text :
       {"", "yesterday", "7", "20231114", "1700000000", "topic@7", "topic-0", "topic-x@7",
        "topic-0@-1", "topic-0@1,", "topic-0@1,topic-0@2", "-0@1"}) {
    const auto point = ParseInputPoint(text);
    ASSERT_FALSE(point.ok()) << text;
    EXPECT_THAT(std::string(point.status().message()), HasSubstr("earliest, latest")) << text;
  }
}

// ------------------------------------------------------------------ comparing outputs

std::vector<OutputRecord> Records(const std::string& values, int64_t first_time = 10) {
  std::vector<OutputRecord> records;
  for (const char value : values) {
    records.push_back({.timestamp = base::Timestamp(first_time++),
                       .key = std::nullopt,
                       .value = std::string(1, value),
                       .headers = {}});
  }
  return records;
}

int64_t Differ(const std::vector<OutputRecord>& live, const std::vector<OutputRecord>& replayed,
               const OutputWindow& window) {
  Output output("test");
  Differences differences(/*shown=*/0, &output);
  CompareSequences(live, replayed, window, &differences);
  return differences.count();
}

// So that their times do not differ.
constexpr OutputWindow kAnyTime{.present = base::Timestamp(0)};

TEST(CompareSequences, FindsItsWayBack) {
  EXPECT_EQ(Differ(Records("abcdef"), Records("abcdef"), kAnyTime), 0);
  EXPECT_EQ(Differ(Records("abXcdef"), Records("abcdef"), kAnyTime), 1);
  EXPECT_EQ(Differ(Records("abcdef"), Records("abXYcdef"), kAnyTime), 2);
  EXPECT_EQ(Differ(Records("abXcdef"), Records("abYcdef"), kAnyTime), 1);
  EXPECT_EQ(Differ(Records(""), Records("abc"), kAnyTime), 3);
  EXPECT_EQ(Differ(Records("abc"), Records(""), kAnyTime), 3);
  EXPECT_EQ(Differ(Records("abcX"), Records("abcYZ"), kAnyTime), 2);
}

TEST(CompareSequences, TimesCountButForThePresent) {
  const OutputWindow window{.present = base::Timestamp(1000)};
  EXPECT_EQ(Differ(Records("a", 10), Records("a", 11), window), 1);
  EXPECT_EQ(Differ(Records("a", 10), Records("a", 1000), window), 0);
}

TEST(CompareSequences, WhatIsBesideTheWindowIsNoDifference) {
  OutputWindow window{.from = base::Timestamp(10), .ends_together = false};
  window.present = base::Timestamp(1000);
  Output output("test");
  Differences differences(/*shown=*/0, &output);
  // The first millisecond may be an earlier input's; what comes later is counted.
  const OutputsCompared compared =
      CompareSequences(Records("XabcYZ", 10), Records("abc", 11), window, &differences);
  EXPECT_EQ(differences.count(), 0);
  EXPECT_EQ(compared.records, 3);
  EXPECT_EQ(compared.beyond, 2);
  window.ends_together = true;
  EXPECT_EQ(Differ(Records("XabcYZ", 10), Records("abc", 11), window), 2);
}

TEST(OutputRecord, ShowsWhatIsNoTextAsBytes) {
  EXPECT_EQ(ToJson({.timestamp = base::Timestamp(7),
                    .key = std::string("\x01\xff", 2),
                    .value = "{\"a\":\"\xc3\xa9\"}",
                    .headers = {{"VERSION", std::string("\0\x53", 2)}, {"NULL", std::nullopt}}}),
            "{\"timestamp\":7,\"key\":\"01ff\",\"headers\":[[\"VERSION\",{\"hex\":\"0053\"}],"
            "[\"NULL\",null]],\"value\":\"{\\\"a\\\":\\\"\xc3\xa9\\\"}\"}");
  EXPECT_EQ(ToJson({.timestamp = base::Timestamp(7),
                    .key = std::nullopt,
                    .value = std::string("\xff"),
                    .headers = {}}),
            "{\"timestamp\":7,\"key\":null,\"headers\":[],\"value\":{\"hex\":\"ff\"}}");
}

}  // namespace
}  // namespace tools
