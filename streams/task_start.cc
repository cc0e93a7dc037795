#include "streams/task_start.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "base/uuid.h"

namespace streams {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(2);
constexpr absl::Duration kPollTimeout = absl::Milliseconds(50);
constexpr absl::Duration kProgressInterval = absl::Seconds(1);
// Longer than the calls of a step may take, and shorter than a session.
constexpr absl::Duration kLongestStep = absl::Seconds(5);
// A restore that stands still for so long waits for somebody's open transaction.
constexpr absl::Duration kStandstill = absl::Seconds(1);
// What is held up for so long, after all who may have an open transaction were ended, waits
// for markers that the broker has lost.
constexpr absl::Duration kMarkersLost = absl::Seconds(5);

}  // namespace

TaskStart::TaskStart(Environment environment, const EngineConfig& config, base::Partition partition,
                     std::vector<std::pair<std::string, base::TopicPartition>> stores,
                     std::vector<base::TopicPartition> inputs, base::TopicPartition repartition)
    : environment_(std::move(environment)),
      config_(config),
      partition_(partition),
      inputs_(std::move(inputs)),
      repartition_(std::move(repartition)) {
  for (auto& [store, changelog] : stores) {
    logs_.push_back({.evidence = {.changelog = changelog,
                                  .store = store,
                                  .range = {},
                                  .identity = std::nullopt,
                                  .local_identity = std::nullopt,
                                  .local_position = base::Offset(0)}});
  }
}

TaskStart::~TaskStart() {
  // A half-filled one aside is filled anew next time.
  if (aside_) replica_ = std::move(first_);
  if (replica_ != nullptr) environment_.replicas->Park(partition_, std::move(replica_));
}

absl::StatusOr<bool> TaskStart::Step() {
  step_began_ = environment_.clock->Elapsed();
  switch (phase_) {
    case Phase::kOffsets:
      RETURN_IF_ERROR(ReadOffsets());
      phase_ = Phase::kRanges;
      break;
    case Phase::kRanges:
      RETURN_IF_ERROR(ReadRanges());
      RETURN_IF_ERROR(StartIdentities());
      phase_ = Phase::kIdentity;
      break;
    case Phase::kIdentity:
      RETURN_IF_ERROR(ReadIdentities());
      break;
    case Phase::kRestore:
      RETURN_IF_ERROR(Restore());
      break;
    case Phase::kInputs:
      RETURN_IF_ERROR(ChooseInputs());
      RETURN_IF_ERROR(PutInPlace());
      phase_ = Phase::kDone;
      break;
    case Phase::kDone:
      break;
  }
  return phase_ == Phase::kDone;
}

absl::Status TaskStart::ReadOffsets() {
  std::vector<base::TopicPartition> partitions = inputs_;
  partitions.push_back(repartition_);
  RETURN_IF_ERROR(EndPredecessor());
  auto committed = environment_.consumer->Committed(partitions, /*stable=*/true, kCallTimeout);
  if (absl::IsDeadlineExceeded(committed.status())) {
    RETURN_IF_ERROR(CompleteIfHeldLong());
    return absl::DeadlineExceededError(absl::StrCat(
        "the group's committed offsets (a transaction that has sent some has not ended",
        HeldByOthers()));
  }
  RETURN_IF_ERROR(committed.status());
  committed_ = *std::move(committed);
  StopBeingHeld();
  return absl::OkStatus();
}

// A predecessor that was killed may have left a transaction open, which would hold up our
// restore and every reader of the outputs until it times out. Each commit names its
// producer, and one that gives its partitions up takes the name away; so a name that is
// there and not ours is that of a dead one, or of one that has lost its partitions to us.
absl::Status TaskStart::EndPredecessor() {
  ASSIGN_OR_RETURN(const auto offsets,
                   environment_.consumer->Committed(inputs_, /*stable=*/false, kCallTimeout));
  // One that was stalled meanwhile may read the name of its successor, which is well.
  if (environment_.clock->Elapsed() - step_began_ > kLongestStep ||
      environment_.consumer->AssignmentLost()) {
    return absl::UnavailableError("the group, which was not served for long");
  }
  const std::string ours = config_.application_id + "-";
  for (const auto& [partition, committed] : offsets) {
    // Another tool that sets offsets may have written what it likes.
    if (!absl::StartsWith(committed.metadata, ours) ||
        committed.metadata == environment_.transactional_id) {
      continue;
    }
    base::Log(base::LogLevel::kInfo, "ending the transactions of a predecessor",
              {{"transactional_id", committed.metadata}});
    predecessor_ = committed.metadata;
    return environment_.end_transactions_of(committed.metadata);
  }
  return absl::OkStatus();
}

// A broker that goes down between a transaction's decision and its markers may come back and
// forget to write them (KAFKA-20734). Nobody but the same producer can supply them then. What
// is held by somebody else's transaction is left as it is, so it is not tried all the time.
absl::Status TaskStart::CompleteIfHeldLong() {
  const absl::Duration now = environment_.clock->Elapsed();
  if (!held_since_.has_value()) {
    held_since_ = now;
    completion_pause_ = kMarkersLost;
    complete_at_ = now + completion_pause_;
  }
  if (now < complete_at_) return absl::OkStatus();
  completion_pause_ *= 2;
  complete_at_ = now + completion_pause_;
  if (phase_ == Phase::kOffsets) return Complete({}, LostEnd::kCommit);
  ASSIGN_OR_RETURN(const HeldEvidence evidence, FindHeld());
  if (evidence.held.empty()) return absl::OkStatus();
  if (phase_ == Phase::kIdentity) {
    return IsFounded() ? Complete(evidence.held, LostEnd::kCommit) : absl::OkStatus();
  }
  LostEnd end = TellLostEnd(evidence);
  if (end == LostEnd::kUnknown) end = config_.choices.lost_end;
  if (end != LostEnd::kUnknown) return Complete(evidence.held, end);
  // One of somebody who is gone may yet time out.
  if (now - *held_since_ < config_.undecided) return absl::OkStatus();
  return absl::FailedPreconditionError(AskForLostEnd(evidence));
}

void TaskStart::StopBeingHeld() {
  held_since_.reset();
  completion_pause_ = absl::ZeroDuration();
}

// Told once it was tried.
const char* TaskStart::HeldByOthers() const {
  return completion_pause_ > kMarkersLost ? "; this application's have been ended: "
                                            "kafka-transactions.sh find-hanging shows whose)"
                                          : ")";
}

absl::Status TaskStart::Complete(const std::vector<base::TopicPartition>& changelogs, LostEnd end) {
  const bool commit = end == LostEnd::kCommit;
  if (!predecessor_.empty()) {
    RETURN_IF_ERROR(environment_.complete_transactions_of(predecessor_, changelogs, commit));
  }
  return environment_.complete_transactions_of(environment_.transactional_id, changelogs, commit);
}

// The changelogs that a transaction holds open. One without an identity is not among them: it
// must not get another record for its first. Where identities are still read, only such are.
absl::StatusOr<HeldEvidence> TaskStart::FindHeld() {
  HeldEvidence evidence;
  ASSIGN_OR_RETURN(const auto ranges, environment_.reader->Ranges(Changelogs(), kCallTimeout));
  for (const Log& log : logs_) {
    const LogRange& range = ranges.at(log.evidence.changelog);
    const bool wanted =
        phase_ == Phase::kIdentity ? !log.identity_read : log.evidence.identity.has_value();
    if (!wanted || range.stable_end >= range.end) continue;
    evidence.held.push_back(log.evidence.changelog);
    if (&log == &logs_.front()) evidence.first_is_held = true;
    if (phase_ != Phase::kIdentity && Position(log) > range.stable_end) {
      evidence.local_is_beyond = true;
    }
  }
  if (phase_ == Phase::kIdentity) return evidence;
  ASSIGN_OR_RETURN(evidence.group_is_ahead, GroupIsAhead());
  return evidence;
}

// A name with the group's offsets is that of a producer whose first transaction, which founded
// the state, was committed. So the changelogs have their identities, and what a completion
// adds comes behind them.
bool TaskStart::IsFounded() const {
  return std::any_of(committed_.begin(), committed_.end(), [&](const auto& committed) {
    return absl::StartsWith(committed.second.metadata, config_.application_id + "-");
  });
}

// A transaction that has processed something brings the group's offsets further.
absl::StatusOr<bool> TaskStart::GroupIsAhead() const {
  ASSIGN_OR_RETURN(const InputPositions recorded, ReadInputPositions(*replica_));
  return std::any_of(recorded.begin(), recorded.end(), [&](const auto& position) {
    const auto in_group = committed_.find(position.first);
    return in_group != committed_.end() && in_group->second.offset > position.second;
  });
}

std::vector<base::TopicPartition> TaskStart::Changelogs() const {
  std::vector<base::TopicPartition> changelogs;
  for (const Log& log : logs_) changelogs.push_back(log.evidence.changelog);
  return changelogs;
}

absl::Status TaskStart::ReadRanges() {
  ends_taken_ = environment_.clock->Now();
  ASSIGN_OR_RETURN(const auto ranges, environment_.reader->Ranges(Changelogs(), kCallTimeout));
  for (Log& log : logs_) log.evidence.range = ranges.at(log.evidence.changelog);

  std::vector<base::TopicPartition> inputs = inputs_;
  inputs.push_back(repartition_);
  ASSIGN_OR_RETURN(input_ranges_, environment_.reader->Ranges(inputs, kCallTimeout));
  const LogRange& repartition = input_ranges_.at(repartition_);
  const auto processed = committed_.find(repartition_);
  if (repartition.start < repartition.end &&
      (processed == committed_.end() || processed->second.offset < repartition.end)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "repartition topic ", base::ToString(repartition_), " holds records up to offset ",
        repartition.end.value(), " that are not processed; this version runs the fused plan ",
        "only, which does not read them. Process them with the version that wrote them"));
  }
  return absl::OkStatus();
}

absl::Status TaskStart::StartIdentities() {
  std::vector<PartitionStart> starts;
  for (Log& log : logs_) {
    log.identity_read = log.evidence.range.start == log.evidence.range.end;
    if (!log.identity_read) starts.push_back({log.evidence.changelog, log.evidence.range.start});
  }
  reading_identities_ = !starts.empty();
  identities_began_ = environment_.clock->Elapsed();
  if (!reading_identities_) return absl::OkStatus();
  return environment_.reader->Peek(starts);
}

absl::Status TaskStart::ReadIdentities() {
  if (reading_identities_) {
    RETURN_IF_ERROR(environment_.reader->Poll(kPollTimeout, &progress_));
    for (const Message& message : progress_.messages) {
      const base::RecordView& record = message.view();
      Log* log = FindLog(record);
      if (log == nullptr || log->identity_read) continue;
      log->identity_read = true;
      if (record.key != kIdentityKey || !record.value.has_value()) continue;
      ASSIGN_OR_RETURN(log->evidence.identity, DecodeIdentity(*record.value));
    }
    // Only markers and aborted records: nothing was ever committed there. Where the end is
    // told before the log's, a transaction is open: what follows it is not known yet, and the
    // end will be told again.
    for (const PartitionStart& end : progress_.ends) {
      Log* log = FindLog(end.partition);
      if (log == nullptr || log->identity_read || end.from < log->evidence.range.end) continue;
      log->identity_read = true;
      log->evidence.range.start = log->evidence.range.end;
    }
  }
  const bool all_read =
      std::all_of(logs_.begin(), logs_.end(), [](const Log& log) { return log.identity_read; });
  if (all_read) return Plan();
  if (environment_.clock->Elapsed() - identities_began_ < kStandstill) return absl::OkStatus();
  RETURN_IF_ERROR(CompleteIfHeldLong());
  return absl::UnavailableError(
      absl::StrCat("the first record of each changelog (a transaction is open", HeldByOthers()));
}

absl::Status TaskStart::Plan() {
  // Not even opened: it may be damaged.
  const bool rebuild = environment_.replicas->IsToBeRebuilt(partition_);
  if (!rebuild) RETURN_IF_ERROR(ReadLocal());
  ReplicaAge age{.is_new = rebuild || replica_->is_new(),
                 .now = environment_.clock->Now(),
                 .tombstone_retention = config_.tombstone_retention};
  if (!rebuild) age.current_as_of = replica_->positions().current_as_of;
  std::vector<ChangelogEvidence> evidence;
  for (const Log& log : logs_) evidence.push_back(log.evidence);
  ASSIGN_OR_RETURN(const RestorePlan plan, PlanRestore(config_.application_id, evidence, age,
                                                       !committed_.empty(), config_.choices));
  const bool found = plan.kind == RestorePlan::Kind::kFound;
  if (rebuild && found && plan.why.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the changelogs of ", config_.application_id, " (",
                     base::ToString(logs_[0].evidence.changelog),
                     " and its siblings) are empty: --rebuild has nothing to restore from. Local "
                     "state is as it ",
                     "was; start without --rebuild"));
  }
  // A beginning by the operator's word, beside local state that shall not count.
  if (rebuild) {
    RETURN_IF_ERROR(UseAside("--rebuild"));
  } else if (plan.kind == RestorePlan::Kind::kFullAside ||
             (found && !replica_->is_new() && !plan.why.empty())) {
    RETURN_IF_ERROR(UseAside(plan.why));
  }
  if (found) FoundState();
  return StartRestore();
}

absl::Status TaskStart::ReadLocal() {
  ASSIGN_OR_RETURN(replica_, environment_.replicas->Acquire(partition_));
  std::string bytes;
  for (Log& log : logs_) {
    log.evidence.local_position = Position(log);
    ASSIGN_OR_RETURN(const bool found, replica_->Get(IndexOf(&log), kIdentityKey, &bytes));
    if (found) {
      ASSIGN_OR_RETURN(log.evidence.local_identity, DecodeIdentity(bytes));
    }
  }
  return absl::OkStatus();
}

absl::Status TaskStart::UseAside(const std::string& why) {
  base::Log(base::LogLevel::kWarning, "local state is set aside, restoring in full",
            {{"state_partition", partition_}, {"why", why}});
  ASSIGN_OR_RETURN(std::unique_ptr<state::Replica> aside,
                   environment_.replicas->AcquireAside(partition_));
  first_ = std::exchange(replica_, std::move(aside));
  aside_ = true;
  return absl::OkStatus();
}

void TaskStart::FoundState() {
  base::Log(base::LogLevel::kInfo, "beginning with empty stores",
            {{"state_partition", partition_}});
  const base::Uuid id = base::RandomUuid();
  for (const Log& log : logs_) {
    founding_.push_back({.id = id,
                         .application_id = config_.application_id,
                         .store = log.evidence.store,
                         .partition = log.evidence.changelog.partition});
  }
}

absl::Status TaskStart::StartRestore() {
  StopBeingHeld();
  if (replica_->is_new()) {
    replica_->set_current_as_of(ends_taken_);
  }
  std::vector<PartitionStart> starts;
  for (Log& log : logs_) {
    MarkIfAtEnd(&log, Position(log));
    if (!log.at_end)
      starts.push_back({log.evidence.changelog, std::max(Position(log), log.evidence.range.start)});
  }
  to_restore_ = RecordsLeft();
  restore_began_ = progress_logged_ = progressed_ = environment_.clock->Elapsed();
  phase_ = Phase::kRestore;
  if (starts.empty()) return FinishRestore();
  replica_->set_consistent(false);
  base::Log(base::LogLevel::kInfo, "restoring",
            {{"state_partition", partition_}, {"offsets", to_restore_}});
  return environment_.reader->Assign(starts);
}

absl::Status TaskStart::Restore() {
  RETURN_IF_ERROR(replica_->FinishCheckpoint());
  const size_t full = config_.checkpoint.restore_bytes;
  if (replica_->pending_bytes() >= full && replica_->checkpoint_running()) {
    // The disk is slower than the log: wait for it, or memory would grow without end.
    progressed_ = environment_.clock->Elapsed();
    LogProgress(/*last=*/false);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(environment_.reader->Poll(kPollTimeout, &progress_));
  RETURN_IF_ERROR(ApplyProgress());
  if (replica_->pending_bytes() >= full) replica_->StartCheckpoint();
  const absl::Duration now = environment_.clock->Elapsed();
  if (!progress_.messages.empty() || !progress_.ends.empty()) progressed_ = now;
  if (!progress_.messages.empty()) StopBeingHeld();
  if (now - progressed_ >= kStandstill) {
    progressed_ = now;
    RETURN_IF_ERROR(EndPredecessor());
    RETURN_IF_ERROR(CompleteIfHeldLong());
    return absl::UnavailableError(absl::StrCat(
        "the changelogs' records up to where they ended (a transaction is open", HeldByOthers()));
  }
  LogProgress(/*last=*/false);
  const bool done =
      std::all_of(logs_.begin(), logs_.end(), [](const Log& log) { return log.at_end; });
  return done ? FinishRestore() : absl::OkStatus();
}

absl::Status TaskStart::ApplyProgress() {
  for (const Message& message : progress_.messages) {
    const base::RecordView& record = message.view();
    Log* log = FindLog(record);
    if (log == nullptr || record.offset < Position(*log)) continue;
    if (!record.key.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "changelog ", base::ToString(log->evidence.changelog), " has a record without a key at ",
          "offset ", record.offset.value(), ": something else wrote to it"));
    }
    replica_->Apply(IndexOf(log), *record.key, record.value);
    replica_->set_position(IndexOf(log), base::Next(record.offset));
    ++restored_;
    MarkIfAtEnd(log, base::Next(record.offset));
  }
  for (const PartitionStart& end : progress_.ends) {
    Log* log = FindLog(end.partition);
    if (log == nullptr) continue;
    if (end.from > Position(*log)) replica_->set_position(IndexOf(log), end.from);
    MarkIfAtEnd(log, end.from);
  }
  return absl::OkStatus();
}

// A transaction writes at least one record and its marker. So where all below the end was
// decided when the end was taken, and a single offset is missing, that is a marker and no
// record.
void TaskStart::MarkIfAtEnd(Log* log, base::Offset position) {
  const LogRange& range = log->evidence.range;
  const bool only_a_marker_is_missing =
      range.stable_end == range.end && range.end.value() - position.value() == 1;
  if (position >= range.end || only_a_marker_is_missing) log->at_end = true;
  // Nothing but markers and what was aborted.
  if (range.start == range.end) log->at_end = true;
}

absl::Status TaskStart::FinishRestore() {
  LogProgress(/*last=*/true);
  // Not consistent yet: where we were stalled and others wrote meanwhile, one store may stand
  // behind the end that was taken, and compaction may have left another without a key. The
  // first commit proves that it was not so.
  replica_->set_current_as_of(ends_taken_);
  phase_ = Phase::kInputs;
  return absl::OkStatus();
}

// Only when nothing is left for the operator to decide: until then the first one stands.
absl::Status TaskStart::PutInPlace() {
  if (!aside_) return absl::OkStatus();
  aside_ = false;
  ASSIGN_OR_RETURN(
      replica_, environment_.replicas->Replace(partition_, std::move(first_), std::move(replica_)));
  return absl::OkStatus();
}

absl::Status TaskStart::ChooseInputs() {
  ASSIGN_OR_RETURN(const InputPositions recorded, ReadInputPositions(*replica_));
  std::vector<InputEvidence> evidence;
  for (const base::TopicPartition& input : inputs_) {
    InputEvidence one{.input = input,
                      .range = input_ranges_.at(input),
                      .in_group = std::nullopt,
                      .in_state = std::nullopt};
    if (const auto it = committed_.find(input); it != committed_.end()) {
      one.in_group = it->second.offset;
    }
    if (const auto it = recorded.find(input); it != recorded.end()) one.in_state = it->second;
    evidence.push_back(one);
  }
  ASSIGN_OR_RETURN(starts_, PlanInputs(evidence, config_.choices));
  return absl::OkStatus();
}

int64_t TaskStart::RecordsLeft() const {
  int64_t left = 0;
  for (const Log& log : logs_) left += RecordsLeft(log);
  return left;
}

int64_t TaskStart::RecordsLeft(const Log& log) const {
  if (log.at_end) return 0;
  const base::Offset from = std::max(Position(log), log.evidence.range.start);
  return std::max<int64_t>(0, log.evidence.range.end.value() - from.value());
}

std::optional<TaskStart::Progress> TaskStart::progress() const {
  if (phase_ < Phase::kRestore || replica_ == nullptr) return std::nullopt;
  Progress progress{.offsets = to_restore_, .remaining = {}, .records = restored_};
  for (const Log& log : logs_) progress.remaining.push_back(RecordsLeft(log));
  return progress;
}

void TaskStart::LogProgress(bool last) {
  if (to_restore_ == 0) return;
  const absl::Duration now = environment_.clock->Elapsed();
  if (!last && now - progress_logged_ < kProgressInterval) return;
  progress_logged_ = now;
  const int64_t done = to_restore_ - RecordsLeft();
  const double seconds = std::max(0.001, absl::ToDoubleSeconds(now - restore_began_));
  const double rate = static_cast<double>(done) / seconds;
  if (last) {
    base::Log(base::LogLevel::kInfo, "restored",
              {{"state_partition", partition_},
               {"records", restored_},
               {"seconds", absl::StrFormat("%.2f", seconds)},
               {"per_second", std::lrint(rate)}});
    return;
  }
  const double left = static_cast<double>(to_restore_ - done) / rate;
  base::Log(
      base::LogLevel::kInfo, "restoring",
      {{"state_partition", partition_},
       {"done", done},
       {"of", to_restore_},
       {"percent",
        std::lrint(100.0 * static_cast<double>(done) / static_cast<double>(to_restore_))},
       {"per_second", std::lrint(rate)},
       {"seconds_left", done == 0 ? std::string("unknown") : absl::StrCat(std::lrint(left))}});
}

TaskStart::Log* TaskStart::FindLog(const base::TopicPartition& changelog) {
  for (Log& log : logs_) {
    if (log.evidence.changelog == changelog) return &log;
  }
  return nullptr;
}

TaskStart::Log* TaskStart::FindLog(const base::RecordView& record) {
  for (Log& log : logs_) {
    if (log.evidence.changelog.partition == record.partition &&
        log.evidence.changelog.topic == record.topic) {
      return &log;
    }
  }
  return nullptr;
}

state::StoreIndex TaskStart::IndexOf(const Log* log) const {
  return state::StoreIndex(static_cast<uint8_t>(log - logs_.data()));
}

base::Offset TaskStart::Position(const Log& log) const {
  return replica_->positions().next[IndexOf(&log).value()];
}

}  // namespace streams
