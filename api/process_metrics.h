// What the system says of this process, under the names that Prometheus' own clients use.
#pragma once

#include "base/metrics.h"

namespace api {

// What cannot be read is left out. Thread-safe.
base::MetricSnapshot ProcessMetrics();

}  // namespace api
