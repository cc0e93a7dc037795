// The engine's GroupConsumer by librdkafka.
//
// Each assigned partition has a queue of its own, so that one can be read without the
// others; the main queue serves the group. One thread polls, assigns and fetches;
// librdkafka's threads only wake it.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "streams/broker.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

class KafkaGroupMetadata final : public GroupMetadata {
 public:
  explicit KafkaGroupMetadata(rd_kafka_consumer_group_metadata_t* metadata) : metadata_(metadata) {}
  const rd_kafka_consumer_group_metadata_t* get() const { return metadata_.get(); }

 private:
  std::unique_ptr<rd_kafka_consumer_group_metadata_t, Destroy> metadata_;
};

class KafkaGroupConsumer final : public GroupConsumer {
 public:
  // `questions`: a handle of the group that never joins it, reading uncommitted; outlives
  // the consumer.
  static absl::StatusOr<std::unique_ptr<KafkaGroupConsumer>> Join(const KafkaConfig& config,
                                                                  const ConsumerSpec& spec,
                                                                  rd_kafka_t* questions);
  ~KafkaGroupConsumer() override;

  GroupEvent Poll(absl::Duration timeout) override;
  absl::StatusOr<std::shared_ptr<const GroupMetadata>> Metadata() override;
  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> Committed(
      std::span<const base::TopicPartition> partitions, bool stable,
      absl::Duration timeout) override;
  absl::Status Assign(std::span<const PartitionStart> partitions) override;
  absl::Status Unassign() override;
  absl::Status Seek(std::span<const PartitionStart> partitions) override;
  absl::Status Fetch(const base::TopicPartition& partition, size_t max,
                     std::vector<Message>* messages) override;
  bool CaughtUp(const base::TopicPartition& partition) override;
  bool AssignmentLost() const override;
  std::vector<std::string> TwinClientIds(absl::Duration timeout) override;
  void Close(bool leave) override;

 private:
  struct Assigned {
    Queue queue;
    base::Offset expected;  // the next record's offset, or one below it
    bool at_end = false;    // the last thing heard was the end
  };

  KafkaGroupConsumer(const KafkaConfig& config, rd_kafka_t* questions)
      : config_(config), questions_(questions) {}
  static void OnRebalance(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static void OnQueueNotEmpty(rd_kafka_t* handle, void* opaque);
  void Rebalanced(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t* partitions);
  void ServeMainQueue();
  void HandleMainMessage(rd_kafka_message_t* message);
  GroupEvent FatalEvent();
  void Wait(absl::Duration timeout);
  absl::Status FetchOne(const base::TopicPartition& partition, Assigned* assigned,
                        rd_kafka_message_t* message, std::vector<Message>* messages);
  bool IsAtKnownEnd(const base::TopicPartition& partition, base::Offset expected) const;

  const KafkaConfig config_;
  rd_kafka_t* questions_;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;

  Handle handle_;  // destroyed before what its threads wake
  Queue main_queue_;
  std::map<base::TopicPartition, Assigned> assigned_;
  std::deque<GroupEvent> events_;
  std::shared_ptr<const GroupMetadata> metadata_;
  std::string metadata_error_ = "no assignment yet";
  bool closing_ = false;
};

// The group's committed offsets as `handle` sees them.
absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> CommittedBy(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, absl::Duration timeout);

}  // namespace streams::kafka
