// The start of a task over logs in memory, with a clock that stands where it is put.
#include "streams/task_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "streams/engine_records.h"
#include "streams/error_kinds.h"
#include "tests/support/borrowed_message.h"
#include "tests/support/memory_task.h"

namespace streams {
namespace {

using base::Offset;
using base::Partition;
using base::TopicPartition;
using testing::HasSubstr;

constexpr Partition kPartition{0};
constexpr state::StoreIndex kStore{0};
const TopicPartition kLog{"app-things-changelog", kPartition};
const TopicPartition kInput{"in", kPartition};
const TopicPartition kRepartition{"app-by-key-repartition", kPartition};
const base::Uuid kFounding = *base::ParseUuid("00000000-0000-0000-0000-000000000001");
// Keys of an application are no shorter.
std::string Key(const std::string& name) { return name + std::string(16, '.'); }

// One changelog, compacted as the test likes, and empty inputs.
class FakeReader final : public LogReader {
 public:
  struct Record {
    Offset offset;
    std::string key;
    std::optional<std::string> value;
  };

  absl::StatusOr<std::map<TopicPartition, LogRange>> Ranges(std::span<const TopicPartition> asked,
                                                            absl::Duration) override {
    std::map<TopicPartition, LogRange> ranges;
    for (const TopicPartition& partition : asked) {
      ranges[partition] =
          partition == kLog ? LogRange{Offset(0), end, stable_end.value_or(end)} : LogRange{};
      if (partition == kInput) ranges[partition] = input;
    }
    return ranges;
  }
  absl::StatusOr<std::vector<Offset>> StableEnds(std::span<const TopicPartition>,
                                                 absl::Duration) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status Assign(std::span<const PartitionStart> partitions) override {
    if (!partitions.empty()) read_from.push_back(partitions[0].from);
    told.reset();
    return absl::OkStatus();
  }
  absl::Status Poll(absl::Duration, Progress* progress) override {
    progress->messages.clear();
    progress->ends.clear();
    for (const Record& record : records) {
      if (record.offset < told.value_or(read_from.back())) continue;
      if (record.offset >= Readable()) continue;
      const auto value =
          record.value.has_value() ? std::optional<std::string_view>(*record.value) : std::nullopt;
      progress->messages.push_back(testing_support::Borrowed({.topic = kLog.topic,
                                                              .partition = kLog.partition,
                                                              .offset = record.offset,
                                                              .timestamp = base::Timestamp(1),
                                                              .key = record.key,
                                                              .value = value,
                                                              .headers = {}}));
    }
    if (told != Readable()) progress->ends.push_back({kLog, Readable()});
    told = Readable();
    return absl::OkStatus();
  }

  // The open transaction of most tests ends while it is read.
  Offset Readable() const { return stays_open && stable_end.has_value() ? *stable_end : end; }

  void Append(const std::string& key, std::optional<std::string> value) {
    records.push_back({end, key, std::move(value)});
    end = base::Next(end);
  }
  // What compaction and the end of delete.retention.ms leave of a deleted key: nothing.
  void Forget(const std::string& key) {
    std::erase_if(records, [&](const Record& record) { return record.key == key; });
  }

  std::deque<Record> records;
  Offset end{0};
  std::optional<Offset> stable_end;  // where a transaction is open
  bool stays_open = false;           // it
  LogRange input{Offset(0), Offset(9)};
  std::vector<Offset> read_from;  // by Assign
  std::optional<Offset> told;     // the end
};

class FakeConsumer final : public GroupConsumer {
 public:
  absl::StatusOr<std::map<TopicPartition, CommittedOffset>> Committed(
      std::span<const TopicPartition>, bool stable, absl::Duration) override {
    if (stable && held) return absl::DeadlineExceededError("an open transaction");
    return committed;
  }
  GroupEvent Poll(absl::Duration) override { return {}; }
  absl::StatusOr<std::shared_ptr<const GroupMetadata>> Metadata() override { return Unused(); }
  absl::Status Assign(std::span<const PartitionStart>) override { return Unused(); }
  absl::Status Unassign() override { return Unused(); }
  absl::Status Seek(std::span<const PartitionStart>) override { return Unused(); }
  absl::Status Fetch(const TopicPartition&, size_t, std::vector<Message>*) override {
    return Unused();
  }
  Offset Position(const TopicPartition&) const override { return Offset(0); }
  bool AssignmentLost() const override { return false; }
  std::vector<std::string> TwinClientIds(absl::Duration) override { return {}; }
  void Close(bool) override {}

  std::map<TopicPartition, CommittedOffset> committed;
  bool held = false;  // a transaction has sent offsets and not ended

 private:
  static absl::Status Unused() { return absl::UnimplementedError("not needed here"); }
};

class TaskStartTest : public testing::Test {
 protected:
  TaskStartTest() {
    config_.application_id = "app";
    config_.tombstone_retention = absl::Hours(48);
    reader_.Append(std::string(kIdentityKey), EncodeIdentity({.id = kFounding,
                                                              .application_id = "app",
                                                              .store = "things",
                                                              .partition = kPartition}));
    Write(Key("a"), "1");
    Write(Key("b"), "2");
  }

  // A transaction that has processed one more input record.
  void Write(const std::string& key, std::optional<std::string> value) {
    reader_.Append(key, std::move(value));
    std::string positions;
    EncodeInputPositions({{kInput, Offset(++processed_)}}, &positions);
    reader_.Append(std::string(kOffsetsKey), positions);
    consumer_.committed[kInput] = {.offset = Offset(processed_), .metadata = {}};
  }

  // Starts, checkpoints and stops. The status of the first step that failed.
  absl::Status Run() {
    TaskStart start({.consumer = &consumer_,
                     .reader = &reader_,
                     .replicas = &replicas_,
                     .clock = &clock_,
                     .end_transactions_of = [](const std::string&) { return absl::OkStatus(); },
                     .complete_transactions_of =
                         [this](const std::string& id, const std::vector<TopicPartition>& logs,
                                bool commit) { return Complete(id, logs, commit); },
                     .transactional_id = "app-0"},
                    config_, kPartition, {{"things", kLog}}, {kInput}, kRepartition);
    while (true) {
      const auto done = start.Step();
      clock_.elapsed += absl::Seconds(1);
      if (--steps_ == 0) return absl::OkStatus();
      if (IsWait(done.status()) && clock_.Elapsed() < give_up_) continue;
      if (!done.ok()) return done.status();
      if (*done) break;
    }
    starts_ = start.starts();
    founding_ = start.founding().size();
    std::unique_ptr<state::Replica> replica = start.TakeReplica();
    const absl::Status checkpoint = replica->CheckpointNow();
    replicas_.Park(kPartition, std::move(replica));
    return checkpoint;
  }

  // As by the broker: the transaction's end counts for what the producer left open before.
  absl::Status Complete(const std::string& id, const std::vector<TopicPartition>& logs,
                        bool commit) {
    completed_.push_back(absl::StrCat(id, commit ? " commits" : " aborts"));
    for (const TopicPartition& log : logs) completed_.push_back(base::ToString(log));
    if (id != unended_) return absl::OkStatus();
    consumer_.held = false;
    reader_.stable_end.reset();
    return absl::OkStatus();
  }

  // The stores, without what is the engine's.
  std::string Stores() {
    std::unique_ptr<state::Replica> replica = *replicas_.Acquire(kPartition);
    std::string text;
    EXPECT_TRUE(replica
                    ->Scan(kStore,
                           [&](std::string_view key, std::string_view value) {
                             if (key.size() >= state::kSmallestKey) {
                               absl::StrAppend(&text, std::string(key.substr(0, 1)), "=",
                                               std::string(value), " ");
                             }
                             return true;
                           })
                    .ok());
    replicas_.Park(kPartition, std::move(replica));
    return text;
  }

  void ExpectStop(std::initializer_list<const char*> names) {
    const absl::Status stop = Run();
    ASSERT_TRUE(absl::IsFailedPrecondition(stop)) << stop;
    for (const char* name : names) EXPECT_THAT(std::string(stop.message()), HasSubstr(name));
  }

  EngineConfig config_;
  testing_support::ManualClock clock_;
  FakeReader reader_;
  FakeConsumer consumer_;
  int64_t processed_ = 0;

  state::MemoryBackendFactory disk_;
  state::InlineExecutor executor_;
  Replicas replicas_{&disk_, {"things"}, &executor_};

  std::string unended_;                 // whose transaction the broker left without an end
  std::vector<std::string> completed_;  // producers, each followed by changelogs
  absl::Duration give_up_;              // waiting
  int steps_ = -1;                      // Run ends after so many

  std::vector<PartitionStart> starts_;  // of the last run
  size_t founding_ = 0;
};

TEST_F(TaskStartTest, ALostDiskReadsAllAndGoesOnWhereTheGroupStands) {
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "a=1 b=2 ");
  EXPECT_EQ(reader_.read_from.back(), Offset(0));
  ASSERT_EQ(starts_.size(), 1);
  EXPECT_EQ(starts_[0].from, Offset(2));
  EXPECT_EQ(founding_, 0);
}

TEST_F(TaskStartTest, LaterTheDelta) {
  ASSERT_TRUE(Run().ok());
  Write(Key("c"), "3");
  Write(Key("a"), std::nullopt);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "b=2 c=3 ");
  EXPECT_EQ(reader_.read_from.back(), Offset(5));
}

TEST_F(TaskStartTest, ASingleMissingOffsetIsAMarkerWhereNoTransactionIsOpen) {
  ASSERT_TRUE(Run().ok());
  const size_t reads = reader_.read_from.size();
  reader_.end = base::Next(reader_.end);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(reader_.read_from.size(), reads + 1);  // the identity alone
}

// It may be a record whose transaction commits, behind a marker that is passed already.
TEST_F(TaskStartTest, ASingleMissingOffsetIsReadWhereATransactionIsOpen) {
  ASSERT_TRUE(Run().ok());
  reader_.stable_end = reader_.end;
  reader_.Append(Key("c"), "3");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "a=1 b=2 c=3 ");
}

TEST_F(TaskStartTest, OffsetsWhoseMarkerTheBrokerHasLostAreCompleted) {
  consumer_.held = true;
  unended_ = "app-0";
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(completed_, testing::ElementsAre("app-0 commits"));
}

TEST_F(TaskStartTest, APredecessorsOffsetsAreCompletedUnderItsName) {
  consumer_.committed[kInput].metadata = "app-1";
  consumer_.held = true;
  unended_ = "app-1";
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(completed_, testing::ElementsAre("app-1 commits", "app-0 commits"));
}

TEST_F(TaskStartTest, AMarkerThatComesLateIsWaitedFor) {
  consumer_.held = true;
  give_up_ = clock_.Elapsed() + absl::Seconds(4);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Run()));
  EXPECT_THAT(completed_, testing::IsEmpty());
}

TEST_F(TaskStartTest, AChangelogBehindTheGroupIsCompleted) {
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  reader_.stays_open = true;
  reader_.stable_end = reader_.end;
  Write(Key("c"), "3");  // its offsets have their marker
  unended_ = "app-0";
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(completed_, testing::ElementsAre("app-0 commits", base::ToString(kLog)));
  EXPECT_EQ(Stores(), "a=1 b=2 c=3 ");
}

TEST_F(TaskStartTest, AChangelogBehindTheLocalStateIsCompleted) {
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  reader_.stays_open = true;
  const Offset before = reader_.end;
  Write(Key("c"), "3");
  ASSERT_TRUE(Run().ok());
  reader_.stable_end = before;
  reader_.end = base::Next(base::Next(reader_.end));  // more is open behind it
  unended_ = "app-0";
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(completed_, testing::ElementsAre("app-0 commits", base::ToString(kLog)));
}

TEST_F(TaskStartTest, WhatNobodyKnowsOfWasAborted) {
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  reader_.stays_open = true;
  reader_.stable_end = reader_.end;
  reader_.Append(Key("c"), "3");
  reader_.Append(Key("d"), "4");
  steps_ = 14;
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(completed_, testing::ElementsAre("app-0 aborts", base::ToString(kLog)));
}

TEST_F(TaskStartTest, AFoundingWhoseMarkersAreLostIsCompleted) {
  reader_.stays_open = true;
  reader_.stable_end = Offset(0);
  consumer_.committed[kInput].metadata = "app-1";  // the group's marker was not, or supplied
  unended_ = "app-1";
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  EXPECT_TRUE(Run().ok());
  EXPECT_THAT(completed_, testing::ElementsAre("app-1 commits", base::ToString(kLog),
                                               "app-0 commits", base::ToString(kLog)));
  EXPECT_EQ(Stores(), "a=1 b=2 ");
}

TEST_F(TaskStartTest, AnOpenFoundingOfNobodyWhoHasCommittedIsLeftAlone) {
  reader_.stays_open = true;
  reader_.stable_end = Offset(0);
  give_up_ = clock_.Elapsed() + absl::Minutes(1);
  EXPECT_TRUE(absl::IsUnavailable(Run()));
  EXPECT_THAT(completed_, testing::IsEmpty());
}

TEST_F(TaskStartTest, WhatIsOfSomebodyElseIsNotEndedAgainAndAgain) {
  consumer_.held = true;
  unended_ = "a stranger";
  give_up_ = clock_.Elapsed() + absl::Minutes(10);
  const absl::Status waits = Run();
  EXPECT_TRUE(absl::IsDeadlineExceeded(waits)) << waits;
  EXPECT_THAT(std::string(waits.message()), HasSubstr("find-hanging"));
  EXPECT_LE(completed_.size(), 8u);
  EXPECT_GE(completed_.size(), 2u);
}

// One that was stalled restores what others write meanwhile, one store further than another.
TEST_F(TaskStartTest, ARestoreAloneIsNoTransactionsEnd) {
  ASSERT_TRUE(Run().ok());
  Write(Key("c"), "3");
  ASSERT_TRUE(Run().ok());
  const std::unique_ptr<state::Replica> replica = *replicas_.Acquire(kPartition);
  EXPECT_FALSE(replica->positions().consistent);
}

TEST_F(TaskStartTest, FirstStart) {
  reader_.records.clear();
  reader_.end = Offset(0);
  consumer_.committed.clear();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(founding_, 1);
  EXPECT_EQ(starts_[0].from, Offset(0));
}

// The tombstone of a has come and gone while we were away.
TEST_F(TaskStartTest, StateTooOldForTheTombstonesIsReadAnewAside) {
  ASSERT_TRUE(Run().ok());
  Write(Key("a"), std::nullopt);
  reader_.Forget(Key("a"));
  clock_.now = base::Timestamp(clock_.now.value() + 24 * 60 * 60 * 1000 + 1);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "b=2 ");
  EXPECT_EQ(reader_.read_from.back(), Offset(0));
  EXPECT_FALSE(*disk_.Exists("0.restoring"));
  // Now it is young again.
  Write(Key("c"), "3");
  ASSERT_TRUE(Run().ok());
  EXPECT_NE(reader_.read_from.back(), Offset(0));
}

// Just young enough: the tombstones that it needs are all there.
TEST_F(TaskStartTest, StateOfHalfTheTombstonesAgeIsUsed) {
  ASSERT_TRUE(Run().ok());
  Write(Key("a"), std::nullopt);
  clock_.now = base::Timestamp(clock_.now.value() + 24 * 60 * 60 * 1000);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "b=2 ");
  EXPECT_EQ(reader_.read_from.back(), Offset(5));
}

TEST_F(TaskStartTest, LocalStateStandsUntilNothingIsLeftToDecide) {
  ASSERT_TRUE(Run().ok());
  // An old backup of the log.
  reader_.records.resize(3);
  reader_.end = Offset(3);
  ExpectStop({"app-things-changelog-0", "lost its tail", "--changelogs=from-log"});
  config_.choices.changelogs_from_log = true;
  ExpectStop({"in-0", "offset is 2", "up to 1", "--offsets=from-state"});
  EXPECT_EQ(Stores(), "a=1 b=2 ");
  config_.choices.offsets = OperatorChoices::Offsets::kFromState;
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "a=1 ");
  EXPECT_EQ(starts_[0].from, Offset(1));
}

TEST_F(TaskStartTest, AnEmptiedLogByTheOperatorsWord) {
  ASSERT_TRUE(Run().ok());
  reader_.records.clear();
  reader_.end = Offset(0);
  ExpectStop({"app-things-changelog-0", "empty", "--changelogs=from-log", "--offsets=from-group"});
  config_.choices.changelogs_from_log = true;
  ExpectStop({"in-0", "up to none"});
  EXPECT_EQ(Stores(), "a=1 b=2 ");
  config_.choices.offsets = OperatorChoices::Offsets::kFromGroup;
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "");
  EXPECT_EQ(founding_, 1);
  EXPECT_EQ(starts_[0].from, Offset(2));
}

TEST_F(TaskStartTest, ARebuildReadsAllOnceAndKeepsWhatWasThere) {
  {  // Whatever it is.
    auto backend = disk_.Open("0", {"things"});
    ASSERT_TRUE(backend.ok());
    state::Batch damage;
    damage.marks.emplace_back("positions", "no positions");
    ASSERT_TRUE((*backend)->Apply(damage).ok());
  }
  EXPECT_FALSE(Run().ok());
  replicas_.Rebuild("aside");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Stores(), "a=1 b=2 ");
  EXPECT_TRUE(*disk_.Exists("0.aside"));
  EXPECT_FALSE(*disk_.Exists("0.restoring"));
  EXPECT_EQ(starts_[0].from, Offset(2));
  // The thread starts again, in the same process.
  ASSERT_TRUE(disk_.Remove("0.aside").ok());
  Write(Key("c"), "3");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(reader_.read_from.back(), Offset(5));
  EXPECT_FALSE(*disk_.Exists("0.aside"));
}

TEST_F(TaskStartTest, ARebuildFromNothingIsAStopThatLeavesLocalStateAlone) {
  ASSERT_TRUE(Run().ok());
  reader_.records.clear();
  reader_.end = Offset(0);
  consumer_.committed.clear();
  replicas_.Rebuild("aside");
  ExpectStop({"app-things-changelog-0", "are empty", "--rebuild has nothing"});
  EXPECT_FALSE(*disk_.Exists("0.aside"));
  EXPECT_EQ(Stores(), "a=1 b=2 ");
}

TEST_F(TaskStartTest, ARebuildThatIsNotBroughtToItsEndLeavesLocalStateInItsPlace) {
  ASSERT_TRUE(Run().ok());
  consumer_.committed[kInput].offset = Offset(1);
  replicas_.Rebuild("aside");
  ExpectStop({"in-0", "offset is 1", "up to 2"});
  EXPECT_FALSE(*disk_.Exists("0.aside"));
  EXPECT_EQ(Stores(), "a=1 b=2 ");
}

TEST_F(TaskStartTest, WhatAnEarlierProcessLeftAsideIsRemoved) {
  { ASSERT_TRUE(disk_.Open("0.restoring", {"things"}).ok()); }
  ASSERT_TRUE(Run().ok());
  EXPECT_FALSE(*disk_.Exists("0.restoring"));
}

TEST_F(TaskStartTest, SomethingElseWroteToTheLog) {
  reader_.records.push_back({reader_.end, "", "x"});
  reader_.records.erase(reader_.records.begin());
  ExpectStop({"app-things-changelog-0", "does not begin with an identity"});
}

}  // namespace
}  // namespace streams
