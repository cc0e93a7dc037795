// What a stream thread is about, for who asks from outside: a health check.
//
// Thread-safe: the stream thread writes, others read. Turned is one relaxed store; Set takes
// a lock, and is called when something changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace streams {

class ThreadStatus {
 public:
  enum class Phase {
    kStarting,   // waits for topics, joins the group, or finds out where a task stands
    kRestoring,  // reads the changelogs
    kRunning,
    kIdle,  // a member of the group to which nothing is assigned
    kStopping,
  };
  struct View {
    Phase phase = Phase::kStarting;
    std::string detail;  // in words
  };

  // The loop has come round.
  void Turned(absl::Duration elapsed) {
    turned_ns_.store(absl::ToInt64Nanoseconds(elapsed), std::memory_order_relaxed);
  }
  absl::Duration last_turn() const {
    return absl::Nanoseconds(turned_ns_.load(std::memory_order_relaxed));
  }

  void Set(Phase phase, std::string detail) {
    absl::MutexLock lock(&mutex_);
    view_ = {.phase = phase, .detail = std::move(detail)};
  }
  View view() const {
    absl::MutexLock lock(&mutex_);
    return view_;
  }

 private:
  std::atomic<int64_t> turned_ns_{0};
  mutable absl::Mutex mutex_;
  View view_;
};

}  // namespace streams
