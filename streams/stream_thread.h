// The loop: one group member, one transactional producer, and the task of the partitions
// that the group gives it; one transaction commits outputs, changelogs and offsets.
//
//            +-----------------------------------------------+
//            |                                               | restart: handles destroyed,
//            v                                               | replica parked
//   start -> joining -> starting -> restoring -> running ----+
//              ^           |            |           |
//              +-----------+------------+-----------+  revoked or lost: replica parked
//
// A step (RunOnce) serves the group, then does a bounded piece of work. What one pass of
// a running task does:
//
//   fetch     records from the broker into the task's inputs, and the inputs' ends where
//             the order of what was fetched hangs on them
//   process   the task decides, outputs gather in its outbox
//   write     the outbox into the open transaction
//   commit    changelogs, offsets, commit; or abort and go back
//   checkpoint  committed state to disk, in the background
//
// Errors by kind: a transaction's is answered here by an abort and a rewind; a producer's,
// a consumer's or an unknown one by a restart of both; what only the operator can decide
// and bugs end the thread with a status. Nothing is lost by either. Where the broker refuses
// a record for good, transactions are made smaller until the input record that causes it
// stands alone; that one is processed again as refused.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "base/metrics.h"
#include "base/waiting_line.h"
#include "streams/broker.h"
#include "streams/commit_policy.h"
#include "streams/config.h"
#include "streams/record_limit.h"
#include "streams/replicas.h"
#include "streams/task.h"
#include "streams/task_figures.h"
#include "streams/task_start.h"
#include "streams/thread_metrics.h"
#include "streams/thread_status.h"
#include "streams/topology.h"

namespace streams {

class StreamThread {
 public:
  // All outlive the thread.
  StreamThread(const Topology& topology, const EngineConfig& config, Broker& broker,
               Replicas& replicas, const base::Clock& clock, base::Metrics& metrics);
  ~StreamThread();

  // One step; waits at most a tenth of a second where there is nothing to do, longer only
  // in calls to a broker that does not answer. Error: the thread has ended and says why.
  absl::Status RunOnce();

  // Commits, checkpoints and leaves, within `timeout` as far as the broker allows.
  absl::Status Stop(absl::Duration timeout);

  // After an error of RunOnce: gives up what it holds without a commit. Not at once where
  // no broker answers; with a timeout of 0 the group is left by its session timeout.
  void Leave(absl::Duration timeout);

  // Puts down what is committed. For another thread, while this one is known to stand still
  // in a call to the broker.
  absl::Status CheckpointNow() {
    return replica_ == nullptr ? absl::OkStatus() : replica_->CheckpointNow();
  }

  bool running() const { return task_ != nullptr; }

  // What it is about is told there from now on. Before the first step; `status` outlives it.
  void ReportTo(ThreadStatus* status) { status_ = status; }

 private:
  static constexpr absl::Duration kIdlePoll = absl::Milliseconds(100);
  static constexpr absl::Duration kInitTimeout = absl::Seconds(30);
  static constexpr absl::Duration kCommitTimeout = absl::Seconds(60);
  static constexpr absl::Duration kRestartDelay = absl::Milliseconds(500);

  // ---- the group (stream_thread.cc)
  absl::Status Join();
  absl::Status ServeGroup(absl::Duration timeout);
  absl::Status OnAssigned(const std::vector<base::TopicPartition>& partitions);
  absl::Status OnRevoked(bool lost);
  absl::Status Restart(const std::string& why, bool fenced);
  void Park();

  // ---- starting (stream_thread_start.cc)
  absl::Status BeginStart(base::Partition partition);
  absl::Status ContinueStart();
  absl::Status BecomeRunning();
  absl::Status EnsureProducer();
  absl::Status EndTransactionsOf(const std::string& transactional_id);
  absl::Status CompleteTransactionsOf(const std::string& transactional_id,
                                      const std::vector<base::TopicPartition>& changelogs,
                                      bool commit);
  ProduceResult WriteCompletion(TransactionalProducer& producer,
                                const std::vector<base::TopicPartition>& changelogs, bool commit);
  ProducerSpec TransactionalSpec(const std::string& id) const;

  // ---- running (stream_thread.cc)
  absl::Status RunTask();
  absl::Status FetchInputs();
  absl::Status AskEnds();
  absl::Status WriteOutputs();
  absl::Status CommitIfDue();
  OpenTransaction Open() const;
  absl::Duration PollTimeout() const;
  absl::Status Checkpoint();

  // ---- what is told of it (stream_thread_report.cc)
  void ReportStart(const std::vector<base::TopicPartition>& inputs);
  void ReportRestore();
  void ReportRunning();
  void ReportTask(absl::Duration now);
  void ReportCheckpointStart(absl::Duration now);
  void ReportCheckpointEnd(const absl::Status& outcome, absl::Duration now);
  void ReportParked();

  // ---- the transaction (stream_thread_transaction.cc)
  absl::Status Commit(absl::Duration timeout, bool release);
  CommitResult TryCommit(absl::Duration timeout, bool release);
  ProduceResult BeginIfNeeded();
  ProduceResult WriteChanges(const state::ChangeSet& changes);
  ProduceResult SendOffsets(absl::Duration timeout, bool release);
  absl::Status FinishCommit(const CommitResult& result);
  absl::Status RollBack(AbortReason reason, const std::string& why);
  absl::Status NarrowDown(const std::string& why);
  absl::Status Answer(const ProduceResult& failed);
  static absl::Status StoppedByRefusals(const std::string& why);
  base::TopicPartition Changelog(size_t store) const;
  TopicIndex ChangelogIndex(size_t store) const {
    return TopicIndex(static_cast<uint32_t>(sink_topics_.size() + store));
  }

  const Topology& topology_;
  const EngineConfig& config_;
  Broker& broker_;
  Replicas& replicas_;
  const base::Clock& clock_;
  base::Metrics& metrics_;
  ThreadMetrics counted_;
  const std::string transactional_id_;
  const std::vector<std::string> sink_topics_;
  const std::string repartition_topic_;

  std::unique_ptr<GroupConsumer> consumer_;
  std::unique_ptr<TransactionalProducer> producer_;
  std::unique_ptr<Producer> plain_producer_;  // outputs, where they need only be at least once
  std::unique_ptr<LogReader> reader_;
  std::shared_ptr<const GroupMetadata> metadata_;  // of the present assignment
  bool producer_ready_ = false;

  std::optional<base::Partition> assigned_;  // the state partition that the group gave us
  std::unique_ptr<TaskStart> start_;
  std::unique_ptr<state::Replica> replica_;
  std::unique_ptr<Task> task_;  // over replica_

  bool doubted_ = false;  // the last start found what only the operator can decide
  bool transaction_open_ = false;
  RecordLimit record_limit_;
  std::optional<Refusal> refusal_;  // of the record that was found to cause it
  absl::Duration last_commit_;
  absl::Duration last_checkpoint_;
  absl::Duration checkpoint_retry_;  // not before
  absl::Duration join_not_before_;
  absl::Duration restart_delay_;  // of the next one; longer where it never gets to run
  absl::Duration ask_ends_not_before_;
  base::WaitingLine waiting_;
  base::LogLimit log_limit_;
  std::vector<Message> fetched_;

  ThreadStatus own_status_;
  ThreadStatus* status_ = &own_status_;
  std::unique_ptr<TaskFigures> figures_;     // of the assigned task
  std::vector<state::CacheFigures> caches_;  // as they were told last
  int percent_restored_ = -1;                // the same
  size_t restored_ = 0;                      // the same
  absl::Duration figures_not_before_;
  struct {
    absl::Duration began;
    size_t keys = 0;
    size_t bytes = 0;
  } checkpoint_;  // the one that runs
};

}  // namespace streams
