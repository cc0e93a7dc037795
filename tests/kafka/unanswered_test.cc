// Whose answers are missing, by what the library tells of requests and answers.

#include "streams/kafka/unanswered.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace streams::kafka {
namespace {

constexpr int kClient = 0;
const Unanswered::Connection kLeader{&kClient, "a:9092"};
const Unanswered::Connection kGroup{&kClient, "GroupCoordinator"};

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

std::string Since(const Unanswered& unanswered, double seconds) {
  std::string text;
  for (const auto& one : unanswered.Since(At(seconds))) {
    absl::StrAppend(&text, one.connection, "/", one.broker, "@", absl::ToDoubleSeconds(one.since),
                    " ");
  }
  return text;
}

TEST(UnansweredTest, ARequestWaitsUntilItsAnswerComes) {
  Unanswered unanswered;
  EXPECT_EQ(Since(unanswered, 100), "");
  unanswered.Sent(kLeader, 1, /*held=*/false, At(1));
  EXPECT_EQ(Since(unanswered, 0.9), "");
  EXPECT_EQ(Since(unanswered, 1), "a:9092/1@1 ");
  unanswered.Answered(kLeader, /*held=*/false, At(1));
  EXPECT_EQ(Since(unanswered, 100), "");
}

TEST(UnansweredTest, OthersMayHaveBeenSentMeanwhile) {
  Unanswered unanswered;
  unanswered.Sent(kLeader, 1, false, At(1));
  unanswered.Sent(kLeader, 1, false, At(2));
  unanswered.Sent(kLeader, 1, false, At(3));
  EXPECT_EQ(Since(unanswered, 100), "a:9092/1@1 ");
  unanswered.Answered(kLeader, false, At(1));
  EXPECT_EQ(Since(unanswered, 100), "a:9092/1@3 ");
  unanswered.Answered(kLeader, false, At(3));
  EXPECT_EQ(Since(unanswered, 100), "");
}

TEST(UnansweredTest, EachConnectionByItself) {
  Unanswered unanswered;
  unanswered.Sent(kLeader, 1, false, At(1));
  unanswered.Sent(kGroup, 2, false, At(2));
  unanswered.Answered(kLeader, false, At(1));
  EXPECT_EQ(Since(unanswered, 100), "GroupCoordinator/2@2 ");
  unanswered.Ended(kGroup);
  EXPECT_EQ(Since(unanswered, 100), "");
}

// The broker answers when all of the group have come, and until then nothing else there.
TEST(UnansweredTest, WhatMayBeHeldIsNotWaitedFor) {
  Unanswered unanswered;
  unanswered.Sent(kGroup, 1, /*held=*/true, At(1));
  unanswered.Sent(kGroup, 1, /*held=*/false, At(2));
  EXPECT_EQ(Since(unanswered, 100), "");
  EXPECT_FALSE(unanswered.HeldSince(At(0.5)));
  EXPECT_TRUE(unanswered.HeldSince(At(1)));
  unanswered.Answered(kGroup, /*held=*/true, At(1));
  EXPECT_FALSE(unanswered.HeldSince(At(100)));
  EXPECT_EQ(Since(unanswered, 100), "GroupCoordinator/1@2 ");
}

TEST(UnansweredTest, AClientsEndEndsItsConnections) {
  constexpr int kOther = 0;
  Unanswered unanswered;
  unanswered.Sent(kLeader, 1, false, At(1));
  unanswered.Sent({&kOther, "a:9092"}, 1, false, At(2));
  unanswered.Ended(&kClient);
  EXPECT_EQ(Since(unanswered, 100), "a:9092/1@2 ");
}

}  // namespace
}  // namespace streams::kafka
