// The committed offsets of a handle's group.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <span>

#include "absl/status/statusor.h"
#include "streams/broker.h"

namespace streams::kafka {

// A handle that reads committed waits for open transactions that have sent offsets, and
// fails with DeadlineExceeded; one that reads uncommitted takes what was committed before.
// Thread-safe.
absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> CommittedBy(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, absl::Duration timeout);

}  // namespace streams::kafka
