// What the runs of several processes come to. In memory that they share, made before they are.
//
// Thread-safe, and safe between the processes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/sim/world.h"

namespace simulation {

class SharedTotals {
 public:
  static constexpr size_t kMostJobs = 256;

  // Never freed.
  static SharedTotals* New();

  void Add(const Outcome& outcome);
  std::string Text(double seconds) const;

  std::atomic<uint64_t> failed = 0;
  // What each job is at, for when it does not live to tell.
  std::array<std::atomic<uint64_t>, kMostJobs> seed_of = {};

 private:
  std::atomic<uint64_t> seeds_ = 0;
  std::atomic<uint64_t> records_ = 0;
  std::atomic<uint64_t> commits_ = 0;
  std::atomic<int64_t> virtual_seconds_ = 0;
  std::atomic<int64_t> longest_recovery_ = 0;  // seconds
};

}  // namespace simulation
