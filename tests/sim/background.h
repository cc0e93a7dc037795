// The thread that writes checkpoints, in a simulation: its tasks run when the simulation says
// so, one by one, between two steps of the process or in the middle of one.
//
// Not thread-safe: belongs to the simulation.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "state/executor.h"

namespace simulation {

class Background final : public state::Executor {
 public:
  // `given` is called when there is something to do.
  explicit Background(std::function<void()> given) : given_(std::move(given)) {}

  void Run(std::function<void()> task) override {
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) given_();
  }
  void Await(const std::atomic<bool>& done) override {
    while (!done.load(std::memory_order_acquire)) RunOne();
  }

  bool idle() const { return tasks_.empty() || running_; }
  // There is one.
  void RunOne() {
    running_ = true;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    running_ = false;
  }

 private:
  const std::function<void()> given_;
  std::deque<std::function<void()>> tasks_;
  bool running_ = false;
};

}  // namespace simulation
