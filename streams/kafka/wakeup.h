// Wakes a thread that waits for something to do. A wake that comes before the wait is
// not lost. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace streams::kafka {

class Wakeup {
 public:
  void Wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    condition_.notify_one();
  }

  // Returns when woken, or after `timeout`.
  void Wait(absl::Duration timeout) {
    std::unique_lock lock(mutex_);
    // The condition variable cannot wait for ever and a day.
    condition_.wait_for(lock, absl::ToChronoMicroseconds(std::min(timeout, absl::Hours(1))),
                        [this] { return woken_; });
    woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
};

}  // namespace streams::kafka
