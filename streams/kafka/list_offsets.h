// Asks the leaders of partitions for offsets, also where leaders have moved.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "base/record.h"

namespace streams::kafka {

inline constexpr int64_t kLogEnd = -1;  // instead of a time
inline constexpr int64_t kLogStart = -2;

// By partition: the first offset whose record has this timestamp or a later one, -1 where
// there is none; or the log's end or start. One attempt. After one that has failed the leaders
// are known anew: another may have an answer.
absl::StatusOr<std::vector<base::Offset>> ListOffsets(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, int64_t time,
    absl::Duration timeout);

}  // namespace streams::kafka
