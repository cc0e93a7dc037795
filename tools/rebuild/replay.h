// A replay, and what is made of it: files, a comparison with what is live, or a new
// application.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/output.h"
#include "tools/rebuild/replay_plan.h"
#include "tools/settings.h"

namespace tools {

// Prints what it does. False: a comparison has found differences.
absl::StatusOr<bool> Replay(Settings settings, const ReplayRequest& request, Output* output);

}  // namespace tools
