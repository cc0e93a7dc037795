// A task over an application of two inputs that writes down what it is fed: the order of
// its inputs, its transactions, and what was refused.

#include "streams/task.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "state/replica.h"
#include "streams/topology.h"
#include "tests/support/borrowed_message.h"
#include "tests/support/manual_clock.h"

namespace streams {
namespace {

// A count of the records, under one key.
struct CountCodec {
  using Key = std::string;
  using Value = int;
  static constexpr std::string_view kName = "counts";
  static void EncodeKey(const Key& key, std::string* out) { out->append(key); }
  static void EncodeValue(const Value& value, std::string* out) { absl::StrAppend(out, value); }
  static absl::Status DecodeValue(std::string_view bytes, Value* value) {
    *value = std::stoi(std::string(bytes));
    return absl::OkStatus();
  }
};
const std::string kCount = "the count of all";
constexpr base::MetricName kWritten{"written_total", "Records that were written down."};

class Scribe final : public Processor<base::RecordView> {
 public:
  absl::Status Init(ProcessorContext& context) override {
    context_ = &context;
    written_ = &context.counters().Get(kWritten, {});
    ASSIGN_OR_RETURN(out_, context.Child<RawRecord>("out"));
    ASSIGN_OR_RETURN(counts_, context.GetStore<CountCodec>());
    return absl::OkStatus();
  }
  absl::Status Process(const base::RecordView& record) override {
    context_->counters().Count(*written_);
    ASSIGN_OR_RETURN(const int* const before, counts_->Get(kCount));
    const int count = before == nullptr ? 1 : *before + 1;
    RETURN_IF_ERROR(counts_->Put(kCount, count));
    const Refusal* refused = context_->record().refused;
    const std::string line =
        absl::StrCat(count, ":", std::string(*record.value),
                     refused == nullptr ? "" : absl::StrCat(" refused ", refused->times));
    return out_->Process({.key = std::nullopt, .value = line});
  }

 private:
  ProcessorContext* context_ = nullptr;
  OpenCounter* written_ = nullptr;
  Receiver<RawRecord>* out_ = nullptr;
  state::Store<CountCodec>* counts_ = nullptr;
};

// One processor of both inputs, so that they share its store.
Topology TwoInputs() {
  Topology topology;
  const auto first = topology.AddSource("first", "first");
  const auto second = topology.AddSource("second", "second");
  const auto scribe =
      topology.AddProcessor("scribe", {first, second}, [] { return std::make_unique<Scribe>(); });
  topology.AddStore<CountCodec>(scribe);
  topology.AddRawSink("out", "out", {scribe});
  return topology;
}

constexpr size_t kFirst = 0;
constexpr size_t kSecond = 1;

class TaskTest : public testing::Test {
 protected:
  TaskTest() {
    const auto topology = TwoInputs();
    replica_ = *state::Replica::Open(*disk_.Open("0", {"counts"}), 1, &executor_);
    task_ = *Task::Create(topology, replica_.get(), clock_, metrics_, {.cache_bytes = 1 << 20});
    task_->StartAt(kFirst, base::Offset(0));
    task_->StartAt(kSecond, base::Offset(0));
  }

  // A record whose value is its name; it is written now, and handed out.
  void Feed(size_t input, int64_t timestamp, const std::string& name) {
    names_.push_back(name);
    base::RecordView view{.topic = task_->input(input).topic,
                          .partition = base::Partition(0),
                          .offset = task_->fetched(input),
                          .timestamp = base::Timestamp(timestamp),
                          .key = std::nullopt,
                          .value = names_.back(),
                          .headers = {}};
    std::vector<Message> messages;
    messages.push_back(testing_support::Borrowed(view));
    task_->Add(input, std::span(messages), base::Next(view.offset));
  }
  void SetEnds(int64_t first, int64_t second) {
    const std::vector<base::Offset> ends = {base::Offset(first), base::Offset(second)};
    task_->SetEnds(ends);
  }
  // What is processed now, and written out.
  std::string Process(size_t max = 100) {
    EXPECT_TRUE(task_->Process(max).ok());
    std::string text;
    for (size_t i = 0; i < task_->outbox().size(); ++i) {
      absl::StrAppend(&text, text.empty() ? "" : " ", std::string(*task_->outbox().Get(i).value));
    }
    task_->outbox().Clear();
    return text;
  }
  void Commit() {
    task_->PrepareCommit();
    const std::vector<std::optional<base::Offset>> ends = {base::Offset(++end_)};
    ASSERT_TRUE(task_->EndsKnown(ends));
    task_->Committed(ends);
  }

  testing_support::ManualClock clock_;
  base::Metrics metrics_;
  state::InlineExecutor executor_;
  state::MemoryBackendFactory disk_;
  std::unique_ptr<state::Replica> replica_;
  std::unique_ptr<Task> task_;
  std::deque<std::string> names_;
  int64_t end_ = 0;
};

// --------------------------------------------------------------- the order of inputs

TEST_F(TaskTest, MergesByTimestampThenByTheOrderOfTheSources) {
  Feed(kSecond, 1, "s1");
  Feed(kSecond, 3, "s3");
  Feed(kFirst, 2, "f2");
  Feed(kFirst, 3, "f3");
  SetEnds(2, 2);
  EXPECT_EQ(Process(), "1:s1 2:f2 3:f3 4:s3");
}

TEST_F(TaskTest, WithRecordsOfEachInputNobodyNeedsToBeAsked) {
  Feed(kFirst, 1, "f1");
  Feed(kSecond, 2, "s2");
  EXPECT_FALSE(task_->WantsEnds());
  EXPECT_EQ(Process(), "1:f1");
  // Now the first is empty, and what it holds is not known.
  EXPECT_TRUE(task_->WantsEnds());
}

TEST_F(TaskTest, AnEmptyInputHoldsTheOthersUpUntilItsEndIsKnown) {
  Feed(kSecond, 5, "s5");
  EXPECT_TRUE(task_->WantsEnds());
  EXPECT_EQ(Process(), "");
  SetEnds(1, 1);  // the first has one that has not been handed out
  EXPECT_FALSE(task_->WantsEnds());
  EXPECT_EQ(Process(), "");
  Feed(kFirst, 4, "f4");
  EXPECT_EQ(Process(), "1:f4 2:s5");
}

// Both were written before the second was handed out; the first came late.
TEST_F(TaskTest, AnEndFromBeforeTheRecordWasWrittenProvesNothing) {
  SetEnds(0, 0);
  Feed(kSecond, 5, "s5");
  EXPECT_EQ(Process(), "");
  EXPECT_TRUE(task_->WantsEnds());
  SetEnds(1, 1);
  EXPECT_EQ(Process(), "");
  Feed(kFirst, 4, "f4");
  EXPECT_EQ(Process(), "1:f4 2:s5");
}

TEST_F(TaskTest, TwoAnswersCoverAWholeBacklog) {
  Feed(kSecond, 1, "s1");
  SetEnds(0, 3);
  EXPECT_EQ(Process(), "1:s1");
  // Counted in the first answer, but perhaps written after the first input was looked at.
  Feed(kSecond, 2, "s2");
  EXPECT_TRUE(task_->WantsEnds());
  SetEnds(0, 3);
  EXPECT_EQ(Process(), "2:s2");
  Feed(kSecond, 3, "s3");
  EXPECT_FALSE(task_->WantsEnds());
  EXPECT_EQ(Process(), "3:s3");
  Feed(kSecond, 4, "s4");
  EXPECT_TRUE(task_->WantsEnds());
}

TEST_F(TaskTest, WhatHoldsNoRecordsIsPassedOver) {
  Feed(kSecond, 5, "s5");
  SetEnds(2, 1);
  EXPECT_EQ(Process(), "");
  // The first holds markers only.
  task_->Add(kFirst, {}, base::Offset(2));
  EXPECT_EQ(Process(), "1:s5");
}

TEST_F(TaskTest, DrainedWhereAllThatIsKnownOfIsProcessed) {
  Feed(kFirst, 1, "f1");
  Feed(kSecond, 2, "s2");
  SetEnds(1, 2);
  EXPECT_FALSE(task_->Drained());
  EXPECT_EQ(Process(), "1:f1 2:s2");
  EXPECT_FALSE(task_->Drained());  // there is one more in the second
  Feed(kSecond, 3, "s3");
  SetEnds(1, 2);
  Process();
  EXPECT_TRUE(task_->Drained());
}

// --------------------------------------------------------------- transactions

TEST_F(TaskTest, ARollbackGoesBackToTheCommittedStateAndPositions) {
  Feed(kFirst, 1, "f1");
  SetEnds(1, 0);
  EXPECT_EQ(Process(), "1:f1");
  Commit();
  Feed(kFirst, 2, "f2");
  SetEnds(2, 0);
  EXPECT_EQ(Process(), "2:f2");
  EXPECT_EQ(task_->open_records(), 1u);
  EXPECT_EQ(task_->only_open_record().offset, base::Offset(1));
  EXPECT_EQ(task_->positions().at(task_->input(kFirst)), base::Offset(2));

  task_->RolledBack();
  EXPECT_EQ(task_->open_records(), 0u);
  EXPECT_EQ(task_->positions().at(task_->input(kFirst)), base::Offset(1));
  EXPECT_EQ(task_->fetched(kFirst), base::Offset(1));
  Feed(kFirst, 2, "f2");
  EXPECT_EQ(Process(), "2:f2");  // counted once
  EXPECT_EQ(metrics_.GetCounter(kWritten).value(), 1u);
  Commit();
  EXPECT_EQ(metrics_.GetCounter(kWritten).value(), 2u);
}

TEST_F(TaskTest, OnlyCommittedChangesReachTheReplica) {
  Feed(kFirst, 1, "f1");
  SetEnds(1, 0);
  Process();
  std::string value;
  EXPECT_FALSE(*replica_->Get(state::StoreIndex(0), kCount, &value));
  Commit();
  EXPECT_TRUE(*replica_->Get(state::StoreIndex(0), kCount, &value));
  EXPECT_EQ(value, "1");
  EXPECT_EQ(replica_->positions().next[0], base::Offset(1));
}

TEST_F(TaskTest, AnUnreportedEndIsNoticed) {
  Feed(kFirst, 1, "f1");
  SetEnds(1, 0);
  Process();
  task_->PrepareCommit();
  const std::vector<std::optional<base::Offset>> none = {std::nullopt};
  EXPECT_FALSE(task_->EndsKnown(none));
}

TEST_F(TaskTest, ARefusedRecordIsToldSoUntilItIsCommitted) {
  Feed(kFirst, 1, "f1");
  Feed(kFirst, 2, "f2");
  SetEnds(2, 0);
  EXPECT_EQ(Process(1), "1:f1");
  task_->SetRefused({.partition = task_->input(kFirst),
                     .offset = task_->only_open_record().offset,
                     .reason = "too large",
                     .times = 1});
  for (int round = 0; round < 2; ++round) {
    task_->RolledBack();
    Feed(kFirst, 1, "f1");
    Feed(kFirst, 2, "f2");
    EXPECT_EQ(Process(), "1:f1 refused 1 2:f2");
  }
  Commit();
  task_->StartAt(kFirst, base::Offset(0));  // not what a worker does
  Feed(kFirst, 1, "f1");
  SetEnds(1, 0);
  EXPECT_EQ(Process(), "3:f1");
}

}  // namespace
}  // namespace streams
