// How a transaction ended whose markers the broker has lost: each row of what can be known.
#include "streams/lost_markers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace streams {
namespace {

using testing::HasSubstr;

struct Row {
  bool first_is_held;
  bool group_is_ahead;
  bool local_is_beyond;
  LostEnd end;
};

TEST(LostMarkersTest, WhatIsThereTells) {
  const Row rows[] = {
      // Each transaction writes to the first changelog: where it is held, the positions in the
      // state are those before.
      {true, true, false, LostEnd::kCommit},
      {true, false, false, LostEnd::kAbort},
      // What is on disk was committed.
      {true, false, true, LostEnd::kCommit},
      {false, false, true, LostEnd::kCommit},
      {true, true, true, LostEnd::kCommit},
      {false, true, true, LostEnd::kCommit},
      // The first changelog has its marker, another lacks it: the group and the state agree
      // whether it was committed or not.
      {false, false, false, LostEnd::kUnknown},
      // They do not agree: torn.
      {false, true, false, LostEnd::kUnknown},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(TellLostEnd({.held = {},
                           .first_is_held = row.first_is_held,
                           .group_is_ahead = row.group_is_ahead,
                           .local_is_beyond = row.local_is_beyond}),
              row.end)
        << row.first_is_held << row.group_is_ahead << row.local_is_beyond;
  }
}

TEST(LostMarkersTest, TheOperatorIsToldWhatToLookAtAndWhatDecides) {
  const std::string told = AskForLostEnd({.held = {{"app-parties-changelog", base::Partition(0)}}});
  for (const char* named : {"app-parties-changelog-0", "find-hanging", "--lost_markers=commit",
                            "--lost_markers=abort", "PrepareCommit"}) {
    EXPECT_THAT(told, HasSubstr(named));
  }
}

}  // namespace
}  // namespace streams
