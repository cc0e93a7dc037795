// Brings what the local checkpoints hold up to date from the changelogs, in memory.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "state/executor.h"
#include "streams/broker.h"
#include "tools/dump/source.h"

namespace dump {

// Up to what is committed now. A checkpoint that is too old to be given its delta only is
// replaced by what the changelogs give, which is said on standard error.
absl::Status CatchUp(const std::string& application_id, const std::vector<std::string>& stores,
                     streams::Broker& broker, state::Executor* executor,
                     std::vector<Source>* sources);

}  // namespace dump
