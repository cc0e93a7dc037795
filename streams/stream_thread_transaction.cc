// The transaction: writing it, ending it, and what its end brings.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "base/trace_id.h"
#include "streams/stream_thread.h"

namespace streams {
namespace {

// What comes of a refused record gets smaller each time; if that does not help, it is not
// the record.
constexpr int kMostRefusals = 3;

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

}  // namespace

absl::Status StreamThread::StoppedByRefusals(const std::string& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("the broker refuses records again and again: ", why,
                   ". Nothing is lost: the inputs are still at the committed offsets. Check the ",
                   "limits of the topic that is named"));
}

absl::Status StreamThread::Commit(absl::Duration timeout, bool release) {
  return FinishCommit(TryCommit(timeout, release));
}

CommitResult StreamThread::TryCommit(absl::Duration timeout, bool release) {
  const absl::Duration began = clock_.Elapsed();
  const auto left = [&] {
    return std::max(absl::ZeroDuration(), began + timeout - clock_.Elapsed());
  };
  if (consumer_->AssignmentLost()) {
    return {
        .kind = CommitResult::Kind::kUnknown, .reason = "the group session was lost", .ends = {}};
  }
  ProduceResult step = BeginIfNeeded();
  if (step.ok()) step = WriteChanges(task_->PrepareCommit());
  if (step.ok() && plain_producer_ != nullptr) step = plain_producer_->Flush(left());
  if (step.ok()) step = SendOffsets(left(), release);
  if (!step.ok()) return AsCommit(step);
  CommitResult result = producer_->Commit(left());
  if (result.kind == CommitResult::Kind::kCommitted) {
    counted_.commit_seconds.Observe(absl::ToDoubleSeconds(clock_.Elapsed() - began));
  }
  return result;
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
    written = producer_->Produce({.topic = ChangelogIndex(change.store.value()),
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
      return RollBack(AbortReason::kBroker, result.reason);
    case CommitResult::Kind::kRejected:
      return NarrowDown(result.reason);
    case CommitResult::Kind::kUnknown:
      counted_.Aborted(AbortReason::kUnknown);
      transaction_open_ = false;
      return Restart(result.reason, /*fenced=*/false);
  }
  transaction_open_ = false;
  counted_.committed.Add();
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
  const size_t records = task_->open_records();
  record_limit_.Refused(records);
  if (records == 1) {
    const base::RecordView& record = task_->only_open_record();
    const base::TopicPartition partition{std::string(record.topic), record.partition};
    const base::Offset offset = record.offset;
    const bool again =
        refusal_.has_value() && refusal_->partition == partition && refusal_->offset == offset;
    refusal_ = Refusal{.partition = partition,
                       .offset = offset,
                       .reason = again ? refusal_->reason : why,
                       .times = again ? refusal_->times + 1 : 1};
    base::Log(log_limit_, "refused", base::LogLevel::kWarning,
              "the broker refuses what a record causes",
              {{"record", absl::StrCat(base::ToString(partition), "@", offset.value())},
               {"trace_id", base::TraceId(record.headers)},
               {"times", refusal_->times},
               {"why", why}});
    if (refusal_->times > kMostRefusals) return StoppedByRefusals(why);
    task_->SetRefused(*refusal_);
  } else if (records == 0) {
    return StoppedByRefusals(why);
  }
  return RollBack(AbortReason::kRefused, why);
}

absl::Status StreamThread::RollBack(AbortReason reason, const std::string& why) {
  base::Log(log_limit_, why, base::LogLevel::kWarning,
            "transaction aborted, going back to the committed offsets", {{"why", why}});
  const ProduceResult aborted = producer_->Abort(kInitTimeout);
  if (!aborted.ok()) return Restart(aborted.reason, /*fenced=*/false);
  counted_.Aborted(reason);
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
