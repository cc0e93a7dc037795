// Kafka's murmur2, with which Java's default partitioner places keys.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/kafka_types.h"

namespace base {

uint32_t Murmur2(std::string_view bytes);

// The partition that Java's default partitioner gives to `key`. `partitions` > 0.
Partition PartitionForKey(std::string_view key, int32_t partitions);

}  // namespace base
