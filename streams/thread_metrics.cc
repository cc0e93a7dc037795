#include "streams/thread_metrics.h"

namespace streams {
namespace {

constexpr base::MetricName kCommitted{"transactions_committed_total",
                                      "Transactions that were committed."};
constexpr base::MetricName kAborted{
    "transactions_aborted_total",
    "Transactions that were aborted or given up, by reason: broker (it wanted that), refused (it "
    "refused a record for good), unknown (the commit's outcome was not told), lost (the partitions "
    "went to another), restart (producer or consumer failed)."};
constexpr const char* kAbortReasons[] = {"broker", "refused", "unknown", "lost", "restart"};
constexpr base::MetricName kCommitSeconds{
    "commit_duration_seconds",
    "From the moment at which a transaction was due to its commit: changelogs, offsets, commit."};
constexpr base::MetricName kRebalances{
    "rebalances_total",
    "What the group has told: partitions assigned (or none), revoked, or lost with the session."};
constexpr base::MetricName kAssigned{"assigned_partitions",
                                     "State partitions that the group has given to this worker."};
constexpr base::MetricName kRestarts{
    "thread_restarts_total",
    "Times that the stream thread has made producer and consumer anew after an error."};
constexpr base::MetricName kRestored{"restored_records_total",
                                     "Changelog records that were read into the stores."};
constexpr base::MetricName kCheckpoints{"checkpoints_total",
                                        "Checkpoints of a running task that are on disk."};
constexpr base::MetricName kCheckpointFailures{
    "checkpoint_failures_total", "Checkpoints that failed, to be tried again a second later."};
constexpr base::MetricName kCheckpointKeys{"checkpoint_keys_total",
                                           "Keys that checkpoints have put on disk."};
constexpr base::MetricName kCheckpointBytes{
    "checkpoint_bytes_total",
    "About what the keys that checkpoints have put on disk took in memory."};
constexpr base::MetricName kCheckpointSeconds{"checkpoint_duration_seconds",
                                              "From a checkpoint's start until its end was seen."};
constexpr base::MetricName kCacheHits{"cache_hits_total",
                                      "Reads of a store that found the object in memory."};
constexpr base::MetricName kCacheMisses{"cache_misses_total",
                                        "Reads of a store that had to go below its cache."};
constexpr base::MetricName kCacheEntries{"cache_entries",
                                         "Objects, and known absences of one, in a store's cache."};

constexpr double kCommitBounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                    0.25,  0.5,    1,     2.5,  5,     10,   30};
constexpr double kCheckpointBounds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

ThreadMetrics::ThreadMetrics(base::Metrics& metrics, const std::vector<std::string>& stores)
    : committed(metrics.GetCounter(kCommitted)),
      commit_seconds(metrics.GetHistogram(kCommitSeconds, kCommitBounds)),
      assigned(metrics.GetCounter(kRebalances, {{"event", "assigned"}})),
      revoked(metrics.GetCounter(kRebalances, {{"event", "revoked"}})),
      lost(metrics.GetCounter(kRebalances, {{"event", "lost"}})),
      assigned_partitions(metrics.GetGauge(kAssigned)),
      restarts(metrics.GetCounter(kRestarts)),
      restored_records(metrics.GetCounter(kRestored)),
      checkpoints(metrics.GetCounter(kCheckpoints)),
      checkpoint_failures(metrics.GetCounter(kCheckpointFailures)),
      checkpoint_keys(metrics.GetCounter(kCheckpointKeys)),
      checkpoint_bytes(metrics.GetCounter(kCheckpointBytes)),
      checkpoint_seconds(metrics.GetHistogram(kCheckpointSeconds, kCheckpointBounds)) {
  for (const char* reason : kAbortReasons) {
    aborted_.push_back(&metrics.GetCounter(kAborted, {{"reason", reason}}));
  }
  for (const std::string& store : stores) {
    caches_.push_back({.hits = &metrics.GetCounter(kCacheHits, {{"store", store}}),
                       .misses = &metrics.GetCounter(kCacheMisses, {{"store", store}}),
                       .entries = &metrics.GetGauge(kCacheEntries, {{"store", store}})});
  }
}

void ThreadMetrics::AddCache(size_t store, const state::CacheFigures& figures,
                             state::CacheFigures* last) {
  caches_[store].hits->Add(figures.hits - last->hits);
  caches_[store].misses->Add(figures.misses - last->misses);
  caches_[store].entries->Set(static_cast<double>(figures.entries));
  *last = figures;
}

}  // namespace streams
