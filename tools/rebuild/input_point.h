// A point in the inputs as an operator names it, and the positions that it means.
//
//   earliest                      the first records that are there
//   latest                        behind the last that is decided
//   2026-11-24T10:00:00Z          the first records of that time or later (tools/moment.h)
//   status-0@12,commands-0@7,...  each input's position, as the worker's log names them
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "base/record.h"
#include "streams/engine_records.h"
#include "tools/rebuild/connection.h"

namespace tools {

struct InputPoint {
  enum class Kind { kEarliest, kLatest, kTime, kOffsets };
  Kind kind = Kind::kEarliest;
  base::Timestamp time{0};            // of kTime
  streams::InputPositions positions;  // of kOffsets
};

// Errors say what is allowed.
absl::StatusOr<InputPoint> ParseInputPoint(const std::string& text);

// "status-0@12,commands-0@7"
std::string ToString(const streams::InputPositions& positions);

// The inputs of the topology, in its order.
std::vector<base::TopicPartition> InputsOf(const streams::Topology& topology);

using Ranges = std::map<base::TopicPartition, streams::LogRange>;

// The inputs' ranges. NotFound: a topic is not there; where `missing_are_empty`, such a one
// is taken for empty, since it will be made.
absl::StatusOr<Ranges> InputRanges(std::span<const base::TopicPartition> inputs,
                                   const Connection& kafka, bool missing_are_empty = false);

// Error: positions that are not of these inputs, or not in them (any more).
absl::StatusOr<streams::InputPositions> Resolve(const InputPoint& point, const Ranges& ranges,
                                                const Connection& kafka);

}  // namespace tools
