#include "tools/rebuild/replay_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "streams/task.h"
#include "tools/rebuild/input_feed.h"
#include "tools/rebuild/progress.h"

namespace tools {
namespace {

constexpr size_t kBatch = 1'000;
constexpr size_t kCommitRecords = 10'000;
constexpr size_t kCheckpointBytes = 64 << 20;

int64_t Between(const streams::InputPositions& from, const streams::InputPositions& to) {
  int64_t offsets = 0;
  for (const auto& [input, position] : to) {
    offsets += std::max<int64_t>(0, position.value() - from.at(input).value());
  }
  return offsets;
}

// What a transaction would: the changes become committed. No changelog has them.
absl::Status Commit(streams::Task* task, state::Replica* replica, size_t stores, bool last) {
  task->PrepareCommit();
  task->Committed(std::vector<std::optional<base::Offset>>(stores, std::nullopt));
  const bool put_down = last || replica->pending_bytes() >= kCheckpointBytes;
  return put_down ? replica->CheckpointNow() : absl::OkStatus();
}

absl::Status TakeOutputs(const std::vector<std::string>& topics, streams::Outbox* outbox,
                         const TakeOutput& take) {
  for (size_t i = 0; i < outbox->size(); ++i) {
    const streams::OutgoingRecord record = outbox->Get(i);
    RETURN_IF_ERROR(take(topics[record.topic.value()], record));
  }
  outbox->Clear();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReplaySummary> RunReplay(const streams::Topology& topology, streams::Broker& broker,
                                        const streams::InputPositions& from,
                                        const streams::InputPositions& to, state::Replica* replica,
                                        const TakeOutput& take) {
  base::Metrics metrics;
  std::unique_ptr<InputFeed> feed;  // outlives the task
  ASSIGN_OR_RETURN(const auto task,
                   streams::Task::Create(topology, replica, base::SystemClock(), metrics, {}));
  ASSIGN_OR_RETURN(feed, InputFeed::Open(broker, task.get(), from, to));
  const std::vector<std::string> topics = topology.sink_topics();
  const size_t stores = topology.stores().size();
  Progress progress("replaying the inputs", Between(from, to));
  ReplaySummary summary;
  while (!task->Drained()) {
    RETURN_IF_ERROR(feed->Fill());
    ASSIGN_OR_RETURN(const size_t processed, task->Process(kBatch));
    RETURN_IF_ERROR(TakeOutputs(topics, &task->outbox(), take));
    summary.records += static_cast<int64_t>(processed);
    progress.Advance(static_cast<int64_t>(processed));
    if (task->open_records() >= kCommitRecords) {
      RETURN_IF_ERROR(Commit(task.get(), replica, stores, /*last=*/false));
    }
  }
  RETURN_IF_ERROR(Commit(task.get(), replica, stores, /*last=*/true));
  progress.Finish();
  summary.first_timestamp = feed->first_timestamp();
  summary.reached = task->positions();
  return summary;
}

}  // namespace tools
