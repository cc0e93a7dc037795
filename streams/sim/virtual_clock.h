// The time of a simulation: it passes only where somebody lets it.
//
// Not thread-safe, like all of a simulation.
#pragma once

#include <algorithm>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/record.h"

namespace streams::sim {

class VirtualClock final : public base::Clock {
 public:
  base::Timestamp Now() const override {
    return base::Timestamp(kBegin + absl::ToInt64Milliseconds(elapsed_));
  }
  absl::Duration Elapsed() const override { return elapsed_; }
  void Sleep(absl::Duration) const override {}

  void Advance(absl::Duration duration) { elapsed_ += std::max(duration, absl::ZeroDuration()); }

 private:
  static constexpr int64_t kBegin = 1'900'000'000'000;

  absl::Duration elapsed_;
};

}  // namespace streams::sim
