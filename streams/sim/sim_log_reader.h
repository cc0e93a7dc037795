// The engine's LogReader over a simulated cluster.
#pragma once

#include <map>
#include <vector>

#include "streams/broker.h"
#include "streams/sim/member.h"

namespace streams::sim {

class SimLogReader final : public LogReader {
 public:
  explicit SimLogReader(Connection* connection)
      : connection_(connection), cluster_(*connection->cluster) {}

  absl::StatusOr<std::map<base::TopicPartition, LogRange>> Ranges(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::StatusOr<std::vector<base::Offset>> StableEnds(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::Status Assign(std::span<const PartitionStart> partitions) override;
  absl::Status Poll(absl::Duration timeout, Progress* progress) override;

 private:
  struct Reading {
    base::Offset position;
    base::Offset told_end{-1};
  };
  absl::Status Read(const base::TopicPartition& partition, Reading* reading, Progress* progress);
  void PlantIn(const base::TopicPartition& partition, LogRange* range) const;

  Connection* const connection_;
  Cluster& cluster_;
  std::map<base::TopicPartition, Reading> reading_;
};

}  // namespace streams::sim
