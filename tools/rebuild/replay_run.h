// Runs the topology over a closed range of the inputs, as a worker would have: the same task,
// the same merge by timestamp. Nothing is written to Kafka.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "base/record.h"
#include "state/replica.h"
#include "streams/broker.h"
#include "streams/engine_records.h"
#include "streams/topology.h"

namespace tools {

using TakeOutput =
    std::function<absl::Status(const std::string& topic, const streams::OutgoingRecord& record)>;

struct ReplaySummary {
  int64_t records = 0;
  base::Timestamp first_timestamp = base::kNoTimestamp;  // the smallest of the inputs'
  streams::InputPositions reached;                       // behind the last record of each
};

// `replica` holds the state at `from`, and afterwards that at `to`, with the input positions
// among the engine's records. It is put down as it grows.
absl::StatusOr<ReplaySummary> RunReplay(const streams::Topology& topology, streams::Broker& broker,
                                        const streams::InputPositions& from,
                                        const streams::InputPositions& to, state::Replica* replica,
                                        const TakeOutput& take);

}  // namespace tools
