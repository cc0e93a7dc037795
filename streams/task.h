// A task: the processors and stores of one state partition, and the records on their way
// to them. It does no I/O: it is fed and asked. The loop around it, in short:
//
//   task.Add(input, messages, position); // what was fetched
//   if (task.WantsEnds()) task.SetEnds(...);   // what the brokers answered just now
//   task.Process(100);                   // decides; outputs gather in the outbox
//   ... write task.outbox(), clear it ...
//   changes = task.PrepareCommit();      // what goes to the changelogs
//   ... write them, send task.positions(), commit ...
//   task.Committed(ends);                // or task.RolledBack()
//
// The inputs are merged by record timestamp, then in the order of the sources. An input
// without records holds up the others until it is proven to have none: its end must have
// been asked for after the record that waits was written, and be where the input stands. So
// the order is that of the timestamps wherever each record was acknowledged before the next
// was sent, however the records come in; and it is the same when they are read again.
//
// After RolledBack the task stands where the last Committed left it, and wants its inputs
// from positions() again. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
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
  base::Offset fetched(size_t i) const { return inputs_[i].fetched; }
  // The next record's offset, or where one is looked for.
  base::Offset next(size_t i) const {
    const Input& input = inputs_[i];
    return input.queue.empty() ? input.fetched : input.queue.front().view().offset;
  }
  // Takes fetched records; `position` is the next offset to be fetched, which may lie past
  // the last record's where what follows holds none.
  void Add(size_t i, std::span<Message> messages, base::Offset position);

  // True where a record can be processed now.
  bool HasReady() const;
  // True where a record waits for nothing but a newer answer to where the inputs end.
  bool WantsEnds() const;
  // By input: its end for readers of committed records, as answered to a question that was
  // sent after the last Add.
  void SetEnds(std::span<const base::Offset> ends);

  // Processes up to `max` records that are ready; returns how many. An error is not a
  // record's fault: the worker must stop.
  absl::StatusOr<size_t> Process(size_t max);
  // All that is known to be in the inputs has been processed.
  bool Drained() const;

  // The broker refused what this record causes: it is processed with RecordContext::refused
  // set. Until it is committed.
  void SetRefused(Refusal refusal) { refusal_ = std::move(refusal); }

  Outbox& outbox() { return outbox_; }

  // ---- the open transaction
  size_t open_records() const { return open_records_; }
  // Which it is, where it is one. Good until the next Process, Committed or RolledBack.
  const base::RecordView& only_open_record() const { return first_open_.view(); }
  size_t open_outputs() const { return open_outputs_; }
  size_t open_keys() const;
  // By store.
  std::vector<state::CacheFigures> caches() const;
  // The changes of the stores and, last, the engine's record of the input positions.
  // Good until the next Process.
  const state::ChangeSet& PrepareCommit();
  // A new changelog's first records; they go before PrepareCommit's.
  void Found(const std::vector<ChangelogIdentity>& identities);
  // The input positions that the open transaction reaches.
  InputPositions positions() const;

  // False where the transaction wrote to a changelog whose end is not among the ends.
  bool EndsKnown(std::span<const std::optional<base::Offset>> ends) const;
  // `ends`: by store, the changelog offset behind the transaction's last record there.
  void Committed(std::span<const std::optional<base::Offset>> ends);
  void RolledBack();

 private:
  struct Input {
    base::TopicPartition partition;
    Receiver<base::RecordView>* receiver = nullptr;
    OpenCounter* consumed = nullptr;
    base::Fifo<Message> queue;
    base::Offset fetched;    // the next offset to be added
    base::Offset end;        // as of the last answer
    base::Offset covered;    // records below were written before the last question was sent
    base::Offset position;   // that the open transaction reaches
    base::Offset committed;  // the same of the last one that has committed

    bool at_end() const { return queue.empty() && fetched >= end; }
  };
  // The record that is next by order, ready or not.
  struct Next {
    size_t input;
    bool ready;
    bool wants_ends;  // of one that is not ready: an answer will do
  };

  Task(state::Replica* replica, const base::Clock& clock, base::Metrics& metrics,
       const Options& options);
  absl::Status Build(const Topology& topology, base::Metrics& metrics);
  absl::Status BuildNode(const Topology& topology, size_t i);
  std::optional<Next> FindNext() const;
  absl::Status ProcessNext(Input& input);
  void ObserveLatencies();

  state::Replica* replica_;
  const base::Clock& clock_;
  const Options options_;
  std::vector<std::unique_ptr<state::StoreBase>> stores_;
  Outbox outbox_;
  ProcessorContext context_;
  std::vector<std::unique_ptr<Node>> nodes_;  // by node number; null for sources
  std::vector<Input> inputs_;

  std::vector<ChangelogIdentity> founding_;
  state::ChangeSet changes_;
  size_t open_records_ = 0;
  Message first_open_;  // of those; kept to tell which it is
  size_t open_outputs_ = 0;
  base::Histogram* latency_ = nullptr;
  std::vector<base::Timestamp> answered_;  // of open records that have outputs
  std::optional<Refusal> refusal_;
};

}  // namespace streams
