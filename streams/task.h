// A task: the processors and stores of one state partition, and the records on their way
// to them. It does no I/O: it is fed and asked. The loop around it, in short:
//
//   task.Add(input, messages);           // what was fetched
//   task.SetCaughtUp(input, true);       // there is no more for now
//   task.Process(100);                   // decides; outputs gather in the outbox
//   ... write task.outbox(), clear it ...
//   changes = task.PrepareCommit();      // what goes to the changelogs
//   ... write them, send task.positions(), commit ...
//   task.Committed(ends);                // or task.RolledBack()
//
// The inputs are merged by record timestamp, then in the order of the sources. An input
// without records holds up the others only until it is known to be caught up; and then
// for `merge_grace` more, since what is fetched together is not handed out at once.
//
// After RolledBack the task stands where the last Committed left it, and wants its inputs
// from positions() again. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/fifo.h"
#include "base/metrics.h"
#include "state/replica.h"
#include "state/store.h"
#include "streams/broker.h"
#include "streams/engine_records.h"
#include "streams/outbox.h"
#include "streams/processor.h"
#include "streams/topology.h"

namespace streams {

class Task {
 public:
  struct Options {
    base::Partition partition{0};  // of the state, and of each input
    size_t cache_bytes = 64 << 20;
    absl::Duration merge_grace;
  };

  // The replica, clock and metrics outlive the task. Fused plan: all of the topology.
  static absl::StatusOr<std::unique_ptr<Task>> Create(const Topology& topology,
                                                      state::Replica* replica,
                                                      const base::Clock& clock,
                                                      base::Metrics& metrics,
                                                      const Options& options);

  // ---- inputs, by their number in the order of the sources
  size_t inputs() const { return inputs_.size(); }
  const base::TopicPartition& input(size_t i) const { return inputs_[i].partition; }
  // Where the first record is to be read; drops what was added.
  void StartAt(size_t i, base::Offset position);
  size_t queued(size_t i) const { return inputs_[i].queue.size(); }
  void Add(size_t i, std::span<Message> messages);
  void SetCaughtUp(size_t i, bool caught_up) { inputs_[i].caught_up = caught_up; }

  // Processes up to `max` records that are ready; returns how many. An error is not a
  // record's fault: the worker must stop.
  absl::StatusOr<size_t> Process(size_t max);
  // All that is known to be in the inputs has been processed.
  bool Drained() const;
  // When a record that waits only for the merge grace will be ready; nullopt: none waits.
  std::optional<absl::Duration> NextReadyIn() const;

  Outbox& outbox() { return outbox_; }

  // ---- the open transaction
  size_t open_records() const { return open_records_; }
  size_t open_outputs() const { return open_outputs_; }
  size_t open_keys() const;
  // The changes of the stores and, last, the engine's record of the input positions.
  // Good until the next Process.
  const state::ChangeSet& PrepareCommit();
  // A new changelog's first records; they go before PrepareCommit's.
  void Found(const std::vector<ChangelogIdentity>& identities);
  // The input positions that the open transaction reaches.
  const InputPositions& positions() const { return open_positions_; }

  // False where the transaction wrote to a changelog whose end is not among the ends.
  bool EndsKnown(std::span<const std::optional<base::Offset>> ends) const;
  // `ends`: by store, the changelog offset behind the transaction's last record there.
  void Committed(std::span<const std::optional<base::Offset>> ends);
  void RolledBack();

 private:
  struct Queued {
    Message message;
    absl::Duration arrived;
  };
  struct Input {
    base::TopicPartition partition;
    Receiver<base::RecordView>* receiver = nullptr;
    base::Fifo<Queued> queue;
    bool caught_up = false;
  };

  Task(state::Replica* replica, const base::Clock& clock, base::Metrics& metrics,
       const Options& options);
  absl::Status Build(const Topology& topology);
  absl::Status BuildNode(const Topology& topology, size_t i);
  // The input whose first record is next, or none yet.
  std::optional<size_t> ChooseInput() const;
  absl::Status ProcessNext(Input& input);

  state::Replica* replica_;
  const base::Clock& clock_;
  Options options_;
  std::vector<std::unique_ptr<state::StoreBase>> stores_;
  Outbox outbox_;
  ProcessorContext context_;
  std::vector<std::unique_ptr<Node>> nodes_;  // by node number; null for sources
  std::vector<Input> inputs_;

  std::vector<ChangelogIdentity> founding_;
  state::ChangeSet changes_;
  InputPositions committed_positions_;
  InputPositions open_positions_;
  size_t open_records_ = 0;
  size_t open_outputs_ = 0;
};

}  // namespace streams
