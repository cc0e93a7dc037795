// Says what is waited for: when it changes, and every few seconds. What is asked again and
// again, and may fail at once, must not flood the log.
//
// Not thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log.h"

namespace base {

class WaitingLine {
 public:
  // The clock outlives the object.
  WaitingLine(const Clock& clock, LogLevel level) : clock_(clock), level_(level) {}

  void Say(const absl::Status& status) {
    constexpr absl::Duration kInterval = absl::Seconds(5);
    const absl::Duration now = clock_.Elapsed();
    const std::string text(status.message());
    if (text == said_ && now < next_) return;
    said_ = text;
    next_ = now + kInterval;
    Log(level_, "waiting", {{"for", text}});
  }

 private:
  const Clock& clock_;
  const LogLevel level_;
  std::string said_;
  absl::Duration next_;
};

}  // namespace base
