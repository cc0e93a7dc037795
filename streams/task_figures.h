// What is measured of a task that starts, restores or runs. It is shown as long as the object
// lives: what is another's now is not to be seen here any more.
//
// One thread sets, any may read: atomics only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/kafka_types.h"
#include "base/metrics.h"
#include "base/record.h"

namespace streams {

class TaskFigures {
 public:
  // The metrics outlive the object.
  TaskFigures(base::Metrics& metrics, const std::vector<base::TopicPartition>& inputs,
              const std::vector<base::TopicPartition>& changelogs);

  // Records between where the task stands in an input and its end, as far as it is known.
  void SetInputLag(size_t input, std::optional<int64_t> records);
  // Offsets of a changelog that are still to be read.
  void SetRestoreRemaining(size_t changelog, int64_t offsets);
  void SetRestoreRatio(double done) { restore_ratio_.Set(done); }
  // Committed, and not yet in a checkpoint.
  void SetPending(size_t keys, size_t bytes, size_t records);
  void SetRunning() { running_.Set(1); }
  void SetCheckpointed(base::Timestamp when);

 private:
  static constexpr int64_t kUnknown = -1;
  struct OfPartition {
    explicit OfPartition(const base::TopicPartition& tp);
    const base::MetricLabels labels;
    std::atomic<int64_t> records{kUnknown};
  };

  void Collect(base::MetricSnapshot* snapshot) const;

  std::deque<OfPartition> inputs_;
  std::deque<OfPartition> changelogs_;
  base::Gauge running_;
  base::Gauge restore_ratio_;
  base::Gauge pending_keys_;
  base::Gauge pending_bytes_;
  base::Gauge pending_records_;
  base::Gauge checkpointed_seconds_;
  base::Metrics::Registration registration_;  // last: gone before what it reads
};

}  // namespace streams
