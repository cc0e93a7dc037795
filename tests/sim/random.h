// Chance from a seed, the same on every machine. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace simulation {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  uint64_t Below(uint64_t limit) { return engine_() % limit; }
  uint64_t Between(uint64_t least, uint64_t most) { return least + Below(most - least + 1); }
  bool Chance(double probability) {
    return static_cast<double>(engine_() >> 11) * 0x1p-53 < probability;
  }
  absl::Duration Between(absl::Duration least, absl::Duration most) {
    const auto spread = static_cast<uint64_t>(absl::ToInt64Microseconds(most - least));
    return least + absl::Microseconds(static_cast<int64_t>(Below(spread + 1)));
  }
  template <class T>
  T Pick(std::initializer_list<T> from) {
    return *(from.begin() + Below(from.size()));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace simulation
