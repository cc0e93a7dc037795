#include "streams/stream_thread.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/internal_topics.h"

namespace streams {
namespace {

constexpr absl::Duration kIdlePoll = absl::Milliseconds(100);
constexpr absl::Duration kStartPoll = absl::Milliseconds(1);
constexpr absl::Duration kInitTimeout = absl::Seconds(30);
constexpr absl::Duration kCommitTimeout = absl::Seconds(60);
// A revoke holds up the whole group.
constexpr absl::Duration kRevokeCommitTimeout = absl::Seconds(5);
// The group is not served meanwhile.
constexpr absl::Duration kEndsTimeout = absl::Milliseconds(500);
constexpr absl::Duration kRestartDelay = absl::Milliseconds(500);
constexpr absl::Duration kLongestRestartDelay = absl::Seconds(10);
constexpr absl::Duration kCheckpointRetryDelay = absl::Seconds(1);
// An input is not filled beyond this.
constexpr size_t kInputBuffer = 2000;
constexpr size_t kFetchBatch = 1000;
constexpr size_t kProcessBatch = 1000;
// What comes of a refused record gets smaller each time; if that does not help, it is not
// the record.
constexpr int kMostRefusals = 3;

bool IsWait(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

bool IsStop(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsDataLoss(status) ||
         absl::IsInvalidArgument(status) || absl::IsPermissionDenied(status);
}

// A failed call's kind, as the outcome of the commit that it was for.
CommitResult AsCommit(const ProduceResult& failed) {
  CommitResult result;
  result.reason = failed.reason;
  switch (failed.kind) {
    case ProduceResult::Kind::kOk:
      break;
    case ProduceResult::Kind::kRejected:
      result.kind = CommitResult::Kind::kRejected;
      break;
    case ProduceResult::Kind::kAbort:
      result.kind = CommitResult::Kind::kAbort;
      break;
    case ProduceResult::Kind::kRestart:
      result.kind = CommitResult::Kind::kUnknown;
      break;
  }
  return result;
}

absl::Status StoppedByRefusals(const std::string& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("the broker refuses records again and again: ", why,
                   ". Nothing is lost: the inputs are still at the committed offsets. Check the ",
                   "limits of the topic that is named"));
}

}  // namespace

StreamThread::StreamThread(const Topology& topology, const EngineConfig& config, Broker& broker,
                           Replicas& replicas, const base::Clock& clock, base::Metrics& metrics)
    : topology_(topology),
      config_(config),
      broker_(broker),
      replicas_(replicas),
      clock_(clock),
      metrics_(metrics),
      transactional_id_(absl::StrCat(config.application_id, "-", config.member_id)),
      sink_topics_(topology.sink_topics()),
      repartition_topic_(RepartitionTopic(config.application_id, topology.repartition_names()[0])),
      restart_delay_(kRestartDelay),
      waiting_(clock, base::LogLevel::kInfo) {}

StreamThread::~StreamThread() { Park(); }

absl::Status StreamThread::RunOnce() {
  if (consumer_ == nullptr) RETURN_IF_ERROR(Join());
  if (consumer_ == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(ServeGroup(PollTimeout()));
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
  if (partitions.empty()) return absl::OkStatus();

  // To own the repartition topic's partition is to own the state partition.
  const base::Partition partition = partitions.front().partition;
  std::vector<std::string> needed = topology_.source_topics();
  needed.push_back(repartition_topic_);
  for (const std::string& topic : needed) {
    const base::TopicPartition tp{topic, partition};
    if (std::find(partitions.begin(), partitions.end(), tp) != partitions.end()) continue;
    base::Log(base::LogLevel::kWarning, "waiting: the assignment lacks a partition",
              {{"missing", tp}});
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
  if (task_ != nullptr && !lost) {
    const CommitResult result = TryCommit(kRevokeCommitTimeout, /*release=*/true);
    RETURN_IF_ERROR(FinishCommit(result));
    if (consumer_ == nullptr) return absl::OkStatus();  // it ended in a restart
  }
  if (lost || (task_ != nullptr && transaction_open_)) {
    // What a transaction of ours still holds open must not outlive our ownership; and who has
    // the partitions now may have ended what runs under our name.
    producer_.reset();
    producer_ready_ = transaction_open_ = false;
  }
  Park();
  const absl::Status answered = consumer_->Unassign();
  return answered.ok() ? absl::OkStatus() : Restart(std::string(answered.message()), false);
}

void StreamThread::Park() {
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
  producer_.reset();
  plain_producer_.reset();
  producer_ready_ = transaction_open_ = false;
  if (consumer_ != nullptr) consumer_->Close(/*leave=*/false);
  consumer_.reset();
  reader_.reset();
  join_not_before_ = clock_.Elapsed() + restart_delay_;
  restart_delay_ = std::min(2 * restart_delay_, kLongestRestartDelay);
  metrics_.GetCounter("thread.restarts").Add();
  return absl::OkStatus();
}

// ------------------------------------------------------------------ starting

absl::Status StreamThread::BeginStart(base::Partition partition) {
  assigned_ = partition;
  if (reader_ == nullptr) {
    ASSIGN_OR_RETURN(reader_, broker_.NewLogReader());
  }
  std::vector<std::pair<std::string, base::TopicPartition>> stores;
  for (size_t i = 0; i < topology_.stores().size(); ++i) {
    stores.emplace_back(topology_.stores()[i].name, Changelog(i));
  }
  std::vector<base::TopicPartition> inputs;
  for (const std::string& topic : topology_.source_topics()) inputs.push_back({topic, partition});
  start_ = std::make_unique<TaskStart>(
      TaskStart::Environment{
          .consumer = consumer_.get(),
          .reader = reader_.get(),
          .replicas = &replicas_,
          .clock = &clock_,
          .end_transactions_of = [this](const std::string& id) { return EndTransactionsOf(id); },
          .transactional_id = transactional_id_},
      config_, partition, std::move(stores), std::move(inputs),
      base::TopicPartition{repartition_topic_, partition});
  return absl::OkStatus();
}

absl::Status StreamThread::ContinueStart() {
  if (!producer_ready_) {
    const absl::Status ready = EnsureProducer();
    if (!ready.ok()) return IsStop(ready) ? ready : Restart(std::string(ready.message()), false);
  }
  const absl::StatusOr<bool> done = start_->Step();
  if (done.ok()) return *done ? BecomeRunning() : absl::OkStatus();
  if (IsWait(done.status())) {
    waiting_.Say(done.status());
    return absl::OkStatus();
  }
  // Looked at twice, the second time by a member that has just joined: one that was stalled
  // may have held what it had read before against what another has written since.
  if (IsStop(done.status()) && std::exchange(doubted_, true)) return done.status();
  return Restart(std::string(done.status().message()), /*fenced=*/false);
}

absl::Status StreamThread::BecomeRunning() {
  doubted_ = false;
  replica_ = start_->TakeReplica();
  ASSIGN_OR_RETURN(task_,
                   Task::Create(topology_, replica_.get(), clock_, metrics_,
                                {.partition = *assigned_, .cache_bytes = config_.cache_bytes}));
  const std::vector<PartitionStart> starts = start_->starts();
  for (size_t i = 0; i < starts.size(); ++i) task_->StartAt(i, starts[i].from);
  task_->Found(start_->founding());
  if (refusal_.has_value()) task_->SetRefused(*refusal_);
  start_.reset();
  // Else it would go on reading what we write, and its questions would wait on that.
  if (const absl::Status rested = reader_->Assign({}); !rested.ok()) {
    return Restart(std::string(rested.message()), /*fenced=*/false);
  }
  last_checkpoint_ = clock_.Elapsed();
  base::Log(base::LogLevel::kInfo, "running",
            {{"plan", "fused"},
             {"state_partition", *assigned_},
             {"inputs", absl::StrJoin(starts, ",", [](std::string* out, const auto& start) {
                absl::StrAppend(out, base::ToString(start.partition), "@", start.from.value());
              })}});
  // The first transaction says who owns the state from here on, and founds a new one.
  const CommitResult first = TryCommit(kCommitTimeout, /*release=*/false);
  if (first.kind != CommitResult::Kind::kCommitted) {
    // There is nothing to go back to yet.
    return first.kind == CommitResult::Kind::kRejected ? StoppedByRefusals(first.reason)
                                                       : Restart(first.reason, /*fenced=*/false);
  }
  RETURN_IF_ERROR(FinishCommit(first));
  if (task_ == nullptr) return absl::OkStatus();
  restart_delay_ = kRestartDelay;
  const absl::Status assigned = consumer_->Assign(starts);
  return assigned.ok() ? absl::OkStatus() : Restart(std::string(assigned.message()), false);
}

ProducerSpec StreamThread::TransactionalSpec(const std::string& id) const {
  ProducerSpec spec{.transactional_id = id, .topics = sink_topics_, .reported = {}};
  for (const std::string& store : topology_.store_names()) {
    spec.reported.emplace_back(static_cast<uint32_t>(spec.topics.size()));
    spec.topics.push_back(ChangelogTopic(config_.application_id, store));
  }
  return spec;
}

absl::Status StreamThread::EnsureProducer() {
  if (producer_ == nullptr) {
    ASSIGN_OR_RETURN(producer_,
                     broker_.NewTransactionalProducer(TransactionalSpec(transactional_id_)));
  }
  if (config_.output_guarantee == OutputGuarantee::kAtLeastOnce && plain_producer_ == nullptr) {
    ASSIGN_OR_RETURN(
        plain_producer_,
        broker_.NewProducer({.transactional_id = {}, .topics = sink_topics_, .reported = {}}));
  }
  const ProduceResult ready = producer_->InitTransactions(kInitTimeout);
  if (!ready.ok()) return absl::AbortedError(absl::StrCat("init_transactions: ", ready.reason));
  producer_ready_ = true;
  return absl::OkStatus();
}

// Where it cannot be done (the id may be forbidden to us), the broker does it when the
// transaction times out.
absl::Status StreamThread::EndTransactionsOf(const std::string& transactional_id) {
  ProducerSpec spec{.transactional_id = transactional_id, .topics = {}, .reported = {}};
  ASSIGN_OR_RETURN(const auto producer, broker_.NewTransactionalProducer(spec));
  const ProduceResult ended = producer->InitTransactions(kInitTimeout);
  if (!ended.ok()) {
    base::Log(base::LogLevel::kWarning, "a predecessor's transactions must time out",
              {{"transactional_id", transactional_id}, {"why", ended.reason}});
  }
  return absl::OkStatus();
}

base::TopicPartition StreamThread::Changelog(size_t store) const {
  return {ChangelogTopic(config_.application_id, topology_.stores()[store].name), *assigned_};
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
  if (const absl::Status ended = replica_->FinishCheckpoint(); !ended.ok()) {
    // The state is safe in the changelogs: go on, and try again.
    base::Log(base::LogLevel::kError, "checkpoint failed, will be tried again",
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
  replica_->StartCheckpoint();
  return absl::OkStatus();
}

absl::Status StreamThread::Stop(absl::Duration timeout) {
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

// ----------------------------------------------------------- the transaction

absl::Status StreamThread::Commit(absl::Duration timeout, bool release) {
  return FinishCommit(TryCommit(timeout, release));
}

CommitResult StreamThread::TryCommit(absl::Duration timeout, bool release) {
  if (consumer_->AssignmentLost()) {
    return {
        .kind = CommitResult::Kind::kUnknown, .reason = "the group session was lost", .ends = {}};
  }
  ProduceResult step = BeginIfNeeded();
  if (step.ok()) step = WriteChanges(task_->PrepareCommit());
  if (step.ok() && plain_producer_ != nullptr) step = plain_producer_->Flush(timeout);
  if (step.ok()) step = SendOffsets(timeout, release);
  if (!step.ok()) return AsCommit(step);
  return producer_->Commit(timeout);
}

ProduceResult StreamThread::BeginIfNeeded() {
  if (transaction_open_) return {};
  const ProduceResult begun = producer_->Begin();
  transaction_open_ = begun.ok();
  return begun;
}

ProduceResult StreamThread::WriteChanges(const state::ChangeSet& changes) {
  ProduceResult written;
  for (size_t i = 0; written.ok() && i < changes.size(); ++i) {
    const state::ChangeSet::Change change = changes[i];
    written = producer_->Produce(
        {.topic = TopicIndex(static_cast<uint32_t>(sink_topics_.size() + change.store.value())),
         .partition = *assigned_,
         .key = change.key,
         .value = change.value,
         .headers = {}});
  }
  return written;
}

ProduceResult StreamThread::SendOffsets(absl::Duration timeout, bool release) {
  std::vector<OffsetToCommit> offsets;
  for (const auto& [partition, position] : task_->positions()) {
    offsets.push_back({.partition = partition,
                       .position = position,
                       .metadata = release ? std::string_view() : transactional_id_});
  }
  return producer_->SendOffsets(offsets, *metadata_, timeout);
}

absl::Status StreamThread::FinishCommit(const CommitResult& result) {
  last_commit_ = clock_.Elapsed();
  switch (result.kind) {
    case CommitResult::Kind::kCommitted:
      break;
    case CommitResult::Kind::kAbort:
      return RollBack(result.reason);
    case CommitResult::Kind::kRejected:
      return NarrowDown(result.reason);
    case CommitResult::Kind::kUnknown:
      return Restart(result.reason, /*fenced=*/false);
  }
  transaction_open_ = false;
  metrics_.GetCounter("transactions.committed").Add();
  metrics_.GetCounter("records.processed").Add(task_->open_records());
  std::vector<std::optional<base::Offset>> ends;
  for (size_t i = 0; i < topology_.stores().size(); ++i) {
    const auto end = result.ends.find(Changelog(i));
    ends.push_back(end == result.ends.end() ? std::nullopt : std::optional(end->second));
  }
  if (!task_->EndsKnown(ends)) {
    return Restart("the broker did not say where changelog records were written", false);
  }
  if (task_->open_records() > 0) {
    record_limit_.Passed();
    refusal_.reset();
  }
  task_->Committed(ends);
  return absl::OkStatus();
}

// The broker refuses for good what some record of the transaction causes. Half as many
// records a time, until it is found.
absl::Status StreamThread::NarrowDown(const std::string& why) {
  metrics_.GetCounter("transactions.refused").Add();
  const size_t records = task_->open_records();
  record_limit_.Refused(records);
  if (records == 1) {
    const auto [partition, offset] = task_->only_open_record();
    const bool again =
        refusal_.has_value() && refusal_->partition == partition && refusal_->offset == offset;
    refusal_ = Refusal{.partition = partition,
                       .offset = offset,
                       .reason = again ? refusal_->reason : why,
                       .times = again ? refusal_->times + 1 : 1};
    base::Log(base::LogLevel::kWarning, "the broker refuses what a record causes",
              {{"record", absl::StrCat(base::ToString(partition), "@", offset.value())},
               {"times", refusal_->times},
               {"why", why}});
    if (refusal_->times > kMostRefusals) return StoppedByRefusals(why);
    task_->SetRefused(*refusal_);
  } else if (records == 0) {
    return StoppedByRefusals(why);
  }
  return RollBack(why);
}

absl::Status StreamThread::RollBack(const std::string& why) {
  base::Log(base::LogLevel::kWarning, "transaction aborted, going back to the committed offsets",
            {{"why", why}});
  metrics_.GetCounter("transactions.aborted").Add();
  const ProduceResult aborted = producer_->Abort(kInitTimeout);
  if (!aborted.ok()) return Restart(aborted.reason, /*fenced=*/false);
  transaction_open_ = false;
  task_->RolledBack();
  std::vector<PartitionStart> starts;
  for (const auto& [partition, position] : task_->positions()) {
    starts.push_back({partition, position});
  }
  const absl::Status sought = consumer_->Seek(starts);
  return sought.ok() ? absl::OkStatus() : Restart(std::string(sought.message()), false);
}

absl::Status StreamThread::Answer(const ProduceResult& failed) {
  return FinishCommit(AsCommit(failed));
}

}  // namespace streams
