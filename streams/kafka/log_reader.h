// The engine's LogReader by librdkafka: one handle reads what is committed, another asks
// for the ends, since one that reads committed is told the last stable offset. How much is
// read ahead is a handle's setting: so a third one takes peeks.
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
  absl::Status Peek(std::span<const PartitionStart> partitions) override;
  absl::Status Poll(absl::Duration timeout, Progress* progress) override;

 private:
  struct Puller {
    Handle handle;
    Queue queue;
  };

  explicit KafkaLogReader(rd_kafka_t* questions) : questions_(questions) {}
  static absl::StatusOr<Puller> NewPuller(const KafkaConfig& config, const Settings& ahead);
  // Gives these to the one, and nothing to the other.
  absl::Status Switch(Puller* to, Puller* from, std::span<const PartitionStart> partitions);
  // The next thing in the queue, null where none comes.
  rd_kafka_message_t* WaitForFirst(absl::Duration timeout);
  absl::Status Take(rd_kafka_message_t* message, Progress* progress);
  absl::Status TakeSignal(const rd_kafka_message_t& message, Progress* progress);

  rd_kafka_t* questions_;
  Puller all_;
  Puller few_;
  Puller* pulling_ = &all_;
  PartitionList partitions_;  // those assigned
  FetchPace pace_{80'000};
  std::vector<rd_kafka_message_t*> batch_;
};

}  // namespace streams::kafka
