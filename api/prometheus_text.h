// Figures in Prometheus' text form. Pure.
#pragma once

#include <string>

#include "base/metrics.h"

namespace api {

inline constexpr char kPrometheusContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// `prefix` goes before each name.
std::string PrometheusText(const std::string& prefix, const base::MetricSnapshot& snapshot);

}  // namespace api
