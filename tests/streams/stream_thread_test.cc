// The stream thread over a simulated cluster, in situations that the simulation found.

#include "streams/stream_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "streams/internal_topics.h"
#include "streams/sim/sim_broker.h"
#include "streams/topic_setup.h"
#include "tests/sim/workload.h"
#include "tests/support/metric_values.h"

namespace streams {
namespace {

constexpr char kApplication[] = "party";

// A worker whose time passes after each step.
class TestWorker final : public sim::Hooks {
 public:
  TestWorker(const Topology& topology, sim::Cluster* cluster, const std::string& name)
      : cluster_(cluster),
        broker_(cluster,
                {.group = kApplication, .member_id = name, .client_id = name, .is_static = true},
                static_cast<sim::Hooks*>(this)),
        topology_(topology),
        replicas_(&disk_, topology.store_names(), &executor_) {
    config_.application_id = kApplication;
    config_.member_id = name;
    config_.tombstone_retention = absl::Hours(168);
    Restart();
  }

  void Restart() {
    thread_ = std::make_unique<StreamThread>(topology_, config_, broker_, replicas_,
                                             cluster_->clock(), metrics_);
    thread_->ReportTo(&status);
  }
  StreamThread& thread() { return *thread_; }
  base::Metrics& metrics() { return metrics_; }

  bool Pause(absl::Duration) override {
    ++pauses;
    return false;
  }
  bool Beats() const override { return beats; }
  sim::Verdict Before(sim::Call call) override { return before ? before(call) : sim::Verdict::kGo; }

  ThreadStatus status;
  bool beats = true;
  int pauses = 0;  // how often it has waited for something to happen
  std::function<sim::Verdict(sim::Call)> before;

 private:
  sim::Cluster* cluster_;
  sim::SimBroker broker_;
  const Topology& topology_;
  EngineConfig config_;
  state::InlineExecutor executor_;
  state::MemoryBackendFactory disk_;
  Replicas replicas_;
  base::Metrics metrics_;
  std::unique_ptr<StreamThread> thread_;
};

class StreamThreadTest : public testing::Test {
 protected:
  StreamThreadTest() {
    sim::SimBroker broker(&cluster_, {.group = kApplication, .member_id = {}, .client_id = {}},
                          &calm_);
    TopicSetup setup;
    setup.application_id = kApplication;
    setup.create_topics = true;
    EXPECT_TRUE(SetUpTopics(topology_, setup, broker.admin()).ok());
  }

  // Steps of a worker, each of 50 ms. What it stopped for.
  absl::Status Run(TestWorker& worker, absl::Duration duration) {
    const absl::Duration end = clock_.Elapsed() + duration;
    while (clock_.Elapsed() < end) {
      const absl::Status status = worker.thread().RunOnce();
      if (!status.ok()) return status;
      Pass(absl::Milliseconds(50));
    }
    return absl::OkStatus();
  }
  void Pass(absl::Duration duration) {
    clock_.Advance(duration);
    cluster_.Tick();
  }

  // Somebody else's open transaction in the first changelog.
  void OpenForeignTransaction() {
    auto& transactions = cluster_.transactions();
    const int32_t epoch = transactions.InitProducer("foreign", absl::Minutes(1), cluster_.now());
    base::Offset offset;
    ASSERT_TRUE(transactions.Append("foreign", epoch, FirstChangelog(), sim::Record{},
                                    cluster_.now(), &offset));
  }
  base::TopicPartition FirstChangelog() const {
    return {ChangelogTopic(kApplication, topology_.store_names()[0]), base::Partition(0)};
  }

  struct Calm final : sim::Hooks {
    bool Pause(absl::Duration) override { return false; }
  };

  const Topology topology_ = topology::PartyTopology(simulation::OuterTopics(), {});
  sim::VirtualClock clock_;
  sim::Cluster cluster_{&clock_};
  Calm calm_;
};

TEST_F(StreamThreadTest, StartsAndRuns) {
  TestWorker worker(topology_, &cluster_, "a");
  EXPECT_TRUE(Run(worker, absl::Seconds(2)).ok());
  EXPECT_TRUE(worker.thread().running());
}

// As an operator sees it who asks for its health.
TEST_F(StreamThreadTest, TellsWhatItIsAbout) {
  using Phase = ThreadStatus::Phase;
  TestWorker first(topology_, &cluster_, "a");
  EXPECT_EQ(first.status.view().phase, Phase::kStarting);
  ASSERT_TRUE(Run(first, absl::Seconds(2)).ok());
  EXPECT_EQ(first.status.view().phase, Phase::kRunning);
  EXPECT_EQ(first.status.view().detail, "state partition 0");
  EXPECT_EQ(testing_support::MetricSum(first.metrics(), "tasks_running"), 1);

  TestWorker second(topology_, &cluster_, "b");
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(Run(first, absl::Milliseconds(50)).ok());
    ASSERT_TRUE(Run(second, absl::Milliseconds(50)).ok());
  }
  EXPECT_EQ(first.status.view().phase, Phase::kRunning);
  EXPECT_EQ(second.status.view().phase, Phase::kIdle);
  EXPECT_EQ(testing_support::MetricSum(second.metrics(), "assigned_partitions"), 0);

  // The first one is silent for longer than its session.
  first.beats = false;
  std::vector<std::string> restoring;
  const absl::Duration end = clock_.Elapsed() + absl::Minutes(1);
  while (second.status.view().phase != Phase::kRunning && clock_.Elapsed() < end) {
    ASSERT_TRUE(second.thread().RunOnce().ok());
    EXPECT_EQ(second.status.last_turn(), clock_.Elapsed());
    const ThreadStatus::View view = second.status.view();
    if (view.phase == Phase::kRestoring) restoring.push_back(view.detail);
    Pass(absl::Milliseconds(50));
  }
  EXPECT_EQ(second.status.view().phase, Phase::kRunning);
  ASSERT_FALSE(restoring.empty());
  EXPECT_EQ(restoring.front(), "restoring 0 %");
  EXPECT_GT(testing_support::MetricSum(second.metrics(), "restored_records_total"), 0);
  EXPECT_EQ(testing_support::MetricSum(second.metrics(), "restore_remaining_offsets"), 0);

  // What was its own is shown until it hears that it has lost it.
  first.beats = true;
  while (first.status.view().phase == Phase::kRunning && clock_.Elapsed() < end) {
    ASSERT_TRUE(Run(first, absl::Milliseconds(50)).ok());
  }
  EXPECT_EQ(first.metrics().Snapshot().families().count("tasks_running"), 0u);
  EXPECT_TRUE(second.thread().Stop(absl::Seconds(1)).ok());
  EXPECT_EQ(second.status.view().phase, Phase::kStopping);
}

// What comes to the new partition would be read by nobody, and nobody would know.
TEST_F(StreamThreadTest, StopsWherePartitionsAreAddedToAnInput) {
  const std::string& input = simulation::OuterTopics().party_commands;
  TestWorker first(topology_, &cluster_, "a");
  TestWorker second(topology_, &cluster_, "b");
  ASSERT_TRUE(Run(first, absl::Seconds(2)).ok());
  ASSERT_TRUE(first.thread().running());

  cluster_.FindTopic(input)->partitions.emplace_back();
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    ASSERT_TRUE(Run(first, absl::Milliseconds(50)).ok());
    status = Run(second, absl::Milliseconds(50));
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), testing::HasSubstr("there is a partition 1"));
  EXPECT_THAT(status.message(), testing::HasSubstr(input));

  // Without the other, it is given to the first.
  second.thread().Leave(absl::Seconds(1));
  status = Run(first, absl::Minutes(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_FALSE(first.thread().running());
}

// More than the task takes in at once, of each input: when all is fetched nobody wakes the
// thread any more, and there is still work.
TEST_F(StreamThreadTest, WhatIsQueuedIsNotSleptOver) {
  constexpr int kRecords = 5000;
  for (const std::string& topic : topology_.source_topics()) {
    for (int i = 0; i < kRecords; ++i) {
      cluster_.Append(
          {topic, base::Partition(0)},
          {.timestamp = base::Timestamp(1 + i), .key = {}, .value = "{}", .headers = {}},
          sim::kNoTransaction);
    }
  }
  TestWorker worker(topology_, &cluster_, "a");
  while (!worker.thread().running()) {
    ASSERT_TRUE(worker.thread().RunOnce().ok());
    Pass(absl::Milliseconds(50));
  }
  worker.pauses = 0;
  const auto processed = [&] {
    return static_cast<int>(testing_support::MetricSum(worker.metrics(), "records_consumed_total"));
  };
  for (int steps = 0; processed() < 3 * kRecords && steps < 1000; ++steps) {
    ASSERT_EQ(worker.pauses, 0) << "after " << processed() << " records";
    ASSERT_TRUE(worker.thread().RunOnce().ok());
    clock_.Advance(absl::Milliseconds(1));
  }
  EXPECT_EQ(processed(), 3 * kRecords);
}

// A founder that was killed in its first transaction leaves it open: what lies behind it
// cannot be seen, and is not nothing.
TEST_F(StreamThreadTest, AnOpenTransactionIsNoEmptyChangelog) {
  OpenForeignTransaction();
  TestWorker worker(topology_, &cluster_, "a");
  EXPECT_TRUE(Run(worker, absl::Seconds(5)).ok());
  EXPECT_FALSE(worker.thread().running());
  worker.Restart();
  const absl::Status status = Run(worker, absl::Minutes(2));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(worker.thread().running());
}

TEST_F(StreamThreadTest, AConsumerThatCannotAssignIsReplaced) {
  TestWorker worker(topology_, &cluster_, "a");
  int failures = 0;
  worker.before = [&](sim::Call call) {
    if (call != sim::Call::kAssign || failures == 3) return sim::Verdict::kGo;
    ++failures;
    return sim::Verdict::kFatal;
  };
  const absl::Status status = Run(worker, absl::Seconds(5));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(failures, 3);
  EXPECT_TRUE(worker.thread().running());
}

// Stalled for longer than its session, it finds that its inputs are deleted: they were
// processed by its successor.
TEST_F(StreamThreadTest, InputsThatASuccessorHasProcessedMayBeGone) {
  TestWorker stalled(topology_, &cluster_, "a");
  ASSERT_TRUE(Run(stalled, absl::Seconds(2)).ok());
  stalled.beats = false;
  Pass(absl::Seconds(20));
  TestWorker successor(topology_, &cluster_, "b");
  const base::TopicPartition input{simulation::OuterTopics().party_commands, base::Partition(0)};
  for (int i = 0; i < 3; ++i) {
    cluster_.Append(input, {.timestamp = clock_.Now(), .key = {}, .value = "bad", .headers = {}},
                    sim::kNoTransaction);
  }
  ASSERT_TRUE(Run(successor, absl::Seconds(5)).ok());
  ASSERT_TRUE(cluster_.FindLog(input)->DeleteBefore(base::Offset(3)));

  // Its library has not heard yet that the session is over.
  stalled.before = [&](sim::Call call) {
    stalled.beats = call != sim::Call::kPoll;
    return sim::Verdict::kGo;
  };
  const absl::Status stale = stalled.thread().RunOnce();
  EXPECT_TRUE(stale.ok()) << stale;
  stalled.before = nullptr;
  stalled.beats = true;
  const absl::Status status = Run(stalled, absl::Seconds(5));
  EXPECT_TRUE(status.ok()) << status;
}

// Stalled in the middle of its start, it holds what it had read before against what its
// successor has written.
TEST_F(StreamThreadTest, WhatWasReadBeforeAStallStopsNobody) {
  OpenForeignTransaction();
  TestWorker stalled(topology_, &cluster_, "a");
  bool done = false;
  stalled.before = [&](sim::Call call) {
    if (call != sim::Call::kReaderPoll || done) return sim::Verdict::kGo;
    done = true;
    stalled.beats = false;
    Pass(absl::Minutes(2));
    TestWorker successor(topology_, &cluster_, "b");
    EXPECT_TRUE(Run(successor, absl::Seconds(5)).ok());
    EXPECT_TRUE(successor.thread().running());
    stalled.beats = true;
    return sim::Verdict::kGo;
  };
  const absl::Status status = Run(stalled, absl::Minutes(1));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace streams
