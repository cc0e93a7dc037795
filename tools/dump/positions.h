// Where everything stands, and how far behind what it follows: each store's checkpoint and
// its changelog, each input's position in the state and in the group and its end.
#pragma once

#include "absl/status/status.h"
#include "tools/dump/load.h"
#include "tools/dump/options.h"

namespace dump {

// With Options::From::kCheckpoint what the disk says alone, with kChangelogs what Kafka says
// alone.
absl::Status PrintPositions(Loader* loader, const Options& options, Output* output);

}  // namespace dump
