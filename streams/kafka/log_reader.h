// The engine's LogReader by librdkafka: one handle reads what is committed, another asks
// for the ends, since one that reads committed is told the last stable offset.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "streams/broker.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

class KafkaLogReader final : public LogReader {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaLogReader>> Create(const KafkaConfig& config);
  ~KafkaLogReader() override = default;

  absl::StatusOr<std::map<base::TopicPartition, LogRange>> Ranges(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::Status Assign(std::span<const PartitionStart> partitions) override;
  absl::Status Poll(absl::Duration timeout, Progress* progress) override;

 private:
  KafkaLogReader() = default;
  absl::Status Take(rd_kafka_message_t* message, Progress* progress);
  absl::StatusOr<std::map<base::TopicPartition, int64_t>> Offsets(
      std::span<const base::TopicPartition> partitions, int64_t which, absl::Duration timeout);

  Handle questions_;
  Handle reader_;
  Queue queue_;
  std::vector<rd_kafka_message_t*> batch_;
};

}  // namespace streams::kafka
