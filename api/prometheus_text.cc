#include "api/prometheus_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace api {
namespace {

prometheus::MetricType TypeOf(base::MetricKind kind) {
  switch (kind) {
    case base::MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case base::MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case base::MetricKind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram ToHistogram(const base::MetricFamily& family,
                                                const base::MetricSample& sample) {
  prometheus::ClientMetric::Histogram histogram;
  uint64_t so_far = 0;
  for (size_t i = 0; i < sample.counts.size(); ++i) {
    so_far += sample.counts[i];
    const double bound =
        i < family.bounds.size() ? family.bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({so_far, bound});
  }
  histogram.sample_count = so_far;
  histogram.sample_sum = sample.sum;
  return histogram;
}

prometheus::ClientMetric ToMetric(const base::MetricFamily& family,
                                  const base::MetricSample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  switch (family.kind) {
    case base::MetricKind::kCounter:
      metric.counter.value = sample.value;
      break;
    case base::MetricKind::kGauge:
      metric.gauge.value = sample.value;
      break;
    case base::MetricKind::kHistogram:
      metric.histogram = ToHistogram(family, sample);
      break;
  }
  return metric;
}

}  // namespace

std::string PrometheusText(const std::string& prefix, const base::MetricSnapshot& snapshot) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& [name, family] : snapshot.families()) {
    prometheus::MetricFamily& shown = families.emplace_back();
    shown.name = prefix + name;
    shown.help = family.help;
    shown.type = TypeOf(family.kind);
    for (const base::MetricSample& sample : family.samples) {
      shown.metric.push_back(ToMetric(family, sample));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace api
