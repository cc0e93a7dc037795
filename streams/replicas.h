// The replicas of a process: one for each state partition, opened once, owned by whoever
// holds it, parked between owners.
//
// Acquire hands out a replica and Park takes it back, so that a state partition has one
// owner or none. Thread-safe.
#pragma once

#include <map>
#include <memory>
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

  absl::StatusOr<std::unique_ptr<state::Replica>> Acquire(base::Partition partition);
  void Park(base::Partition partition, std::unique_ptr<state::Replica> replica);

  // Checkpoints what is parked and has something that is not on disk yet: before the process
  // ends. An error is the first of them; the others are put down all the same.
  absl::Status CheckpointParked();

  // A second, empty replica of the partition, to be filled while the first one stands.
  absl::StatusOr<std::unique_ptr<state::Replica>> AcquireAside(base::Partition partition);
  // Puts what was filled aside in the place of the first: checkpoints `aside`, and returns
  // it as the partition's replica. After an error the first one stands as it was.
  absl::StatusOr<std::unique_ptr<state::Replica>> Replace(base::Partition partition,
                                                          std::unique_ptr<state::Replica> first,
                                                          std::unique_ptr<state::Replica> aside);

 private:
  absl::StatusOr<std::unique_ptr<state::Replica>> Open(const std::string& name);

  state::BackendFactory* factory_;
  std::vector<std::string> stores_;
  state::Executor* executor_;
  absl::Mutex mutex_;
  std::map<base::Partition, std::unique_ptr<state::Replica>> parked_;
};

}  // namespace streams
