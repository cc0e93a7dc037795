// The changelogs of one state partition, as a reader without a group finds them.
//
// Not thread-safe. After an error the reader is to be assigned anew.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "base/record.h"
#include "state/replica.h"
#include "streams/broker.h"

namespace dump {

inline constexpr absl::Duration kKafkaTimeout = absl::Seconds(10);

// How long the changelogs keep tombstones, at least. Error: one is not there.
absl::StatusOr<absl::Duration> CheckChangelogs(const std::string& application_id,
                                               const std::vector<std::string>& stores,
                                               streams::Admin& admin);

// As for a worker's start: what was deleted since may have left no trace in the changelogs.
bool IsTooOld(const state::Replica& replica, absl::Duration tombstones);

class Changelogs {
 public:
  // `reader` outlives this.
  Changelogs(const std::string& application_id, const std::vector<std::string>& stores,
             base::Partition partition, streams::LogReader* reader);

  // By store. The ends are as of now.
  absl::StatusOr<std::vector<streams::LogRange>> Ranges();

  // Whether a local store can come from these logs: it does not stand behind their ends, and
  // they begin with the identity that it has.
  absl::Status CheckBelong(const state::Replica& replica,
                           const std::vector<streams::LogRange>& ranges);

  // Reads each log from `from` up to its decided end in `ranges`: committed records, none
  // beyond that end. `visit` gets the number of the store.
  absl::Status Read(const std::vector<base::Offset>& from,
                    const std::vector<streams::LogRange>& ranges,
                    const std::function<void(size_t store, const base::RecordView&)>& visit);

  const base::TopicPartition& partition(size_t store) const { return partitions_[store]; }
  size_t size() const { return partitions_.size(); }

 private:
  absl::Status CheckIdentity(const state::Replica& replica, const base::RecordView& first) const;
  size_t IndexOf(std::string_view topic) const;

  std::vector<base::TopicPartition> partitions_;  // by store
  streams::LogReader* reader_;
};

}  // namespace dump
