#include "base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace base {
namespace {

class MachineClock final : public Clock {
 public:
  Timestamp Now() const override {
    return Timestamp(std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count());
  }

  absl::Duration Elapsed() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

void Clock::Sleep(absl::Duration duration) const { absl::SleepFor(duration); }

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

}  // namespace base
