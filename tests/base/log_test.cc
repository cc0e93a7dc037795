// What a log line looks like, and what keeps the log from being flooded.
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/kafka_types.h"
#include "base/log_limit.h"
#include "tests/support/manual_clock.h"

namespace base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class LogTest : public testing::Test {
 protected:
  static void SetUpAs(const char* format) {
    ASSERT_TRUE(SetUpLogging("info", format).ok());
    CaptureStderr();
  }
};

TEST_F(LogTest, NamesThatThereAreNot) {
  EXPECT_THAT(std::string(SetUpLogging("loud").message()),
              HasSubstr("debug, info, warning, error"));
  EXPECT_THAT(std::string(SetUpLogging("info", "xml").message()), HasSubstr("text, json"));
}

// The form of text before that of JSON: a process has one.
TEST_F(LogTest, Text) {
  SetUpAs("text");
  Log(LogLevel::kInfo, "an event",
      {{"plain", "a/b-c.d"},
       {"number", 7},
       {"offset", Offset(12)},
       {"empty", ""},
       {"quoted", "say \"x=1\" \\ twice"},
       {"disturbing", std::string("line\nend \x1b[31m\x7f")}});
  EXPECT_THAT(
      GetCapturedStderr(),
      MatchesRegex("[0-9-]{10}T[0-9:.]{12}Z info an event plain=a/b-c\\.d number=7 offset=12 "
                   "empty=\"\" quoted=\"say \\\\\"x=1\\\\\" \\\\\\\\ twice\" "
                   "disturbing=\"line\\\\nend \\\\x1b\\[31m\\\\x7f\"\n"));
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotWritten) {
  SetUpAs("text");
  Log(LogLevel::kDebug, "nothing");
  EXPECT_EQ(GetCapturedStderr(), "");
}

TEST_F(LogTest, Json) {
  SetUpAs("json");
  Log(LogLevel::kWarning, "an event",
      {{"text", "\"x\"\n\x1b"},
       {"number", -7},
       {"offset", Offset(12)},
       {"flag", true},
       {"digits", "12"},
       {"valid", "\xc3\xa9"},
       {"invalid", "a\xffz"}});
  EXPECT_THAT(GetCapturedStderr(),
              MatchesRegex("\\{\"time\":\"[0-9-]{10}T[0-9:.]{12}Z\",\"level\":\"warning\","
                           "\"event\":\"an event\",\"text\":\"\\\\\"x\\\\\"\\\\n\\\\u001B\","
                           "\"number\":-7,\"offset\":12,\"flag\":\"1\",\"digits\":\"12\","
                           "\"valid\":\"\xc3\xa9\",\"invalid\":\"a\\?z\"\\}\n"));
}

// ------------------------------------------------------------------------- the limit

TEST(LogLimitTest, EachCauseHasLinesOfItsOwn) {
  testing_support::ManualClock clock;
  LogLimit limit(clock, 2, absl::Seconds(10));
  EXPECT_EQ(limit.Pass("a"), 0u);
  EXPECT_EQ(limit.Pass("a"), 0u);
  EXPECT_EQ(limit.Pass("a"), std::nullopt);
  EXPECT_EQ(limit.Pass("b"), 0u);
}

TEST(LogLimitTest, WhatWasLeftOutIsToldLater) {
  testing_support::ManualClock clock;
  LogLimit limit(clock, 1, absl::Seconds(10));
  EXPECT_EQ(limit.Pass("a"), 0u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.Pass("a"), std::nullopt);
  clock.elapsed += absl::Seconds(10);
  EXPECT_EQ(limit.Pass("a"), 5u);
  EXPECT_EQ(limit.Pass("a"), std::nullopt);
  clock.elapsed += absl::Seconds(10);
  EXPECT_EQ(limit.Pass("a"), 1u);
}

TEST(LogLimitTest, CausesWithoutEndTakeMemoryOfAnEnd) {
  testing_support::ManualClock clock;
  LogLimit limit(clock, 1, absl::Seconds(10));
  size_t passed = 0;
  for (int i = 0; i < 5000; ++i) passed += limit.Pass(std::to_string(i)).has_value() ? 1 : 0;
  EXPECT_EQ(passed, 1001u);  // those beyond the first thousand are one cause
}

TEST(LogLimitTest, LinesThatAreLeftOutAreCounted) {
  testing_support::ManualClock clock;
  std::optional<LogLimit> limit;
  limit.emplace(clock, 1, absl::Seconds(10));
  std::vector<std::string> lines;
  RedirectLogging(LogLevel::kInfo,
                  [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  const auto log = [&] { Log(*limit, "why", LogLevel::kWarning, "it happened", {{"n", 1}}); };
  log();
  log();
  log();
  clock.elapsed += absl::Seconds(10);
  log();
  log();
  limit.reset();  // at its end there is no next line
  RedirectLogging(LogLevel::kDebug, nullptr);
  EXPECT_THAT(lines, ElementsAre("it happened n=1", "it happened n=1 left_out=2",
                                 "lines were left out cause=why left_out=1"));
}

}  // namespace
}  // namespace base
