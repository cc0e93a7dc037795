// A state to look at: from a checkpoint on disk or from an application's changelogs, with the
// input positions that it includes. Looking changes nothing.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "state/replica.h"
#include "streams/engine_records.h"
#include "streams/topology.h"
#include "tools/rebuild/connection.h"
#include "tools/rebuild/founding.h"
#include "tools/settings.h"

namespace tools {

struct StateCopy {
  std::string what;  // for people
  streams::InputPositions positions;
  std::unique_ptr<state::Replica> replica;
};

// The last checkpoint in an application's folder of a state directory, `<state dir>/<id>`:
// of a worker that runs or not, or a copy. NotFound: there is none. FailedPrecondition: it is
// of another application, or stands in the middle of a restore.
absl::StatusOr<StateCopy> OpenCheckpoint(const std::string& directory,
                                         const std::string& application_id,
                                         const streams::Topology& topology,
                                         state::Executor* executor);

// What the application's changelogs hold now, read by the engine's own start of a task into
// `memory`. Unavailable: its worker writes all the time, so that no moment could be seen.
absl::StatusOr<StateCopy> ReadChangelogs(const Settings& settings,
                                         const streams::Topology& topology, const Connection& kafka,
                                         state::MemoryBackendFactory* memory,
                                         state::Executor* executor);

// The objects of a replica, without the engine's records.
StateContent ContentOf(const state::Replica& replica, size_t stores);

}  // namespace tools
