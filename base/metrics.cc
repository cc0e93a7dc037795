#include "base/metrics.h"

#include <algorithm>
#include <cstring>

namespace base {

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

void Histogram::Observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<uint64_t> Histogram::counts() const {
  std::vector<uint64_t> counts;
  for (const auto& count : counts_) counts.push_back(count.load(std::memory_order_relaxed));
  return counts;
}

// ------------------------------------------------------------------ a snapshot

MetricFamily& MetricSnapshot::Family(const MetricName& name, MetricKind kind) {
  const auto [found, is_new] = families_.try_emplace(name.name);
  if (is_new) {
    found->second.help = name.help;
    found->second.kind = kind;
  }
  return found->second;
}

void MetricSnapshot::AddCounter(const MetricName& name, MetricLabels labels, double value) {
  Family(name, MetricKind::kCounter)
      .samples.push_back({.labels = std::move(labels), .value = value, .counts = {}});
}

void MetricSnapshot::AddGauge(const MetricName& name, MetricLabels labels, double value) {
  Family(name, MetricKind::kGauge)
      .samples.push_back({.labels = std::move(labels), .value = value, .counts = {}});
}

void MetricSnapshot::AddHistogram(const MetricName& name, MetricLabels labels,
                                  const Histogram& histogram) {
  MetricFamily& family = Family(name, MetricKind::kHistogram);
  family.bounds = histogram.bounds();
  family.samples.push_back(
      {.labels = std::move(labels), .counts = histogram.counts(), .sum = histogram.sum()});
}

// ---------------------------------------------------------------- the registry

struct Metrics::Source {
  absl::Mutex mutex;  // held while it collects
  Collect collect;
};

bool Metrics::Key::operator<(const Key& other) const {
  const int order = std::strcmp(name.name, other.name.name);
  return order != 0 ? order < 0 : labels < other.labels;
}

Metrics::Registration::~Registration() {
  if (source_ == nullptr) return;
  absl::MutexLock lock(&source_->mutex);
  source_->collect = nullptr;
}

Metrics::Registration& Metrics::Registration::operator=(Registration&& other) noexcept {
  std::swap(source_, other.source_);
  return *this;
}

Counter& Metrics::GetCounter(const MetricName& name, const MetricLabels& labels) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Counter>& counter = counters_[{name, labels}];
  if (counter == nullptr) counter = std::make_unique<Counter>();
  return *counter;
}

Gauge& Metrics::GetGauge(const MetricName& name, const MetricLabels& labels) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Gauge>& gauge = gauges_[{name, labels}];
  if (gauge == nullptr) gauge = std::make_unique<Gauge>();
  return *gauge;
}

Histogram& Metrics::GetHistogram(const MetricName& name, std::span<const double> bounds,
                                 const MetricLabels& labels) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Histogram>& histogram = histograms_[{name, labels}];
  if (histogram == nullptr) histogram = std::make_unique<Histogram>(bounds);
  return *histogram;
}

Metrics::Registration Metrics::AddSource(Collect collect) {
  auto source = std::make_shared<Source>();
  source->collect = std::move(collect);
  absl::MutexLock lock(&mutex_);
  sources_.push_back(source);
  return Registration(std::move(source));
}

MetricSnapshot Metrics::Snapshot() const {
  MetricSnapshot snapshot;
  std::vector<std::shared_ptr<Source>> sources;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, counter] : counters_) {
      snapshot.AddCounter(key.name, key.labels, static_cast<double>(counter->value()));
    }
    for (const auto& [key, gauge] : gauges_) {
      snapshot.AddGauge(key.name, key.labels, gauge->value());
    }
    for (const auto& [key, histogram] : histograms_) {
      snapshot.AddHistogram(key.name, key.labels, *histogram);
    }
    std::erase_if(sources_, [&](const std::weak_ptr<Source>& known) {
      std::shared_ptr<Source> source = known.lock();
      if (source == nullptr) return true;
      sources.push_back(std::move(source));
      return false;
    });
  }
  // Not under the lock that those wait for who make values: a source may take its time.
  for (const auto& source : sources) {
    absl::MutexLock lock(&source->mutex);
    if (source->collect) source->collect(&snapshot);
  }
  return snapshot;
}

}  // namespace base
