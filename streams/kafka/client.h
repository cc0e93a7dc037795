// What all of librdkafka's handles here share: owning pointers, their set-up, and what
// they log.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "streams/broker.h"
#include "streams/kafka/kafka_config.h"

namespace streams::kafka {

struct Destroy {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_consumer_group_metadata_t* metadata) const {
    rd_kafka_consumer_group_metadata_destroy(metadata);
  }
};

using Conf = std::unique_ptr<rd_kafka_conf_t, Destroy>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Destroy>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy>;
using Error = std::unique_ptr<rd_kafka_error_t, Destroy>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy>;

// A client handle. Its destruction waits neither for the group nor for a broker.
struct DestroyHandle {
  void operator()(rd_kafka_t* handle) const {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};
using Handle = std::unique_ptr<rd_kafka_t, DestroyHandle>;

// With the brokers, the operator's settings (those that a client of this kind knows), and
// the logging of all handles. `opaque` is what callbacks get.
absl::StatusOr<Conf> NewConf(const KafkaConfig& config, void* opaque);
absl::Status Set(rd_kafka_conf_t* conf, const char* name, const std::string& value);
// Those that are not in `except`.
absl::Status SetAll(rd_kafka_conf_t* conf, const Settings& settings, const Settings& except);
absl::StatusOr<Handle> NewHandle(rd_kafka_type_t type, Conf conf);

// A consumer handle of no group, for questions and for reading logs.
absl::StatusOr<Handle> NewReader(const KafkaConfig& config, const std::string& group_id,
                                 const char* isolation_level, const Settings& more);

std::string ClientId(const KafkaConfig& config);

PartitionList ToList(std::span<const base::TopicPartition> partitions);
PartitionList ToList(std::span<const PartitionStart> starts);  // with their offsets
base::TopicPartition ToTopicPartition(const rd_kafka_topic_partition_t& partition);
// rd_kafka_assign, and its first consequences. The library aborts the process where a
// partition's reading is to be stopped again while it is still being stopped.
absl::Status Assign(rd_kafka_t* consumer, const rd_kafka_topic_partition_list_t* partitions,
                    const std::string& what);

int ToMs(absl::Duration duration);

// Unavailable and DeadlineExceeded for what passes; PermissionDenied and InvalidArgument
// for what somebody must change; Internal for the rest.
absl::Status ToStatus(rd_kafka_resp_err_t error, const std::string& what);

}  // namespace streams::kafka
