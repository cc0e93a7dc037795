// What a stream thread tells of itself: to who asks for its health, and in figures.

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "streams/stream_thread.h"

namespace streams {
namespace {

// Figures that stand by themselves are told so often.
constexpr absl::Duration kFiguresInterval = absl::Seconds(1);

}  // namespace

void StreamThread::ReportStart(const std::vector<base::TopicPartition>& inputs) {
  status_->Set(ThreadStatus::Phase::kStarting, "finding out where the task stands");
  std::vector<base::TopicPartition> changelogs;
  for (size_t i = 0; i < topology_.stores().size(); ++i) changelogs.push_back(Changelog(i));
  figures_ = std::make_unique<TaskFigures>(metrics_, inputs, changelogs);
  counted_.assigned_partitions.Set(1);
  percent_restored_ = -1;
  restored_ = 0;
}

void StreamThread::ReportRestore() {
  const auto progress = start_->progress();
  if (!progress.has_value()) return;
  for (size_t i = 0; i < progress->remaining.size(); ++i) {
    figures_->SetRestoreRemaining(i, progress->remaining[i]);
  }
  counted_.restored_records.Add(progress->records - restored_);
  restored_ = progress->records;
  const int64_t left =
      std::accumulate(progress->remaining.begin(), progress->remaining.end(), int64_t{0});
  const double done = progress->offsets == 0
                          ? 1
                          : 1 - static_cast<double>(left) / static_cast<double>(progress->offsets);
  figures_->SetRestoreRatio(done);
  const int percent = static_cast<int>(100 * done);
  if (percent == percent_restored_) return;
  percent_restored_ = percent;
  status_->Set(ThreadStatus::Phase::kRestoring, absl::StrCat("restoring ", percent, " %"));
}

void StreamThread::ReportRunning() {
  status_->Set(ThreadStatus::Phase::kRunning, absl::StrCat("state partition ", assigned_->value()));
  figures_->SetRunning();
  figures_->SetCheckpointed(clock_.Now());
  caches_.assign(topology_.stores().size(), {});
  figures_not_before_ = absl::ZeroDuration();
}

void StreamThread::ReportTask(absl::Duration now) {
  if (now < figures_not_before_) return;
  figures_not_before_ = now + kFiguresInterval;
  for (size_t i = 0; i < task_->inputs(); ++i) {
    const auto end = consumer_->KnownEnd(task_->input(i));
    figures_->SetInputLag(i, end.has_value() ? std::optional(std::max<int64_t>(
                                                   0, end->value() - task_->next(i).value()))
                                             : std::nullopt);
  }
  figures_->SetPending(replica_->pending_keys(), replica_->pending_bytes(),
                       replica_->pending_records());
  const std::vector<state::CacheFigures> caches = task_->caches();
  for (size_t i = 0; i < caches.size(); ++i) counted_.AddCache(i, caches[i], &caches_[i]);
}

void StreamThread::ReportCheckpointStart(absl::Duration now) {
  checkpoint_ = {
      .began = now, .keys = replica_->pending_keys(), .bytes = replica_->pending_bytes()};
}

void StreamThread::ReportCheckpointEnd(const absl::Status& outcome, absl::Duration now) {
  figures_not_before_ = absl::ZeroDuration();  // what is pending has changed
  if (!outcome.ok()) {
    counted_.checkpoint_failures.Add();
    return;
  }
  counted_.checkpoints.Add();
  counted_.checkpoint_keys.Add(checkpoint_.keys);
  counted_.checkpoint_bytes.Add(checkpoint_.bytes);
  counted_.checkpoint_seconds.Observe(absl::ToDoubleSeconds(now - checkpoint_.began));
  figures_->SetCheckpointed(clock_.Now());
}

void StreamThread::ReportParked() {
  figures_.reset();
  counted_.assigned_partitions.Set(0);
}

}  // namespace streams
