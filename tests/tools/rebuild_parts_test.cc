// Parts of the programs that rebuild which need no broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/manual_clock.h"
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
  EXPECT_EQ(ProgressText("reading", 0, 0, absl::ZeroDuration()), "reading: 0 of 0 (100 %), 0/s");
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
  for (const char* text : {"2023-11-14T22:13:20Z", "2023-11-14T22:13:20",
                           "2023-11-14T23:13:20+01:00", "2023-11-14T22:13:20.000Z"}) {
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
  for (const char* text : {"", "yesterday", "7", "topic@7", "topic-0", "topic-x@7", "topic-0@-1",
                           "topic-0@1,", "topic-0@1,topic-0@2", "-0@1"}) {
    const auto point = ParseInputPoint(text);
    ASSERT_FALSE(point.ok()) << text;
    EXPECT_THAT(std::string(point.status().message()), HasSubstr("earliest, latest")) << text;
  }
}

}  // namespace
}  // namespace tools
