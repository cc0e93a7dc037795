// SIGTERM and SIGINT, as the programs that run for long take them.
#pragma once

#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace tools {

// Both signals are taken by a thread of its own. Where the stop takes too long, in a call
// that does not return, that thread ends the process. Made before any other thread is; one
// a process. stopped() may be asked from any thread.
class StopSignal {
 public:
  // What that thread does before it ends the process because the stop takes too long; until
  // this object is gone.
  class AtLast {
   public:
    AtLast(StopSignal* stop, std::function<void()> act) : stop_(stop) {
      stop_->Arm(std::move(act));
    }
    ~AtLast() { stop_->Arm(nullptr); }
    AtLast(const AtLast&) = delete;
    AtLast& operator=(const AtLast&) = delete;

   private:
    StopSignal* stop_;
  };

  StopSignal();
  ~StopSignal();

  // The exit status where the process has to be ended by that thread.
  void set_status_at_last(int status) { status_at_last_ = status; }

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

 private:
  void Arm(std::function<void()> at_last);
  void Wait();

  sigset_t signals_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> status_at_last_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
  std::function<void()> at_last_;
  std::thread waiter_;
};

}  // namespace tools
