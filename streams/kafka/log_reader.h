// The engine's LogReader by librdkafka: one handle reads what is committed, another asks
// for the ends, since one that reads committed is told the last stable offset.
//
// Used by one thread. After an error the rest of what was read is lost: Assign anew.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "streams/broker.h"
#include "streams/kafka/client.h"
#include "streams/kafka/fetch_pace.h"

namespace streams::kafka {

class KafkaLogReader final : public LogReader {
 public:
  // `questions`: a handle that reads uncommitted; outlives the reader.
  static absl::StatusOr<std::unique_ptr<KafkaLogReader>> Create(const KafkaConfig& config,
                                                                rd_kafka_t* questions);
  ~KafkaLogReader() override = default;

  absl::StatusOr<std::map<base::TopicPartition, LogRange>> Ranges(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::StatusOr<std::vector<base::Offset>> StableEnds(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override;
  absl::Status Assign(std::span<const PartitionStart> partitions) override;
  absl::Status Poll(absl::Duration timeout, Progress* progress) override;

 private:
  explicit KafkaLogReader(rd_kafka_t* questions) : questions_(questions) {}
  absl::Status Take(rd_kafka_message_t* message, Progress* progress);
  absl::Status TakeSignal(const rd_kafka_message_t& message, Progress* progress);

  rd_kafka_t* questions_;
  Handle reader_;
  Queue queue_;
  PartitionList partitions_;  // those assigned
  FetchPace pace_;
  std::vector<rd_kafka_message_t*> batch_;
};

}  // namespace streams::kafka
