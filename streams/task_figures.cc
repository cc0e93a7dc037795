#include "streams/task_figures.h"

#include "absl/strings/str_cat.h"

namespace streams {
namespace {

constexpr base::MetricName kInputLag{
    "input_lag_records",
    "Records between where the task stands in an input partition and its end, as the broker last "
    "told it; not shown until it has."};
constexpr base::MetricName kRestoreRemaining{
    "restore_remaining_offsets",
    "Offsets of a changelog partition that are still to be read before its task can run."};
constexpr base::MetricName kRestoreRatio{
    "restore_ratio", "How much of the changelogs' missing part has been read, 0 to 1."};
constexpr base::MetricName kTasksRunning{
    "tasks_running", "1 where the assigned task runs, 0 while it starts or restores."};
constexpr base::MetricName kPendingKeys{
    "checkpoint_pending_keys",
    "Keys with a committed change that no checkpoint has begun to hold."};
constexpr base::MetricName kPendingBytes{
    "checkpoint_pending_bytes",
    "About what the keys take in memory that no checkpoint has begun to hold."};
constexpr base::MetricName kPendingRecords{
    "checkpoint_pending_records",
    "Changelog records since the last checkpoint began: what a restart after a crash reads."};
constexpr base::MetricName kCheckpointed{
    "checkpoint_last_success_timestamp_seconds",
    "When the last checkpoint was on disk, or else the task began to run."};

}  // namespace

TaskFigures::OfPartition::OfPartition(const base::TopicPartition& tp)
    : labels{{"topic", tp.topic}, {"partition", absl::StrCat(tp.partition.value())}} {}

TaskFigures::TaskFigures(base::Metrics& metrics, const std::vector<base::TopicPartition>& inputs,
                         const std::vector<base::TopicPartition>& changelogs)
    : inputs_(inputs.begin(), inputs.end()), changelogs_(changelogs.begin(), changelogs.end()) {
  registration_ = metrics.AddSource([this](base::MetricSnapshot* snapshot) { Collect(snapshot); });
}

void TaskFigures::SetInputLag(size_t input, std::optional<int64_t> records) {
  inputs_[input].records.store(records.value_or(kUnknown), std::memory_order_relaxed);
}

void TaskFigures::SetRestoreRemaining(size_t changelog, int64_t offsets) {
  changelogs_[changelog].records.store(offsets, std::memory_order_relaxed);
}

void TaskFigures::SetPending(size_t keys, size_t bytes, size_t records) {
  pending_keys_.Set(static_cast<double>(keys));
  pending_bytes_.Set(static_cast<double>(bytes));
  pending_records_.Set(static_cast<double>(records));
}

void TaskFigures::SetCheckpointed(base::Timestamp when) {
  checkpointed_seconds_.Set(static_cast<double>(when.value()) / 1000);
}

void TaskFigures::Collect(base::MetricSnapshot* snapshot) const {
  const auto add = [&](const base::MetricName& name, const std::deque<OfPartition>& partitions) {
    for (const OfPartition& partition : partitions) {
      const int64_t records = partition.records.load(std::memory_order_relaxed);
      if (records == kUnknown) continue;
      snapshot->AddGauge(name, partition.labels, static_cast<double>(records));
    }
  };
  add(kInputLag, inputs_);
  add(kRestoreRemaining, changelogs_);
  snapshot->AddGauge(kTasksRunning, {}, running_.value());
  snapshot->AddGauge(kRestoreRatio, {}, restore_ratio_.value());
  snapshot->AddGauge(kPendingKeys, {}, pending_keys_.value());
  snapshot->AddGauge(kPendingBytes, {}, pending_bytes_.value());
  snapshot->AddGauge(kPendingRecords, {}, pending_records_.value());
  if (checkpointed_seconds_.value() > 0) {
    snapshot->AddGauge(kCheckpointed, {}, checkpointed_seconds_.value());
  }
}

}  // namespace streams
