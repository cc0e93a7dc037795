// state-dump --verify over logs in memory: what moves while it looks is not called wrong, and
// what cannot be checked is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "serde/store_codecs.h"
#include "streams/internal_topics.h"
#include "tests/streams/fake_admin.h"
#include "tests/support/borrowed_message.h"
#include "tools/dump/verify.h"

namespace dump {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kStores = {"characters", "parties", "party-sequence"};

std::string Key(uint32_t character) {
  std::string key;
  serde::CharacterCodec::EncodeKey({{}, model::CharacterId(character)}, &key);
  return key;
}

std::string Value(uint8_t level) {
  std::string value;
  model::Character character;
  character.level = model::Level(level);
  serde::CharacterCodec::EncodeValue(character, &value);
  return value;
}

struct Record {
  int64_t offset;
  std::string key;
  std::string value;
};

// The changelog of the characters; the others are empty.
struct Log {
  std::vector<Record> records;
  int64_t end = 0;
  int64_t stable_end = 0;
  // Before each question for the ends.
  std::function<void(Log* log)> changes;
};

class Reader final : public streams::LogReader {
 public:
  explicit Reader(Log* log) : log_(log) {}

  absl::StatusOr<std::map<base::TopicPartition, streams::LogRange>> Ranges(
      std::span<const base::TopicPartition> partitions, absl::Duration) override {
    if (log_->changes) log_->changes(log_);
    std::map<base::TopicPartition, streams::LogRange> ranges;
    for (const base::TopicPartition& one : partitions) ranges[one] = {};
    ranges[partitions[0]] = {.start = base::Offset(0),
                             .end = base::Offset(log_->end),
                             .stable_end = base::Offset(log_->stable_end)};
    return ranges;
  }
  absl::StatusOr<std::vector<base::Offset>> StableEnds(std::span<const base::TopicPartition>,
                                                       absl::Duration) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status Assign(std::span<const streams::PartitionStart> partitions) override {
    starts_.assign(partitions.begin(), partitions.end());
    return absl::OkStatus();
  }
  absl::Status Poll(absl::Duration, Progress* progress) override {
    progress->messages.clear();
    progress->ends.clear();
    for (const streams::PartitionStart& start : starts_) {
      for (const Record& record : log_->records) {
        if (base::Offset(record.offset) < start.from) continue;
        const base::RecordView view{.topic = start.partition.topic,
                                    .partition = start.partition.partition,
                                    .offset = base::Offset(record.offset),
                                    .timestamp = base::kNoTimestamp,
                                    .key = record.key,
                                    .value = record.value,
                                    .headers = {}};
        progress->messages.push_back(testing_support::Borrowed(view));
      }
      progress->ends.push_back({start.partition, base::Offset(log_->end)});
    }
    return absl::OkStatus();
  }

 private:
  Log* log_;
  std::vector<streams::PartitionStart> starts_;
};

class FakeBroker final : public streams::Broker {
 public:
  FakeBroker() {
    for (const std::string& store : kStores) {
      const std::string topic = streams::ChangelogTopic("app", store);
      admin_.topics[topic] = {.description = {.partitions = 1, .replication_factor = 1},
                              .settings = streams::ChangelogSpec(topic, 1, 1).settings};
    }
  }
  absl::StatusOr<std::unique_ptr<streams::GroupConsumer>> NewConsumer(
      const streams::ConsumerSpec&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::StatusOr<std::unique_ptr<streams::TransactionalProducer>> NewTransactionalProducer(
      const streams::ProducerSpec&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::StatusOr<std::unique_ptr<streams::Producer>> NewProducer(
      const streams::ProducerSpec&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::StatusOr<std::unique_ptr<streams::LogReader>> NewLogReader() override {
    return std::make_unique<Reader>(&log);
  }
  streams::Admin& admin() override { return admin_; }

  Log log;

 private:
  streams::FakeAdmin admin_;
};

class VerifyTest : public testing::Test {
 protected:
  // Character 1 at level 10, by the record at 0; the store stands at 1.
  VerifyTest() {
    sources_.push_back(*EmptySource(base::Partition(0), kStores, &executor_));
    broker_.log = {.records = {{0, Key(1), Value(10)}}, .end = 1, .stable_end = 1, .changes = {}};
    Store(1, 10);
    replica().set_position(state::StoreIndex(0), base::Offset(1));
    replica().set_consistent(true);
    replica().set_current_as_of(base::SystemClock().Now());
  }

  state::Replica& replica() { return *sources_[0].replica; }
  void Store(uint32_t character, uint8_t level) {
    replica().Apply(state::StoreIndex(0), Key(character), Value(level));
  }
  // Its lines; whether all was right.
  std::string Run() {
    testing::internal::CaptureStdout();
    {
      Output output(Style::Plain());
      const auto verified = Verify("app", kStores, broker_, sources_, options_, &output);
      EXPECT_TRUE(verified.ok()) << verified.status();
      right_ = verified.value_or(false);
    }
    return testing::internal::GetCapturedStdout();
  }

  state::InlineExecutor executor_;
  std::vector<Source> sources_;
  FakeBroker broker_;
  Options options_ = [] {
    Options options;
    options.json = true;
    return options;
  }();
  bool right_ = false;
};

TEST_F(VerifyTest, NothingDiffers) {
  EXPECT_THAT(
      Run(), HasSubstr(R"({"verified":{"right":1,"differences":0,"rules_broken":0,)"
                       R"("unreadable_stores":0,"superseded":0,"undecided":0,"not_checked":[]}})"));
  EXPECT_TRUE(right_);
}

TEST_F(VerifyTest, WhatDiffersWheneverOneLooksIsTold) {
  Store(2, 20);
  EXPECT_THAT(Run(), HasSubstr(R"("difference":"ghost")"));
  EXPECT_FALSE(right_);
}

// Between the taking of the ends and the reading, compaction has removed character 2's record
// for the sake of one behind the end.
TEST_F(VerifyTest, ALogThatIsCompactedWhileItIsReadIsNotCalledWrong) {
  Store(2, 20);
  broker_.log.changes = [looks = 0](Log* log) mutable {
    if (++looks != 2) return;
    log->records.push_back({1, Key(2), Value(21)});
    log->end = log->stable_end = 2;
  };
  const std::string out = Run();
  EXPECT_THAT(out, Not(HasSubstr(R"("difference")")));
  EXPECT_TRUE(right_);
}

// Their records below the position are gone.
TEST_F(VerifyTest, WhatIsSupersededIsListedAndIsNotWrong) {
  for (uint32_t i = 2; i < 32; ++i) {
    Store(i, 20);
    broker_.log.records.push_back({i, Key(i), Value(21)});
  }
  broker_.log.end = broker_.log.stable_end = 32;
  const std::string out = Run();
  EXPECT_THAT(out, HasSubstr(R"({"not_checked":"superseded","state_partition":0,)"
                             R"("store":"characters","object":"character 31 of tenant )"
                             R"(00000000-0000-0000-0000-000000000000","offset":31})"));
  EXPECT_THAT(out, Not(HasSubstr(R"("difference")")));
  EXPECT_THAT(out, HasSubstr(R"("superseded":30,)"));
  EXPECT_TRUE(right_);
  options_.json = false;
  const std::string table = Run();
  EXPECT_THAT(table, HasSubstr("character 2 of tenant 00000000-0000-0000-0000-000000000000: "
                               "superseded, not checkable: of its records only those from offset "
                               "2 on are left\n"));
  EXPECT_THAT(table, Not(HasSubstr("character 22 of")));
  EXPECT_THAT(table, HasSubstr("... and 10 more of store characters that are superseded"));
  options_.shown = 30;
  EXPECT_THAT(Run(), HasSubstr("character 31 of"));
}

// A transaction that has begun at 1 is open; others have been committed behind it.
TEST_F(VerifyTest, AStoreThatStandsBehindTheDecidedEndIsComparedUpToThere) {
  broker_.log.records.push_back({2, Key(2), Value(20)});
  broker_.log.records.push_back({3, Key(1), Value(11)});
  broker_.log.end = 5;
  Store(1, 11);
  Store(2, 20);
  replica().set_position(state::StoreIndex(0), base::Offset(5));
  const std::string out = Run();
  EXPECT_THAT(out, Not(HasSubstr(R"("difference")")));
  EXPECT_THAT(out, HasSubstr(R"({"not_checked":"undecided","state_partition":0,)"
                             R"("store":"characters","object":"character 2 of)"));
  EXPECT_THAT(out, HasSubstr(R"("undecided":2,"not_checked":["state partition 0: 2 entries of )"
                             R"(store characters: from offset 1 to the store's position 5 )"));
  EXPECT_TRUE(right_);
  broker_.log.stable_end = 5;
  EXPECT_THAT(Run(), HasSubstr(R"("right":2,"differences":0)"));
  Store(3, 30);
  EXPECT_THAT(Run(), HasSubstr(R"("difference":"ghost")"));
}

// Compaction comes between two looks: what is told is what was seen last.
TEST_F(VerifyTest, WhatTurnsOutToBeSupersededIsListed) {
  Store(2, 20);
  broker_.log.changes = [looks = 0](Log* log) mutable {
    if (++looks != 2) return;
    log->records.push_back({1, Key(2), Value(21)});
    log->end = log->stable_end = 2;
  };
  EXPECT_THAT(Run(), HasSubstr(R"("not_checked":"superseded")"));
}

// A party's record without its members', as a transaction that is being written.
TEST_F(VerifyTest, WhatIsBehindTheDecidedEndIsNotLookedAt) {
  broker_.log.records.push_back({1, Key(0), Value(1)});  // nobody: a rule would be broken
  broker_.log.end = 2;
  const std::string out = Run();
  EXPECT_THAT(out, Not(HasSubstr(R"("difference")")));
  EXPECT_THAT(out, HasSubstr("a transaction was open"));
  EXPECT_TRUE(right_);
  broker_.log.stable_end = 2;
  EXPECT_THAT(Run(), HasSubstr("character 0 of tenant"));
  EXPECT_FALSE(right_);
}

TEST_F(VerifyTest, InTheMiddleOfARestoreTheRulesAreNotChecked) {
  replica().set_consistent(false);
  Store(0, 1);
  broker_.log.records.push_back({1, Key(0), Value(1)});
  broker_.log.end = broker_.log.stable_end = 2;
  replica().set_position(state::StoreIndex(0), base::Offset(2));
  const std::string out = Run();
  EXPECT_THAT(out, HasSubstr("in the middle of a restore"));
  EXPECT_THAT(out, Not(HasSubstr(R"("where":"checkpoint")")));
}

TEST_F(VerifyTest, ACheckpointThatIsTooOldIsNotCompared) {
  Store(2, 20);  // deleted since, perhaps, and the deletion is gone
  replica().set_current_as_of(base::Timestamp(base::SystemClock().Now().value() -
                                              absl::ToInt64Milliseconds(absl::Hours(24 * 4))));
  const std::string out = Run();
  EXPECT_THAT(out, Not(HasSubstr(R"("difference")")));
  EXPECT_THAT(out, HasSubstr("delete.retention.ms"));
  EXPECT_TRUE(right_);
}

// By a clock that was wrong; a worker would set it aside, too.
TEST_F(VerifyTest, ACheckpointOfTheFutureIsNotCompared) {
  Store(2, 20);
  replica().set_current_as_of(base::Timestamp(base::SystemClock().Now().value() +
                                              absl::ToInt64Milliseconds(absl::Hours(2))));
  const std::string out = Run();
  EXPECT_THAT(out, Not(HasSubstr(R"("difference")")));
  EXPECT_THAT(out, HasSubstr("or of the future"));
  EXPECT_TRUE(right_);
}

}  // namespace
}  // namespace dump
