// Lets another thread use what a thread owns while that one hangs in a call to the broker:
// librdkafka's transactional calls wait for their answers however short their timeout is,
// and a stop must not.
//
// Thread-safe.
#pragma once

#include <functional>
#include <mutex>

namespace streams::kafka {

class Standstill {
 public:
  // The thread stands still as long as this lives, and longer if it is made use of.
  class Here {
   public:
    explicit Here(Standstill* standstill) : standstill_(standstill) { standstill_->Set(true); }
    ~Here() { standstill_->Set(false); }
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;

   private:
    Standstill* standstill_;
  };

  // Runs `act` and keeps the thread where it is meanwhile. False where it does not stand
  // still: nothing was done.
  bool Use(const std::function<void()>& act) {
    const std::lock_guard lock(mutex_);
    if (standing_) act();
    return standing_;
  }

 private:
  void Set(bool standing) {
    const std::lock_guard lock(mutex_);
    standing_ = standing;
  }

  std::mutex mutex_;
  bool standing_ = false;
};

}  // namespace streams::kafka
