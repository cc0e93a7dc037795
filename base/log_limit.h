// Keeps what happens again and again from flooding the log: of each cause so many lines are
// written in a period of time; the first of the next period says how many were left out, and
// the end of the limit does where there was none.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace base {

class LogLimit {
 public:
  // The clock outlives the object.
  LogLimit(const Clock& clock, uint64_t lines, absl::Duration period)
      : clock_(clock), lines_(lines), period_(period) {}
  ~LogLimit();
  LogLimit(const LogLimit&) = delete;
  LogLimit& operator=(const LogLimit&) = delete;

  // No value: not to be written. Else how many lines of this cause were left out before it.
  // Of the causes beyond the first thousand all count as one.
  std::optional<uint64_t> Pass(std::string_view cause);

 private:
  struct Cause {
    absl::Duration period_began;
    uint64_t written = 0;
    uint64_t left_out = 0;
  };

  const Clock& clock_;
  const uint64_t lines_;
  const absl::Duration period_;
  absl::Mutex mutex_;
  std::map<std::string, Cause, std::less<>> causes_;
};

}  // namespace base
