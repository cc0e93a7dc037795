// From an assignment to a running task.

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/engine_records.h"
#include "streams/error_kinds.h"
#include "streams/internal_topics.h"
#include "streams/stream_thread.h"

namespace streams {

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
  ReportStart(inputs);
  start_ = std::make_unique<TaskStart>(
      TaskStart::Environment{
          .consumer = consumer_.get(),
          .reader = reader_.get(),
          .replicas = &replicas_,
          .clock = &clock_,
          .end_transactions_of = [this](const std::string& id) { return EndTransactionsOf(id); },
          .complete_transactions_of =
              [this](const std::string& id, const std::vector<base::TopicPartition>& changelogs,
                     bool commit) { return CompleteTransactionsOf(id, changelogs, commit); },
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
  ReportRestore();
  if (done.ok()) return *done ? BecomeRunning() : absl::OkStatus();
  if (IsWait(done.status())) {
    waiting_.Say(done.status());
    percent_restored_ = -1;  // told again when it goes on
    status_->Set(ThreadStatus::Phase::kStarting,
                 absl::StrCat("waiting: ", std::string(done.status().message())));
    return absl::OkStatus();
  }
  // Looked at twice, the second time by a member that has just joined: one that was stalled
  // may have held what it had read before against what another has written since.
  if (!IsStop(done.status())) {
    return Restart(std::string(done.status().message()), /*fenced=*/false);
  }
  if (std::exchange(doubted_, true)) return done.status();
  base::Log(base::LogLevel::kDebug, "found at a first look", {{"why", done.status().message()}});
  return Restart("something does not fit; it is looked at once more", /*fenced=*/false);
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
  ReportRunning();
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

// The end of a transaction by the same producer is the end of the one before, too, in each
// partition that both have (docs/decisions/0014-lost-markers.md).
absl::Status StreamThread::CompleteTransactionsOf(
    const std::string& transactional_id, const std::vector<base::TopicPartition>& changelogs,
    bool commit) {
  base::Log(base::LogLevel::kWarning, "completing what the broker left without an end",
            {{"transactional_id", transactional_id},
             {"end", commit ? "commit" : "abort"},
             {"changelogs", absl::StrJoin(changelogs, ",", [](std::string* out, const auto& tp) {
                absl::StrAppend(out, base::ToString(tp));
              })}});
  ProduceResult done;
  if (transactional_id == transactional_id_) {
    done = WriteCompletion(*producer_, changelogs, commit);
  } else {
    ASSIGN_OR_RETURN(const auto producer,
                     broker_.NewTransactionalProducer(TransactionalSpec(transactional_id)));
    done = producer->InitTransactions(kInitTimeout);
    if (done.ok()) done = WriteCompletion(*producer, changelogs, commit);
  }
  return done.ok() ? absl::OkStatus() : absl::AbortedError(done.reason);
}

ProduceResult StreamThread::WriteCompletion(TransactionalProducer& producer,
                                            const std::vector<base::TopicPartition>& changelogs,
                                            bool commit) {
  ProduceResult done = producer.Begin();
  for (size_t i = 0; done.ok() && i < topology_.stores().size(); ++i) {
    if (std::find(changelogs.begin(), changelogs.end(), Changelog(i)) == changelogs.end()) continue;
    done = producer.Produce({.topic = ChangelogIndex(i),
                             .partition = *assigned_,
                             .key = kCompletionKey,
                             .value = std::nullopt,
                             .headers = {}});
  }
  if (!commit) {
    if (done.ok()) done = producer.Flush(kInitTimeout);  // else the markers would not go there
    return done.ok() ? producer.Abort(kInitTimeout) : done;
  }
  // The inputs' offsets must stay those that the transaction has sent: an offset of a topic
  // that the group does not read, which the broker forgets again after a week.
  const OffsetToCommit nothing{
      .partition = Changelog(0), .position = base::Offset(0), .metadata = {}};
  if (done.ok()) done = producer.SendOffsets({&nothing, 1}, *metadata_, kInitTimeout);
  if (!done.ok()) return done;
  const CommitResult committed = producer.Commit(kInitTimeout);
  if (committed.kind == CommitResult::Kind::kCommitted) return {};
  return {.kind = ProduceResult::Kind::kRestart, .reason = committed.reason};
}

base::TopicPartition StreamThread::Changelog(size_t store) const {
  return {ChangelogTopic(config_.application_id, topology_.stores()[store].name), *assigned_};
}

}  // namespace streams
