// What the program counts and measures, for whoever shows it.
//
//   constexpr base::MetricName kSkipped{"records_skipped_total", "Input records ..."};
//   base::Counter& skipped = metrics.GetCounter(kSkipped, {{"topic", topic}});
//   skipped.Add();
//
// Names and labels are Prometheus': base units, counters end in _total; each name has one
// kind and one help text. The program's prefix is put before them by whoever shows them.
//
// Setting a value is lock-free and may be done from any thread; it allocates nothing.
// Making one, dropping one and taking a snapshot take a lock, for microseconds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace base {

// A constant, beside the code that measures it.
struct MetricName {
  const char* name;
  const char* help;
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  // `bounds`: the buckets' upper ends, ascending; one without an end comes after them.
  explicit Histogram(std::span<const double> bounds);

  void Observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  // By bucket, not cumulative; one more than there are bounds.
  std::vector<uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

enum class MetricKind { kCounter, kGauge, kHistogram };

struct MetricSample {
  MetricLabels labels;
  double value = 0;              // of counters and gauges
  std::vector<uint64_t> counts;  // of histograms, as Histogram::counts
  double sum = 0;                // of histograms
};

struct MetricFamily {
  std::string help;
  MetricKind kind = MetricKind::kGauge;
  std::vector<double> bounds;  // of histograms
  std::vector<MetricSample> samples;
};

// The values at one moment, or nearly: each is whole, and they are not of the same instant.
class MetricSnapshot {
 public:
  void AddCounter(const MetricName& name, MetricLabels labels, double value);
  void AddGauge(const MetricName& name, MetricLabels labels, double value);
  void AddHistogram(const MetricName& name, MetricLabels labels, const Histogram& histogram);

  const std::map<std::string, MetricFamily>& families() const { return families_; }

 private:
  MetricFamily& Family(const MetricName& name, MetricKind kind);

  std::map<std::string, MetricFamily> families_;
};

class Metrics {
 private:
  struct Source;

 public:
  // Gives values that others keep: called for each snapshot, in its thread.
  using Collect = std::function<void(MetricSnapshot* snapshot)>;

  // A source, for as long as this lives: when the destructor returns, `collect` does not run
  // and never will again.
  class Registration {
   public:
    Registration() = default;
    explicit Registration(std::shared_ptr<Source> source) : source_(std::move(source)) {}
    Registration(Registration&&) = default;
    Registration& operator=(Registration&& other) noexcept;
    ~Registration();

   private:
    std::shared_ptr<Source> source_;
  };

  // The one of this name and these labels, the same at every call; it lives as long as this.
  Counter& GetCounter(const MetricName& name, const MetricLabels& labels = {});
  Gauge& GetGauge(const MetricName& name, const MetricLabels& labels = {});
  Histogram& GetHistogram(const MetricName& name, std::span<const double> bounds,
                          const MetricLabels& labels = {});

  [[nodiscard]] Registration AddSource(Collect collect);

  MetricSnapshot Snapshot() const;

 private:
  struct Key {
    MetricName name;
    MetricLabels labels;

    bool operator<(const Key& other) const;
  };
  template <class T>
  using ByNameAndLabels = std::map<Key, std::unique_ptr<T>>;

  mutable absl::Mutex mutex_;
  ByNameAndLabels<Counter> counters_;
  ByNameAndLabels<Gauge> gauges_;
  ByNameAndLabels<Histogram> histograms_;
  mutable std::vector<std::weak_ptr<Source>> sources_;
};

}  // namespace base
