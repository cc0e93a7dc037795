// What a stream thread counts, each made once and shown from the start.
//
// The objects are the registry's; whoever holds this may add to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "state/store.h"

namespace streams {

// What became of a transaction that did not commit.
enum class AbortReason {
  kBroker,   // the broker wanted it aborted
  kRefused,  // a record of it was refused
  kUnknown,  // nobody said how the commit ended: a new producer finds out
  kLost,     // the partitions went to another
  kRestart,  // producer or consumer failed
};

class ThreadMetrics {
 public:
  ThreadMetrics(base::Metrics& metrics, const std::vector<std::string>& stores);

  void Aborted(AbortReason reason) { aborted_[static_cast<size_t>(reason)]->Add(); }
  // `figures`: of the store's cache, which begins anew with each task.
  void AddCache(size_t store, const state::CacheFigures& figures, state::CacheFigures* last);

  base::Counter& committed;
  base::Histogram& commit_seconds;

  base::Counter& assigned;
  base::Counter& revoked;
  base::Counter& lost;
  base::Gauge& assigned_partitions;
  base::Counter& restarts;
  base::Counter& restored_records;

  base::Counter& checkpoints;
  base::Counter& checkpoint_failures;
  base::Counter& checkpoint_keys;
  base::Counter& checkpoint_bytes;
  base::Histogram& checkpoint_seconds;

 private:
  struct Cache {
    base::Counter* hits;
    base::Counter* misses;
    base::Gauge* entries;
  };
  std::vector<base::Counter*> aborted_;  // by AbortReason
  std::vector<Cache> caches_;            // by store
};

}  // namespace streams
