// Kafka's words: partition, offset, and a topic's partition.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "base/strong_id.h"

namespace base {

struct PartitionTag {};
struct OffsetTag {};

// The number of a partition within its topic, from 0.
using Partition = StrongId<PartitionTag, int32_t>;

// Where a record stands in its partition. A *position* is the offset of the next
// record to be read; all records below it have been.
using Offset = StrongId<OffsetTag, int64_t>;

constexpr Offset Next(Offset offset) { return Offset(offset.value() + 1); }

struct TopicPartition {
  std::string topic;
  Partition partition;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;

  template <class H>
  friend H AbslHashValue(H state, const TopicPartition& tp) {
    return H::combine(std::move(state), tp.topic, tp.partition);
  }

  // As Kafka's tools print it: topic-partition.
  friend std::ostream& operator<<(std::ostream& out, const TopicPartition& tp) {
    return out << tp.topic << '-' << tp.partition;
  }
};

std::string ToString(const TopicPartition& tp);

}  // namespace base
