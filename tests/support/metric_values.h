// Counters in tests, by their names.
#pragma once

#include <algorithm>
#include <string>

#include "base/metrics.h"

namespace testing_support {

// The sum over the labels among which all of `labels` are.
inline double MetricSum(const base::Metrics& metrics, const std::string& name,
                        const base::MetricLabels& labels = {}) {
  const base::MetricSnapshot snapshot = metrics.Snapshot();
  const auto family = snapshot.families().find(name);
  double sum = 0;
  if (family == snapshot.families().end()) return sum;
  for (const base::MetricSample& sample : family->second.samples) {
    bool all = true;
    for (const auto& label : labels) {
      all = all &&
            std::find(sample.labels.begin(), sample.labels.end(), label) != sample.labels.end();
    }
    if (all) sum += sample.value;
  }
  return sum;
}

}  // namespace testing_support
