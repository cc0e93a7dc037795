// Runs a part of a test in a child process: to be killed there, or because what it does to
// the process must not stay. A fork takes no threads along, and RocksDB keeps some once it
// has been used; so a test that forks opens RocksDB in children only.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace state {

inline pid_t StartChild(const std::function<void()>& run) {
  fflush(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  run();
  fflush(nullptr);
  ::_exit(testing::Test::HasFailure() ? 1 : 0);
}

inline int WaitFor(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// Failures in the child are failures here. It closes what it opened.
inline void InChild(const std::function<void()>& run) {
  const int status = WaitFor(StartChild(run));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "the child process failed (above) or crashed, wait status " << status;
}

[[noreturn]] inline void KillSelf() {
  fflush(nullptr);
  ::kill(::getpid(), SIGKILL);
  ::_exit(2);  // not reached
}

// `run` must call KillSelf.
inline void InKilledChild(const std::function<void()>& run) {
  const int status = WaitFor(StartChild(run));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      << "the child process did not get to its end, wait status " << status;
}

}  // namespace state
