// The engine's Broker over a simulated cluster: one for each process, or each member in a
// test. The model is told in cluster.h, what may go wrong in hooks.h.
//
// Not thread-safe: all brokers of a cluster, and the cluster, belong to one thread.
#pragma once

#include <memory>

#include "streams/broker.h"
#include "streams/sim/member.h"

namespace streams::sim {

class SimBroker final : public Broker, private Admin {
 public:
  // Cluster and hooks outlive the broker, and the broker the objects that it makes.
  SimBroker(Cluster* cluster, Member member, Hooks* hooks, Plant plant = Plant::kNone);

  absl::StatusOr<std::unique_ptr<GroupConsumer>> NewConsumer(const ConsumerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<TransactionalProducer>> NewTransactionalProducer(
      const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<LogReader>> NewLogReader() override;
  Admin& admin() override { return *this; }

 private:
  absl::StatusOr<std::map<std::string, TopicDescription>> DescribeTopics(
      std::span<const std::string> topics, absl::Duration timeout) override;
  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(const std::string& topic,
                                                                   absl::Duration timeout) override;
  absl::Status CreateTopics(std::span<const TopicSpec> topics, absl::Duration timeout) override;
  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::Status DeleteRecords(std::span<const PartitionStart> before,
                             absl::Duration timeout) override;
  absl::Status Asked();

  Connection connection_;
};

}  // namespace streams::sim
