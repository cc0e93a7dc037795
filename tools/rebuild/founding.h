// Founds an application: its changelogs with a state in them, and its group's offsets, in one
// transaction. A worker of that id then starts as after a stop: it restores, finds that all
// fits, and goes on from the offsets.
//
// Not thread-safe. What a failure leaves behind: topics, which are empty for readers of
// committed records; what they hold is never a part of the state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "state/backend.h"
#include "streams/engine_records.h"
#include "streams/topology.h"
#include "tools/rebuild/connection.h"
#include "tools/settings.h"

namespace tools {

// A state's objects, without the engine's own records: calls `add` for each. The first error
// of `add` ends it.
using AddObject = std::function<absl::Status(state::StoreIndex store, std::string_view key,
                                             std::string_view value)>;
using StateContent = std::function<absl::Status(const AddObject& add)>;

struct Founding {
  StateContent content;
  int64_t objects = 0;  // about how many, for the progress
  streams::InputPositions positions;
  // The group's offsets are there already, and say so: it was reset.
  bool offsets_are_set = false;
};

// An error that names what the application of the settings has: members, committed offsets,
// internal topics, or a local state; or an input or output that is missing.
absl::Status CheckIsNew(const Settings& settings, const streams::Topology& topology,
                        const Connection& kafka);

// Makes the internal topics and writes the state. `kafka` is of the application's settings.
absl::Status Found(const Settings& settings, const streams::Topology& topology,
                   const Connection& kafka, const Founding& founding);

// The internal topics of the application: its changelogs, in the order of the stores, then
// its repartition topics.
std::vector<std::string> InternalTopics(const std::string& application_id,
                                        const streams::Topology& topology);

}  // namespace tools
