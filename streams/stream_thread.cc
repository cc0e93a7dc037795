#include "streams/stream_thread.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/error_kinds.h"
#include "streams/internal_topics.h"
#include "streams/plan.h"

namespace streams {
namespace {

constexpr absl::Duration kStartPoll = absl::Milliseconds(1);
// A revoke holds up the whole group.
constexpr absl::Duration kRevokeCommitTimeout = absl::Seconds(5);
// The group is not served meanwhile.
constexpr absl::Duration kEndsTimeout = absl::Milliseconds(500);
constexpr absl::Duration kLongestRestartDelay = absl::Seconds(10);
constexpr absl::Duration kCheckpointRetryDelay = absl::Seconds(1);
// Of each cause.
constexpr uint64_t kLogLines = 5;
constexpr absl::Duration kLogPeriod = absl::Seconds(10);
// An input is not filled beyond this.
constexpr size_t kInputBuffer = 2000;
constexpr size_t kFetchBatch = 1000;
constexpr size_t kProcessBatch = 1000;

}  // namespace

StreamThread::StreamThread(const Topology& topology, const EngineConfig& config, Broker& broker,
                           Replicas& replicas, const base::Clock& clock, base::Metrics& metrics)
    : topology_(topology),
      config_(config),
      broker_(broker),
      replicas_(replicas),
      clock_(clock),
      metrics_(metrics),
      counted_(metrics, topology.store_names()),
      transactional_id_(absl::StrCat(config.application_id, "-", config.member_id)),
      sink_topics_(topology.sink_topics()),
      repartition_topic_(RepartitionTopic(config.application_id, topology.repartition_names()[0])),
      restart_delay_(kRestartDelay),
      waiting_(clock, base::LogLevel::kInfo),
      log_limit_(clock, kLogLines, kLogPeriod) {}

StreamThread::~StreamThread() { Park(); }

absl::Status StreamThread::RunOnce() {
  status_->Turned(clock_.Elapsed());
  if (consumer_ == nullptr) RETURN_IF_ERROR(Join());
  if (consumer_ == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(ServeGroup(PollTimeout()));
  if (producer_ != nullptr) producer_->Serve();
  if (start_ != nullptr) return ContinueStart();
  if (task_ != nullptr) return RunTask();
  return absl::OkStatus();
}

// ----------------------------------------------------------------- the group

absl::Status StreamThread::Join() {
  if (clock_.Elapsed() < join_not_before_) {
    clock_.Sleep(std::min(kIdlePoll, join_not_before_ - clock_.Elapsed()));
    return absl::OkStatus();
  }
  // At the first start the directory's lock is ours, and settling what our last process
  // left takes half a second: it overlaps with joining. Later only the owner may do it.
  if (producer_ == nullptr && join_not_before_ == absl::ZeroDuration()) {
    ProducerSpec spec = TransactionalSpec(transactional_id_);
    spec.initialize_early = true;
    ASSIGN_OR_RETURN(producer_, broker_.NewTransactionalProducer(spec));
  }
  ConsumerSpec spec{.topics = topology_.source_topics()};
  spec.topics.push_back(repartition_topic_);
  ASSIGN_OR_RETURN(consumer_, broker_.NewConsumer(spec));
  base::Log(base::LogLevel::kInfo, "joining the group", {{"group", config_.application_id}});
  status_->Set(ThreadStatus::Phase::kStarting, "joining the group");
  return absl::OkStatus();
}

absl::Status StreamThread::ServeGroup(absl::Duration timeout) {
  const GroupEvent event = consumer_->Poll(timeout);
  switch (event.kind) {
    case GroupEvent::Kind::kNone:
      return absl::OkStatus();
    case GroupEvent::Kind::kAssigned:
      return OnAssigned(event.partitions);
    case GroupEvent::Kind::kRevoked:
      return OnRevoked(/*lost=*/false);
    case GroupEvent::Kind::kLost:
      return OnRevoked(/*lost=*/true);
    case GroupEvent::Kind::kRestart:
      return Restart(event.reason, event.fenced);
  }
  return absl::OkStatus();
}

absl::Status StreamThread::OnAssigned(const std::vector<base::TopicPartition>& partitions) {
  counted_.assigned.Add();
  base::Log(
      base::LogLevel::kInfo, "assigned",
      {{"partitions", partitions.empty()
                          ? std::string("none (another worker has them)")
                          : absl::StrJoin(partitions, ",", [](std::string* out, const auto& tp) {
                              absl::StrAppend(out, base::ToString(tp));
                            })}});
  // Nothing is read before the starts are known; the group counts these as ours all the same.
  if (const absl::Status answered = consumer_->Assign({}); !answered.ok()) {
    return Restart(std::string(answered.message()), /*fenced=*/false);
  }
  RETURN_IF_ERROR(CheckAssignment(topology_, partitions));
  if (partitions.empty()) {
    status_->Set(ThreadStatus::Phase::kIdle, "another worker has the partitions");
    return absl::OkStatus();
  }

  // To own the repartition topic's partition is to own the state partition.
  const base::Partition partition = partitions.front().partition;
  std::vector<std::string> needed = topology_.source_topics();
  needed.push_back(repartition_topic_);
  for (const std::string& topic : needed) {
    const base::TopicPartition tp{topic, partition};
    if (std::find(partitions.begin(), partitions.end(), tp) != partitions.end()) continue;
    base::Log(base::LogLevel::kWarning, "waiting: the assignment lacks a partition",
              {{"missing", tp}});
    status_->Set(ThreadStatus::Phase::kStarting,
                 absl::StrCat("the assignment lacks ", base::ToString(tp)));
    return absl::OkStatus();
  }
  auto metadata = consumer_->Metadata();
  if (!metadata.ok()) return Restart(std::string(metadata.status().message()), /*fenced=*/false);
  metadata_ = *std::move(metadata);
  return BeginStart(partition);
}

absl::Status StreamThread::OnRevoked(bool lost) {
  base::Log(lost ? base::LogLevel::kWarning : base::LogLevel::kInfo,
            lost ? "partitions lost: the session ended" : "partitions revoked");
  (lost ? counted_.lost : counted_.revoked).Add();
  status_->Set(ThreadStatus::Phase::kStarting,
               lost ? "joining the group: the session ended" : "joining the group: a rebalance");
  if (task_ != nullptr && !lost) {
    const CommitResult result = TryCommit(kRevokeCommitTimeout, /*release=*/true);
    RETURN_IF_ERROR(FinishCommit(result));
    if (consumer_ == nullptr) return absl::OkStatus();  // it ended in a restart
  }
  if (lost || (task_ != nullptr && transaction_open_)) {
    // What a transaction of ours still holds open must not outlive our ownership; and who has
    // the partitions now may have ended what runs under our name.
    if (transaction_open_) counted_.Aborted(AbortReason::kLost);
    producer_.reset();
    producer_ready_ = transaction_open_ = false;
  }
  Park();
  const absl::Status answered = consumer_->Unassign();
  return answered.ok() ? absl::OkStatus() : Restart(std::string(answered.message()), false);
}

void StreamThread::Park() {
  ReportParked();
  start_.reset();
  task_.reset();
  if (replica_ != nullptr && assigned_.has_value()) {
    replicas_.Park(*assigned_, std::move(replica_));
  }
  replica_.reset();
  assigned_.reset();
  metadata_.reset();
}

absl::Status StreamThread::Restart(const std::string& why, bool fenced) {
  base::Log(base::LogLevel::kWarning, "starting this thread anew", {{"why", why}});
  if (fenced) {
    const std::vector<std::string> twins = consumer_->TwinClientIds(absl::Seconds(5));
    if (!twins.empty()) {
      Park();
      return absl::FailedPreconditionError(
          absl::StrCat("another process runs as member ", config_.member_id, " (client id ",
                       absl::StrJoin(twins, ", "), "): its state directory is a copy of this one. ",
                       "Remove one of the two; what is removed is restored from the changelogs"));
    }
  }
  Park();
  if (transaction_open_) counted_.Aborted(AbortReason::kRestart);
  producer_.reset();
  plain_producer_.reset();
  producer_ready_ = transaction_open_ = false;
  if (consumer_ != nullptr) consumer_->Close(/*leave=*/false);
  consumer_.reset();
  reader_.reset();
  join_not_before_ = clock_.Elapsed() + restart_delay_;
  restart_delay_ = std::min(2 * restart_delay_, kLongestRestartDelay);
  counted_.restarts.Add();
  status_->Set(ThreadStatus::Phase::kStarting, absl::StrCat("starting anew: ", why));
  return absl::OkStatus();
}

// ------------------------------------------------------------------- running

absl::Status StreamThread::RunTask() {
  if (const absl::Status fetched = FetchInputs(); !fetched.ok()) {
    return IsStop(fetched) ? fetched : Restart(std::string(fetched.message()), /*fenced=*/false);
  }
  if (task_->WantsEnds() && clock_.Elapsed() >= ask_ends_not_before_) {
    RETURN_IF_ERROR(AskEnds());
  }
  if (task_ == nullptr) return absl::OkStatus();
  const size_t room =
      record_limit_.records() - std::min(record_limit_.records(), task_->open_records());
  RETURN_IF_ERROR(task_->Process(std::min(kProcessBatch, room)).status());
  if (task_->outbox().size() > 0) RETURN_IF_ERROR(WriteOutputs());
  if (task_ == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(CommitIfDue());
  return task_ == nullptr ? absl::OkStatus() : Checkpoint();
}

absl::Status StreamThread::FetchInputs() {
  absl::Status status;
  for (size_t i = 0; status.ok() && i < task_->inputs(); ++i) {
    if (task_->queued(i) >= kInputBuffer) continue;
    // Deleted before it was processed, or, where we were stalled and another took over, after
    // it: the next start finds out, and says which records.
    status = consumer_->Fetch(task_->input(i), kFetchBatch, &fetched_);
    if (status.ok()) {
      task_->Add(i, std::span(fetched_), consumer_->Position(task_->input(i)));
    }
    fetched_.clear();  // also after an error: the consumer's end waits for its messages'
  }
  return status;
}

// What cannot be answered now is asked again in the next pass.
absl::Status StreamThread::AskEnds() {
  std::vector<base::TopicPartition> inputs;
  for (size_t i = 0; i < task_->inputs(); ++i) inputs.push_back(task_->input(i));
  const auto ends = reader_->StableEnds(inputs, kEndsTimeout);
  if (ends.ok()) {
    task_->SetEnds(*ends);
    return absl::OkStatus();
  }
  ask_ends_not_before_ = clock_.Elapsed() + kIdlePoll;
  base::Log(base::LogLevel::kDebug, "the inputs' ends are not known",
            {{"why", ends.status().message()}});
  return IsWait(ends.status()) ? absl::OkStatus()
                               : Restart(std::string(ends.status().message()), /*fenced=*/false);
}

absl::Status StreamThread::WriteOutputs() {
  Outbox& outbox = task_->outbox();
  ProduceResult written = BeginIfNeeded();
  Producer* producer = plain_producer_ != nullptr ? plain_producer_.get() : producer_.get();
  for (size_t i = 0; written.ok() && i < outbox.size(); ++i) {
    written = producer->Produce(outbox.Get(i));
  }
  outbox.Clear();
  return written.ok() ? absl::OkStatus() : Answer(written);
}

OpenTransaction StreamThread::Open() const {
  return {.records = task_->open_records(),
          .outputs = task_->open_outputs(),
          .keys = task_->open_keys(),
          .drained = task_->Drained(),
          .since_commit = clock_.Elapsed() - last_commit_};
}

absl::Status StreamThread::CommitIfDue() {
  const bool full = task_->open_records() >= record_limit_.records();
  if (!full && !ShouldCommit(Open(), config_.commit)) return absl::OkStatus();
  return Commit(kCommitTimeout, /*release=*/false);
}

absl::Duration StreamThread::PollTimeout() const {
  if (start_ != nullptr) return kStartPoll;
  if (task_ == nullptr) return kIdlePoll;
  // What is queued already wakes nobody.
  if (task_->HasReady()) return absl::ZeroDuration();
  absl::Duration timeout = kIdlePoll;
  if (task_->WantsEnds()) {
    timeout = std::max(absl::ZeroDuration(), ask_ends_not_before_ - clock_.Elapsed());
  }
  if (task_->open_records() > 0) {
    timeout = std::min(timeout, NextCommitIn(Open(), config_.commit));
  }
  return timeout;
}

absl::Status StreamThread::Checkpoint() {
  const absl::Duration now = clock_.Elapsed();
  ReportTask(now);
  const bool ran = replica_->checkpoint_running();
  const absl::Status ended = replica_->FinishCheckpoint();
  if (ran && !replica_->checkpoint_running()) ReportCheckpointEnd(ended, now);
  if (!ended.ok()) {
    // The state is safe in the changelogs: go on, and try again.
    base::Log(log_limit_, std::string(ended.message()), base::LogLevel::kError,
              "checkpoint failed, will be tried again",
              {{"why", ended.message()}, {"pending_keys", replica_->pending_keys()}});
    checkpoint_retry_ = now + kCheckpointRetryDelay;
  }
  if (replica_->checkpoint_running() || now < checkpoint_retry_) return absl::OkStatus();
  const CheckpointLimits& limits = config_.checkpoint;
  const bool due = replica_->pending_keys() >= limits.keys ||
                   replica_->pending_records() >= limits.records ||
                   (replica_->pending_records() > 0 && now - last_checkpoint_ >= limits.interval);
  if (!due) return absl::OkStatus();
  last_checkpoint_ = now;
  ReportCheckpointStart(now);
  replica_->StartCheckpoint();
  return absl::OkStatus();
}

absl::Status StreamThread::Stop(absl::Duration timeout) {
  status_->Set(ThreadStatus::Phase::kStopping, "stopping");
  const absl::Duration deadline = clock_.Elapsed() + timeout;
  absl::Status outcome;
  if (task_ != nullptr) {
    const CommitResult last = TryCommit(timeout / 2, /*release=*/true);
    if (last.kind == CommitResult::Kind::kCommitted) {
      outcome = FinishCommit(last);
    } else {
      // What was open is done again after the next start.
      base::Log(base::LogLevel::kWarning, "stopping without a last commit", {{"why", last.reason}});
    }
  }
  if (replica_ != nullptr) {
    const absl::Status put_down = replica_->CheckpointNow();
    if (!put_down.ok()) {
      base::Log(base::LogLevel::kError, "the last checkpoint failed; the next start reads more",
                {{"why", put_down.message()}});
    }
  }
  Leave(deadline - clock_.Elapsed());
  return outcome;
}

void StreamThread::Leave(absl::Duration timeout) {
  Park();
  producer_.reset();
  plain_producer_.reset();
  reader_.reset();
  if (consumer_ != nullptr && timeout > absl::ZeroDuration()) {
    consumer_->Close(config_.leave_group_on_stop);
  }
  consumer_.reset();
}

}  // namespace streams
