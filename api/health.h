// Whether a worker is alive and ready, in the words of HTTP. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "api/http_server.h"
#include "streams/thread_status.h"

namespace api {

// 200 as long as the loop comes round. Calls to a broker that does not answer may hold it up
// for minutes, within their own limits, and a restart would not help: so it counts as dead
// only where it has stood for longer than any of them, and than the group would wait for it.
inline constexpr absl::Duration kLongestTurn = absl::Minutes(5);
Reply Live(const streams::ThreadStatus& status, absl::Duration now);

// 200 where all assigned tasks run, none being assigned among them; else 503, and the reason.
// A loop that stands for so long may have lost its tasks without knowing.
inline constexpr absl::Duration kLongestReadyTurn = absl::Seconds(10);
// `unreachable`: brokers, to be named beside the reason.
Reply Ready(const streams::ThreadStatus& status, absl::Duration now,
            const std::vector<std::string>& unreachable);

}  // namespace api
