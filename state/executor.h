// Where work is done that must not hold up the records: checkpoints.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace state {

// Runs each task once, in the order of their coming. Thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Run(std::function<void()> task) = 0;
  // Waits for a task that was given to set `done` (and to notify).
  virtual void Await(const std::atomic<bool>& done) { done.wait(false, std::memory_order_acquire); }
};

// At once, in the caller's thread: for tests and simulations.
class InlineExecutor final : public Executor {
 public:
  void Run(std::function<void()> task) override { task(); }
};

// In one background thread. The destructor finishes what was given.
class BackgroundExecutor final : public Executor {
 public:
  BackgroundExecutor();
  ~BackgroundExecutor() override;
  void Run(std::function<void()> task) override;

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace state
