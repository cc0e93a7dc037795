// Counters that the rest of the program adds to and somebody shows.
//
// A Counter belongs to the Metrics that made it and lives as long. Adding is
// lock-free and may be done from any thread; making and listing take a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace base {

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Metrics {
 public:
  // The counter of this name; the same one at every call. Names are dotted words
  // with an optional last part for the kind: "records.skipped.DIED".
  Counter& GetCounter(std::string_view name);

  struct Sample {
    std::string name;
    uint64_t value;
  };
  // All counters by name.
  std::vector<Sample> Snapshot() const;

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_;
};

}  // namespace base
