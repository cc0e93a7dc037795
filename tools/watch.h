// What a running worker shows over HTTP: figures, health, topology.
//
// Its pages are made in the server's threads from what is safe to be read there: atomics, and
// what has a lock of its own. They ask no broker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/http_server.h"
#include "base/metrics.h"
#include "streams/thread_status.h"
#include "tools/settings.h"

namespace tools {

// All outlive the server. OK and null where the settings want none; an error names the flag.
absl::StatusOr<std::unique_ptr<api::HttpServer>> Watch(const Settings& settings,
                                                       const base::Metrics& metrics,
                                                       const streams::ThreadStatus& status,
                                                       std::string topology);

// Who is this: versions.
std::string Versions();
void AddBuildInfo(base::Metrics& metrics);

}  // namespace tools
