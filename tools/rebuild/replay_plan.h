// What a replay reads, from where to where, and from which state it starts: as asked for, held
// against what there is.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "tools/rebuild/connection.h"
#include "tools/rebuild/input_point.h"
#include "tools/rebuild/state_copy.h"
#include "tools/settings.h"

namespace tools {

struct ReplayRequest {
  std::optional<InputPoint> from;  // none: where the state to start from stands, or earliest
  std::optional<InputPoint> to;    // none: by what is asked for
  std::string start_state;         // an application's folder, or lines; empty: no state
  std::string output_dir;
  std::string into;  // an application id
  bool compare = false;
  int64_t shown = 20;  // differences of each store and topic
};

struct ReplayPlan {
  streams::InputPositions from;
  streams::InputPositions to;
  bool from_the_beginning = false;  // nothing came before it
  std::optional<StateCopy> start;
  std::optional<StateCopy> live;  // what is compared with
};

// Whether a state to start from is a file of JSON lines, which has no positions: `from` must
// say them.
bool IsLines(const std::string& start_state);

// `memory` and `executor` outlive the plan. The request was checked: its parts fit together.
absl::StatusOr<ReplayPlan> PlanReplay(const Settings& settings, const ReplayRequest& request,
                                      const streams::Topology& topology, const Connection& kafka,
                                      state::MemoryBackendFactory* memory,
                                      state::Executor* executor);

}  // namespace tools
