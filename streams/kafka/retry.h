// Asks again what a broker cannot answer yet: a topic without a leader, a group without
// a coordinator.
#pragma once

#include <algorithm>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace streams::kafka {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Calls `ask` with the time that is left until it gives anything but Unavailable, or the
// time is up. At least once.
template <class Ask>
auto WhileUnavailable(absl::Duration timeout, Ask ask) {
  constexpr absl::Duration kPause = absl::Milliseconds(20);
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  while (true) {
    auto answer = ask(std::max(absl::Milliseconds(1), deadline - base::SystemClock().Elapsed()));
    if (!absl::IsUnavailable(StatusOf(answer))) return answer;
    if (base::SystemClock().Elapsed() + kPause >= deadline) return answer;
    absl::SleepFor(kPause);
  }
}

}  // namespace streams::kafka
