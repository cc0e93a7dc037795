#include "streams/provenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace streams {
namespace {

using base::Offset;
using base::Partition;
using testing::HasSubstr;
using testing::Not;

constexpr char kApplication[] = "app";

base::Uuid Id(const char* text) { return *base::ParseUuid(text); }
const base::Uuid kOne = Id("00000000-0000-0000-0000-000000000001");
const base::Uuid kTwo = Id("00000000-0000-0000-0000-000000000002");

ChangelogIdentity Identity(const std::string& store, base::Uuid id = kOne) {
  return {.id = id, .application_id = kApplication, .store = store, .partition = Partition(3)};
}

// A changelog with offsets 0 to 100, of which local state has those below 40.
ChangelogEvidence Log(const std::string& store) {
  return {.changelog = {"app-" + store + "-changelog", Partition(3)},
          .store = store,
          .range = {Offset(0), Offset(100)},
          .identity = Identity(store),
          .local_identity = Identity(store),
          .local_position = Offset(40)};
}

class PlanRestoreTest : public testing::Test {
 protected:
  absl::StatusOr<RestorePlan> Plan() const {
    return PlanRestore(kApplication, logs_, age_, group_has_offsets_, choices_);
  }

  void ForgetLocalState() {
    age_.is_new = true;
    for (ChangelogEvidence& log : logs_) {
      log.local_identity.reset();
      log.local_position = Offset(0);
    }
  }
  void EmptyLogs() {
    for (ChangelogEvidence& log : logs_) {
      log.range = {Offset(7), Offset(7)};
      log.identity.reset();
    }
  }

  void ExpectKind(RestorePlan::Kind kind, const std::string& why) const {
    const auto plan = Plan();
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->kind, kind);
    EXPECT_EQ(plan->why, why);
  }
  void ExpectStop(std::initializer_list<const char*> names) const {
    const auto plan = Plan();
    ASSERT_TRUE(absl::IsFailedPrecondition(plan.status())) << plan.status();
    for (const char* name : names) {
      EXPECT_THAT(std::string(plan.status().message()), HasSubstr(name));
    }
  }
  void ExpectNot(const char* name) const {
    EXPECT_THAT(std::string(Plan().status().message()), Not(HasSubstr(name)));
  }

  std::vector<ChangelogEvidence> logs_ = {Log("characters"), Log("parties")};
  ReplicaAge age_{.is_new = false,
                  .current_as_of = base::Timestamp(1'000'000),
                  .now = base::Timestamp(1'000'000),
                  .tombstone_retention = absl::Hours(2)};
  bool group_has_offsets_ = true;
  OperatorChoices choices_;
};

TEST_F(PlanRestoreTest, LocalStateIsBroughtForward) {
  ExpectKind(RestorePlan::Kind::kDelta, "");
  logs_[0].local_position = Offset(100);  // at the very end
  ExpectKind(RestorePlan::Kind::kDelta, "");
}

TEST_F(PlanRestoreTest, ALostDiskReadsTheLogsFromTheirBeginning) {
  ForgetLocalState();
  ExpectKind(RestorePlan::Kind::kDelta, "");
  group_has_offsets_ = false;  // the offsets' question comes later
  ExpectKind(RestorePlan::Kind::kDelta, "");
  choices_.changelogs_from_log = true;  // nothing to set aside
  ExpectKind(RestorePlan::Kind::kDelta, "");
}

TEST_F(PlanRestoreTest, FirstStart) {
  ForgetLocalState();
  EmptyLogs();
  group_has_offsets_ = false;
  ExpectKind(RestorePlan::Kind::kFound, "");
  // A checkpoint that was made before anything was committed.
  age_.is_new = false;
  ExpectKind(RestorePlan::Kind::kFound, "");
}

TEST_F(PlanRestoreTest, EmptyLogsBesideOffsetsAreALoss) {
  ForgetLocalState();
  EmptyLogs();
  ExpectStop({"app-characters-changelog-3", "empty", "the group has committed offsets",
              "--changelogs=from-log", "--offsets=from-group"});
  ExpectNot("local state stands");
  choices_.changelogs_from_log = true;
  ExpectKind(RestorePlan::Kind::kFound, "--changelogs=from-log");
}

TEST_F(PlanRestoreTest, EmptyLogsBesideLocalStateAreALoss) {
  EmptyLogs();
  group_has_offsets_ = false;
  ExpectStop(
      {"local state stands at offset 40 of app-characters-changelog-3", "--changelogs=from-log"});
  ExpectNot("--offsets");
  group_has_offsets_ = true;
  ExpectStop({"local state stands at offset 40", "committed offsets", "--offsets=from-group"});
  choices_.changelogs_from_log = true;
  ExpectKind(RestorePlan::Kind::kFound, "--changelogs=from-log");
}

TEST_F(PlanRestoreTest, OneEmptyLogIsALossThatNoFlagMends) {
  for (const bool from_log : {false, true}) {
    choices_.changelogs_from_log = from_log;
    logs_[1].range = {Offset(0), Offset(0)};
    logs_[1].identity.reset();
    ExpectStop({"app-parties-changelog-3", "empty", "backup"});
    ExpectNot("--changelogs");
  }
  ForgetLocalState();
  ExpectStop({"app-parties-changelog-3", "empty"});
}

TEST_F(PlanRestoreTest, ALogMustBeginWithAnIdentity) {
  logs_[1].identity.reset();
  logs_[1].range = {Offset(12), Offset(100)};
  ExpectStop({"app-parties-changelog-3", "from offset 12 to 100", "head was trimmed", "backup"});
  ForgetLocalState();
  choices_.changelogs_from_log = true;
  ExpectStop({"app-parties-changelog-3", "from offset 12 to 100"});
}

TEST_F(PlanRestoreTest, ALogOfSomethingElse) {
  logs_[1].identity = Identity("characters");
  ExpectStop({"app-parties-changelog-3", "application app, store characters, partition 3"});
  logs_[1].identity = Identity("parties");
  logs_[1].identity->application_id = "other";
  ExpectStop({"app-parties-changelog-3", "application other, store parties, partition 3"});
  logs_[1].identity = Identity("parties");
  logs_[1].identity->partition = Partition(4);
  choices_.changelogs_from_log = true;
  ExpectStop({"app-parties-changelog-3", "application app, store parties, partition 4"});
}

TEST_F(PlanRestoreTest, LogsOfTwoBeginningsAreNoState) {
  logs_[1].identity = Identity("parties", kTwo);
  ExpectStop({"app-parties-changelog-3", base::ToString(kTwo).c_str(), "app-characters-changelog-3",
              base::ToString(kOne).c_str(), "backup"});
  choices_.changelogs_from_log = true;
  ExpectStop({"not begun together"});
}

TEST_F(PlanRestoreTest, LocalStateOfAnotherLog) {
  for (ChangelogEvidence& log : logs_) log.identity = Identity(log.store, kTwo);
  ExpectStop({"app-characters-changelog-3", base::ToString(kTwo).c_str(),
              base::ToString(kOne).c_str(), "--changelogs=from-log"});
  choices_.changelogs_from_log = true;
  ExpectKind(RestorePlan::Kind::kFullAside, "--changelogs=from-log");
}

TEST_F(PlanRestoreTest, LocalStateFromElsewhere) {
  logs_[0].local_identity->partition = Partition(4);
  logs_[0].local_identity->id = kTwo;
  ExpectStop({"app-characters-changelog-3 is of application app, store characters, partition 3",
              "local state comes from application app, store characters, partition 4",
              "--changelogs=from-log"});
  logs_[0].local_identity = Identity("characters");
  logs_[0].local_identity->application_id = "other";
  ExpectStop({"local state comes from application other, store characters, partition 3"});
  choices_.changelogs_from_log = true;
  ExpectKind(RestorePlan::Kind::kFullAside, "--changelogs=from-log");
}

TEST_F(PlanRestoreTest, LocalStateWithoutAnIdentityIsJudgedByItsPosition) {
  logs_[0].local_identity.reset();
  logs_[0].local_position = Offset(0);
  ExpectKind(RestorePlan::Kind::kDelta, "");
}

TEST_F(PlanRestoreTest, ALogThatHasLostItsTail) {
  logs_[1].local_position = Offset(101);
  ExpectStop(
      {"app-parties-changelog-3", "ends at offset 100", "stands at 101", "--changelogs=from-log"});
  choices_.changelogs_from_log = true;
  ExpectKind(RestorePlan::Kind::kFullAside, "--changelogs=from-log");
}

// By a wall clock that was ahead, or is behind: how old it is cannot be told.
TEST_F(PlanRestoreTest, StateOfTheFutureIsNotUsed) {
  age_.now = base::Timestamp(1'000'000 - 60 * 60 * 1000);
  ExpectKind(RestorePlan::Kind::kDelta, "");
  age_.now = base::Timestamp(1'000'000 - 60 * 60 * 1000 - 1);
  ExpectKind(RestorePlan::Kind::kFullAside,
             "local state is older than half of the changelog's delete.retention.ms, or of the "
             "future");
}

TEST_F(PlanRestoreTest, StateOlderThanHalfOfTheTombstonesLivesIsNotUsed) {
  age_.now = base::Timestamp(1'000'000 + 60 * 60 * 1000);
  ExpectKind(RestorePlan::Kind::kDelta, "");
  age_.now = base::Timestamp(1'000'000 + 60 * 60 * 1000 + 1);
  ExpectKind(RestorePlan::Kind::kFullAside,
             "local state is older than half of the changelog's delete.retention.ms, or of the "
             "future");
  ForgetLocalState();  // nothing that could be too old
  ExpectKind(RestorePlan::Kind::kDelta, "");
}

// -------------------------------------------------------------------- inputs

class PlanInputsTest : public testing::Test {
 protected:
  absl::StatusOr<std::vector<PartitionStart>> Plan() const {
    return PlanInputs({{other_, input_}}, choices_);
  }
  void ExpectStart(int64_t from) const {
    const auto starts = Plan();
    ASSERT_TRUE(starts.ok()) << starts.status();
    ASSERT_EQ(starts->size(), 2);
    EXPECT_EQ((*starts)[0].partition, other_.input);
    EXPECT_EQ((*starts)[1].partition, input_.input);
    EXPECT_EQ((*starts)[1].from, Offset(from));
  }
  void ExpectStop(std::initializer_list<const char*> names) const {
    const auto starts = Plan();
    ASSERT_TRUE(absl::IsFailedPrecondition(starts.status())) << starts.status();
    for (const char* name : names) {
      EXPECT_THAT(std::string(starts.status().message()), HasSubstr(name));
    }
  }
  void ExpectNot(const char* name) const {
    EXPECT_THAT(std::string(Plan().status().message()), Not(HasSubstr(name)));
  }
  void Choose(OperatorChoices::Offsets offsets) { choices_.offsets = offsets; }

  // Nothing is wrong with this one.
  InputEvidence other_{.input = {"other", Partition(0)},
                       .range = {Offset(0), Offset(9)},
                       .in_group = Offset(5),
                       .in_state = Offset(5)};
  // Offsets 10 to 100, processed up to 50.
  InputEvidence input_{.input = {"commands", Partition(3)},
                       .range = {Offset(10), Offset(100)},
                       .in_group = Offset(50),
                       .in_state = Offset(50)};
  OperatorChoices choices_;
};

TEST_F(PlanInputsTest, GroupAndStateAgree) {
  ExpectStart(50);
  input_.in_group = input_.in_state = Offset(10);
  ExpectStart(10);
  input_.in_group = input_.in_state = Offset(100);
  ExpectStart(100);
}

TEST_F(PlanInputsTest, FirstStartBeginsAtTheEarliest) {
  input_.in_group = input_.in_state = std::nullopt;
  ExpectStart(10);
  input_.range = {Offset(0), Offset(0)};
  ExpectStart(0);
}

TEST_F(PlanInputsTest, OffsetsThatWereReset) {
  input_.in_group = Offset(20);
  ExpectStop(
      {"commands-3", "offset is 20", "up to 50", "--offsets=from-state", "--offsets=from-group"});
  ExpectNot("--lost_inputs");
  ExpectNot("earliest");
  Choose(OperatorChoices::Offsets::kFromState);
  ExpectStart(50);
  Choose(OperatorChoices::Offsets::kFromGroup);
  ExpectStart(20);
}

TEST_F(PlanInputsTest, OffsetsThatAreGone) {
  input_.in_group.reset();
  ExpectStop({"commands-3", "offset is none", "up to 50", "--offsets=from-state",
              "--offsets=from-group", "the earliest record"});
  Choose(OperatorChoices::Offsets::kFromState);
  ExpectStart(50);
  Choose(OperatorChoices::Offsets::kFromGroup);
  ExpectStart(10);
}

TEST_F(PlanInputsTest, OffsetsWithoutState) {
  input_.in_state.reset();
  ExpectStop(
      {"commands-3", "offset is 50", "up to none", "--offsets=from-state", "--offsets=from-group"});
  Choose(OperatorChoices::Offsets::kFromState);
  ExpectStart(10);
  Choose(OperatorChoices::Offsets::kFromGroup);
  ExpectStart(50);
}

TEST_F(PlanInputsTest, TheChoiceForTheStateMayNeedAnother) {
  input_.in_group.reset();
  for (const int64_t lost : {9, 101}) {
    input_.in_state = Offset(lost);
    Choose(OperatorChoices::Offsets::kUndecided);
    ExpectStop({"commands-3", "holds offsets 10 to 100", "--lost_inputs=skip"});
    Choose(OperatorChoices::Offsets::kFromState);
    ExpectStop({"commands-3", "--lost_inputs=skip"});
  }
}

TEST_F(PlanInputsTest, RecordsThatRetentionDeleted) {
  input_.in_group = input_.in_state = Offset(4);
  ExpectStop({"commands-3", "from offset 4 to 9", "from offset 10", "--lost_inputs=skip"});
  choices_.skip_lost_inputs = true;
  ExpectStart(10);
}

TEST_F(PlanInputsTest, ATopicThatWasMadeAnew) {
  input_.in_group = input_.in_state = Offset(101);
  ExpectStop(
      {"commands-3", "ends at offset 100", "up to 101", "from offset 10", "--lost_inputs=skip"});
  choices_.skip_lost_inputs = true;
  ExpectStart(10);
}

TEST_F(PlanInputsTest, TheFlagsChangeNothingWhereAllFits) {
  choices_ = {.offsets = OperatorChoices::Offsets::kFromGroup,
              .changelogs_from_log = true,
              .skip_lost_inputs = true};
  ExpectStart(50);
  Choose(OperatorChoices::Offsets::kFromState);
  ExpectStart(50);
}

}  // namespace
}  // namespace streams
