// A task over memory, with a clock that stands where it is put: the application without a
// broker.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "state/replica.h"
#include "streams/task.h"
#include "streams/topology.h"
#include "tests/support/borrowed_message.h"
#include "tests/support/manual_clock.h"

namespace testing_support {

// Bytes of its own behind a record's view.
struct OwnedRecord {
  std::string topic;
  base::Offset offset;
  base::Timestamp timestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

class MemoryTask {
 public:
  explicit MemoryTask(const streams::Topology& topology) : topology_(topology) { Open(); }

  // The input of this topic gets the record; all others are caught up.
  void Feed(const OwnedRecord& record) {
    ForgetProcessed();
    kept_.push_back(record);
    OwnedRecord& own = kept_.back();
    views_.emplace_back();
    for (const auto& [name, value] : own.headers) {
      views_.back().push_back(
          {name, value.has_value() ? std::optional<std::string_view>(*value) : std::nullopt});
    }
    const auto view = [](const std::optional<std::string>& text) {
      return text.has_value() ? std::optional<std::string_view>(*text) : std::nullopt;
    };
    base::RecordView record_view{.topic = own.topic,
                                 .partition = base::Partition(0),
                                 .offset = own.offset,
                                 .timestamp = own.timestamp,
                                 .key = view(own.key),
                                 .value = view(own.value),
                                 .headers = std::span<const base::HeaderView>(views_.back())};
    std::vector<streams::Message> messages;
    messages.push_back(testing_support::Borrowed(record_view));
    for (size_t i = 0; i < task_->inputs(); ++i) {
      if (task_->input(i).topic == own.topic) task_->Add(i, messages, base::Next(own.offset));
    }
  }

  // There is no more than what was fed.
  void CatchUpAll() {
    std::vector<base::Offset> ends;
    for (size_t i = 0; i < task_->inputs(); ++i) ends.push_back(task_->fetched(i));
    task_->SetEnds(ends);
  }

  // As after a commit: what was changed is committed, at the ends that follow.
  void Commit() {
    const state::ChangeSet& changes = task_->PrepareCommit();
    for (size_t i = 0; i < changes.size(); ++i) ++ends_[changes[i].store.value()];
    std::vector<std::optional<base::Offset>> ends;
    for (int64_t end : ends_) ends.emplace_back(base::Offset(end));
    task_->Committed(ends);
  }

  // The process ends and begins again; `crash`: without its last checkpoint.
  void Restart(bool crash) {
    task_.reset();
    if (!crash) (void)replica_->CheckpointNow();
    replica_.reset();
    if (crash) disk_.LoseUnflushed();
    Open();
  }

  streams::Task& task() { return *task_; }
  state::Replica& replica() { return *replica_; }
  state::MemoryBackendFactory& disk() { return disk_; }
  ManualClock& clock() { return clock_; }
  base::Metrics& metrics() { return metrics_; }

 private:
  // Bytes that no record in a queue refers to.
  void ForgetProcessed() {
    for (size_t i = 0; i < task_->inputs(); ++i) {
      if (task_->queued(i) > 0) return;
    }
    kept_.clear();
    views_.clear();
  }
  void Open() {
    const std::vector<std::string> stores = topology_.store_names();
    ends_.resize(stores.size());
    replica_ = *state::Replica::Open(*disk_.Open("0", stores), stores.size(), &executor_);
    task_ = *streams::Task::Create(topology_, replica_.get(), clock_, metrics_,
                                   {.cache_bytes = 1 << 20});
    for (size_t i = 0; i < task_->inputs(); ++i) task_->StartAt(i, base::Offset(0));
  }

  const streams::Topology topology_;
  ManualClock clock_;
  base::Metrics metrics_;
  state::InlineExecutor executor_;
  state::MemoryBackendFactory disk_;
  std::unique_ptr<state::Replica> replica_;
  std::unique_ptr<streams::Task> task_;
  std::vector<int64_t> ends_;
  std::deque<OwnedRecord> kept_;
  std::deque<std::vector<base::HeaderView>> views_;
};

}  // namespace testing_support
