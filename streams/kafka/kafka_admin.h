// The engine's Admin by librdkafka, and the handle with which others ask too: one of the
// application's group that never joins it, and reads uncommitted.
//
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "streams/broker.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

class KafkaAdmin final : public Admin {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaAdmin>> Create(const KafkaConfig& config);

  rd_kafka_t* handle() { return handle_.get(); }

  absl::StatusOr<std::map<std::string, TopicDescription>> DescribeTopics(
      std::span<const std::string> topics, absl::Duration timeout) override;
  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(const std::string& topic,
                                                                   absl::Duration timeout) override;
  absl::StatusOr<int> DefaultReplicationFactor(absl::Duration timeout) override;
  // After an error some of the topics may be there.
  absl::Status CreateTopics(std::span<const TopicSpec> topics, absl::Duration timeout) override;
  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  // After an error the records of some partitions may be gone.
  absl::Status DeleteRecords(std::span<const PartitionStart> before,
                             absl::Duration timeout) override;

 private:
  explicit KafkaAdmin(Handle handle) : handle_(std::move(handle)) {}
  absl::StatusOr<std::optional<TopicDescription>> DescribeTopic(const std::string& name,
                                                                absl::Duration timeout);
  using Settings = std::map<std::string, std::string>;
  absl::StatusOr<Settings> DescribeConfigs(rd_kafka_ResourceType_t type, const std::string& name,
                                           absl::Duration timeout);
  absl::Status WaitUntilThere(std::span<const TopicSpec> topics, absl::Duration timeout);

  Handle handle_;
};

}  // namespace streams::kafka
