// The engine's GroupConsumer by librdkafka.
//
// Each assigned partition has a queue of its own, so that one can be read without the
// others; the main queue serves the group. One thread polls, assigns and fetches;
// librdkafka's threads only wake it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "streams/broker.h"
#include "streams/kafka/client.h"
#include "streams/kafka/client_statistics.h"
#include "streams/kafka/fetch_pace.h"
#include "streams/kafka/group_metadata.h"
#include "streams/kafka/own_members.h"
#include "streams/kafka/wakeup.h"

namespace streams::kafka {

class KafkaGroupConsumer final : public GroupConsumer {
 public:
  // `questions`: a handle of the group that never joins it, reading uncommitted; outlives
  // the consumer, as `own_members` and `statistics` do.
  static absl::StatusOr<std::unique_ptr<KafkaGroupConsumer>> Join(const KafkaConfig& config,
                                                                  const ConsumerSpec& spec,
                                                                  rd_kafka_t* questions,
                                                                  OwnMembers* own_members,
                                                                  ClientStatistics* statistics);
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
  base::Offset Position(const base::TopicPartition& partition) const override;
  std::optional<base::Offset> KnownEnd(const base::TopicPartition& partition) const override;
  bool AssignmentLost() const override;
  // Of two that fence each other in turn, at least one sees the other: the one that is not
  // shown with its own client id.
  std::vector<std::string> TwinClientIds(absl::Duration timeout) override;
  // librdkafka never tells the group that a static member leaves, `leave` or not: who
  // wants that makes dynamic members. Takes a few seconds where no broker answers.
  void Close(bool leave) override;

 private:
  struct Assigned {
    Queue queue;
    PartitionList list;     // of this partition alone, to ask with
    base::Offset expected;  // the next record's offset, or one below it
    FetchPace pace{10'000};
    absl::Status failure;  // why nothing more will come
  };

  KafkaGroupConsumer(const KafkaConfig& config, rd_kafka_t* questions, OwnMembers* own_members,
                     ClientStatistics* statistics)
      : config_(config),
        questions_(questions),
        own_members_(own_members),
        statistics_(statistics, "consumer") {}
  absl::StatusOr<Conf> MakeConf();
  absl::Status Subscribe(const ConsumerSpec& spec);
  static void OnRebalance(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  static int OnStatistics(rd_kafka_t* handle, char* json, size_t size, void* opaque);
  static void OnQueueNotEmpty(rd_kafka_t* handle, void* opaque);
  void Rebalanced(rd_kafka_resp_err_t error, const rd_kafka_topic_partition_list_t* partitions);
  void ServeMainQueue();
  void HandleMainMessage(rd_kafka_message_t* message);
  GroupEvent FatalEvent();
  void ForgetPartitions();
  absl::Status SeekOnce(std::span<const PartitionStart> partitions, absl::Duration timeout);
  absl::Status Take(const base::TopicPartition& partition, Assigned* assigned,
                    rd_kafka_message_t* message, std::vector<Message>* messages);

  const KafkaConfig config_;
  rd_kafka_t* const questions_;
  OwnMembers* const own_members_;
  ClientStatistics::Client statistics_;
  Wakeup wakeup_;

  Handle handle_;  // destroyed before what its threads wake
  Queue main_queue_;
  std::map<base::TopicPartition, Assigned> assigned_;
  std::deque<GroupEvent> events_;
  base::LogLimit log_limit_{base::SystemClock(), 5, absl::Seconds(10)};  // of each error
  absl::StatusOr<std::shared_ptr<const KafkaGroupMetadata>> metadata_ =
      absl::FailedPreconditionError("no partitions are assigned");
  bool closing_ = false;
};

}  // namespace streams::kafka
