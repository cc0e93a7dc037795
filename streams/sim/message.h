// A record of a simulated log as the engine's Message.
#pragma once

#include <string>

#include "streams/broker.h"
#include "streams/sim/partition_log.h"

namespace streams::sim {

// The message shares the entry: the log may lose it.
Message ToMessage(const base::TopicPartition& partition, EntryPtr entry);

// Views of a record's headers, good as long as the record.
std::vector<base::HeaderView> HeaderViews(const Record& record);

}  // namespace streams::sim
