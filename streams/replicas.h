// The replicas of a process: one for each state partition, opened once, owned by whoever
// holds it, parked between owners.
//
// Acquire hands out a replica and Park takes it back, so that a state partition has one
// owner or none. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/kafka_types.h"
#include "state/backend.h"
#include "state/executor.h"
#include "state/replica.h"

namespace streams {

class Replicas {
 public:
  // The factory and the executor outlive the object.
  Replicas(state::BackendFactory* factory, std::vector<std::string> stores,
           state::Executor* executor)
      : factory_(factory), stores_(std::move(stores)), executor_(executor) {}

  // What is on disk does not count: each state partition is filled anew, once, and Replace
  // keeps what was there under the name <partition>.<suffix>. Before all else.
  void Rebuild(std::string suffix) { kept_suffix_ = std::move(suffix); }
  // Until Replace has done so.
  bool IsToBeRebuilt(base::Partition partition);

  absl::StatusOr<std::unique_ptr<state::Replica>> Acquire(base::Partition partition);
  void Park(base::Partition partition, std::unique_ptr<state::Replica> replica);

  // Checkpoints what is parked and has something that is not on disk yet: before the process
  // ends. An error is the first of them; the others are put down all the same.
  absl::Status CheckpointParked();

  // A second, empty replica of the partition, to be filled while the first one stands.
  absl::StatusOr<std::unique_ptr<state::Replica>> AcquireAside(base::Partition partition);
  // Puts what was filled aside in the place of the first: checkpoints `aside`, and returns
  // it as the partition's replica. After an error the first one stands as it was. `first` is
  // null where it was not opened: it is to be rebuilt.
  absl::StatusOr<std::unique_ptr<state::Replica>> Replace(base::Partition partition,
                                                          std::unique_ptr<state::Replica> first,
                                                          std::unique_ptr<state::Replica> aside);

 private:
  absl::StatusOr<std::unique_ptr<state::Replica>> Open(const std::string& name);
  bool RebuildsLocked(base::Partition partition) const;
  absl::Status KeepBeside(base::Partition partition);

  state::BackendFactory* factory_;
  std::vector<std::string> stores_;
  state::Executor* executor_;
  absl::Mutex mutex_;
  std::map<base::Partition, std::unique_ptr<state::Replica>> parked_;
  std::string kept_suffix_;  // not empty: the replicas are to be rebuilt
  std::set<base::Partition> rebuilt_;
};

}  // namespace streams
