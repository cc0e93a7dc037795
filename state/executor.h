// Where work is done that must not hold up the records: checkpoints.
#pragma once

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
