// Counters of what processors do: added when the open transaction commits, forgotten where
// it is aborted, so that what is done again is not counted twice.
//
// Counting allocates nothing but at the first of a kind. Not thread-safe; others read the
// base::Counters behind it.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"

namespace streams {

class OpenCounter {
 public:
  explicit OpenCounter(base::Counter* counter) : counter_(counter) {}

 private:
  friend class OpenCounters;

  base::Counter* counter_;
  uint64_t open_ = 0;
};

class OpenCounters {
 public:
  // The metrics outlive the object.
  explicit OpenCounters(base::Metrics& metrics) : metrics_(metrics) {}

  // One for who asks; several may add to the same counter. Lives as long as this.
  OpenCounter& Get(const base::MetricName& name, const base::MetricLabels& labels) {
    return counters_.emplace_back(&metrics_.GetCounter(name, labels));
  }

  void Count(OpenCounter& counter) {
    if (counter.open_++ == 0) touched_.push_back(&counter);
  }

  void Commit() {
    for (OpenCounter* counter : touched_) counter->counter_->Add(std::exchange(counter->open_, 0));
    touched_.clear();
  }
  void Abort() {
    for (OpenCounter* counter : touched_) counter->open_ = 0;
    touched_.clear();
  }

 private:
  base::Metrics& metrics_;
  std::deque<OpenCounter> counters_;
  std::vector<OpenCounter*> touched_;  // by the open transaction; a few
};

// Counters that differ in one label, whose values are a few constants: they are told apart
// by where their text stands.
class CountersByKind {
 public:
  // `name` and `label` are constants; `labels` are those that all have.
  void Init(OpenCounters* counters, const base::MetricName& name, base::MetricLabels labels,
            const char* label) {
    counters_ = counters;
    name_ = name;
    labels_ = std::move(labels);
    label_ = label;
  }

  // Shown as 0 before the first: a rate is seen only of what was there before.
  void Prepare(std::span<const std::string_view> kinds) {
    for (const std::string_view kind : kinds) Get(kind);
  }
  void Count(std::string_view kind) { counters_->Count(Get(kind)); }

 private:
  OpenCounter& Get(std::string_view kind) {
    for (const auto& [known, counter] : known_) {
      if (known == kind.data()) return *counter;
    }
    base::MetricLabels labels = labels_;
    labels.emplace_back(label_, kind);
    OpenCounter& counter = counters_->Get(name_, labels);
    known_.emplace_back(kind.data(), &counter);
    return counter;
  }

  OpenCounters* counters_ = nullptr;
  base::MetricName name_{};
  base::MetricLabels labels_;
  const char* label_ = nullptr;
  std::vector<std::pair<const char*, OpenCounter*>> known_;  // a few
};

}  // namespace streams
