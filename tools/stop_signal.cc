#include "tools/stop_signal.h"

#include <pthread.h>
#include <unistd.h>

#include "absl/time/time.h"
#include "base/log.h"

namespace tools {
namespace {

// What hangs in a call to a broker that is gone must not hold up the stop: nothing that is
// committed can be lost by it.
constexpr absl::Duration kLastResort = absl::Seconds(4);

}  // namespace

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  waiter_ = std::thread([this] { Wait(); });
}

StopSignal::~StopSignal() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  pthread_kill(waiter_.native_handle(), SIGTERM);
  waiter_.join();
}

void StopSignal::Arm(std::function<void()> at_last) {
  const std::lock_guard lock(mutex_);
  at_last_ = std::move(at_last);
}

void StopSignal::Wait() {
  int signal = 0;
  sigwait(&signals_, &signal);
  std::unique_lock lock(mutex_);
  if (finished_) return;
  base::Log(base::LogLevel::kInfo, "stopping",
            {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  stopped_.store(true, std::memory_order_relaxed);
  if (changed_.wait_for(lock, absl::ToChronoMilliseconds(kLastResort),
                        [this] { return finished_; })) {
    return;
  }
  if (at_last_) at_last_();
  base::Log(base::LogLevel::kWarning,
            "stopped while a call did not return; what was open is done again after the start");
  _exit(status_at_last_);
}

}  // namespace tools
