// A copy of one state partition's changelogs: always a prefix of what was committed,
// and it knows which.
//
// Committed changes gather in memory, the newest value of each key. A checkpoint puts
// them down, together with the positions that they reach, in one atomic batch and its
// atomic flush, in the background. So what is on disk is never ahead of the log and
// never wrong, only behind; and the remedy for every fault is to read the changelogs
// from the positions on.
//
//   pending   committed since the last checkpoint began
//   frozen    being put down by the running checkpoint
//   backend   what the last checkpoint left
//
// reads look in this order.
//
// Thread safety: one owner at a time; the checkpoint's thread touches only what is
// frozen. A checkpoint that fails leaves everything as it was: its keys are pending
// again, and the next one tries anew.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "base/string_map.h"
#include "state/backend.h"
#include "state/executor.h"
#include "state/positions.h"

namespace state {

class Replica {
 public:
  // Reads the positions; none there: the beginning of the log. `executor` runs the
  // checkpoints and outlives the replica.
  static absl::StatusOr<std::unique_ptr<Replica>> Open(std::unique_ptr<Backend> backend,
                                                       size_t stores, Executor* executor);
  // Waits for a running checkpoint. What is pending is dropped.
  ~Replica();

  // True and the value where the key is there.
  absl::StatusOr<bool> Get(StoreIndex store, std::string_view key, std::string* value) const;

  // Calls `visit` for each key from `from` on in ascending order, until it returns false or
  // the backend cannot be read on.
  absl::Status Scan(StoreIndex store,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit,
                    std::string_view from = "") const;

  // A committed change. The caller moves the position along.
  void Apply(StoreIndex store, std::string_view key, std::optional<std::string_view> value);

  const Positions& positions() const { return positions_; }
  void set_position(StoreIndex store, base::Offset next) { positions_.next[store.value()] = next; }
  void set_consistent(bool consistent) { positions_.consistent = consistent; }
  void set_current_as_of(base::Timestamp time) { positions_.current_as_of = time; }

  // True where there is nothing: a new or lost disk, and nothing applied since.
  bool is_new() const { return is_new_ && pending_records_ == 0 && checkpoint_ == nullptr; }

  size_t pending_keys() const { return pending_keys_; }
  // About what it takes in memory.
  size_t pending_bytes() const { return pending_bytes_; }
  // Changelog records applied since the last checkpoint began: what a restart reads.
  size_t pending_records() const { return pending_records_; }

  // Starts putting down what is pending, unless a checkpoint runs.
  void StartCheckpoint();
  bool checkpoint_running() const { return checkpoint_ != nullptr; }
  // Takes in the outcome of a checkpoint that has ended; OK where none has.
  absl::Status FinishCheckpoint();
  // Puts down everything pending, and waits for it.
  absl::Status CheckpointNow();

 private:
  using Changes = base::StringMap<std::optional<std::string>>;
  struct Checkpoint;

  Replica(std::unique_ptr<Backend> backend, size_t stores, Executor* executor);
  void WaitForCheckpoint();

  std::unique_ptr<Backend> backend_;
  Executor* executor_;
  Positions positions_;
  bool is_new_ = true;

  std::vector<Changes> pending_;  // by store
  size_t pending_keys_ = 0;
  size_t pending_bytes_ = 0;
  size_t pending_records_ = 0;
  std::shared_ptr<Checkpoint> checkpoint_;
};

}  // namespace state
