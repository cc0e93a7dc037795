// The engine's Admin over a simulated cluster.
#pragma once

#include "streams/broker.h"
#include "streams/sim/member.h"

namespace streams::sim {

class SimAdmin final : public Admin {
 public:
  explicit SimAdmin(Connection* connection)
      : connection_(connection), cluster_(*connection->cluster) {}

  absl::StatusOr<std::map<std::string, TopicDescription>> DescribeTopics(
      std::span<const std::string> topics, absl::Duration timeout) override;
  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(const std::string& topic,
                                                                   absl::Duration timeout) override;
  absl::StatusOr<int> DefaultReplicationFactor(absl::Duration timeout) override;
  absl::Status CreateTopics(std::span<const TopicSpec> topics, absl::Duration timeout) override;
  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::Status DeleteRecords(std::span<const PartitionStart> before,
                             absl::Duration timeout) override;

 private:
  absl::Status Asked();

  Connection* const connection_;
  Cluster& cluster_;
};

}  // namespace streams::sim
