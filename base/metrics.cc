#include "base/metrics.h"

namespace base {

Counter& Metrics::GetCounter(std::string_view name) {
  absl::MutexLock lock(&mutex_);
  auto found = counters_.find(name);
  if (found == counters_.end()) {
    found = counters_.emplace(std::string(name), std::make_unique<Counter>()).first;
  }
  return *found->second;
}

std::vector<Metrics::Sample> Metrics::Snapshot() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Sample> samples;
  samples.reserve(counters_.size());
  for (const auto& [name, counter] : counters_) samples.push_back({name, counter->value()});
  return samples;
}

}  // namespace base
