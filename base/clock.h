// Time, as an interface, so that a simulation can make it.
//
// Thread-safe: any thread may ask.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "base/record.h"

namespace base {

class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock. It may jump.
  virtual Timestamp Now() const = 0;

  // Time since some fixed moment of this process. It never goes back.
  virtual absl::Duration Elapsed() const = 0;

  // Waits. Where time is simulated it may return at once: then the time passes before the
  // caller's next turn, and what matters is asked of Elapsed again.
  virtual void Sleep(absl::Duration duration) const;
};

// The machine's clock. Lives as long as the process.
const Clock& SystemClock();

}  // namespace base
