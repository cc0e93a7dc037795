// Reads a closed range of each input, and feeds a task with it. An input of which the task
// has enough is not read on, however far the others are behind: memory stays bounded.
//
// Not thread-safe. Outlives the records that the task has of it, and so the task. After an
// error the task has got some of them.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/record.h"
#include "streams/broker.h"
#include "streams/engine_records.h"
#include "streams/task.h"

namespace tools {

class InputFeed {
 public:
  // The task's inputs from `from` up to `to`, where each is behind `from` or there. The task
  // is told that they end there, so that it merges them as a worker does.
  static absl::StatusOr<std::unique_ptr<InputFeed>> Open(streams::Broker& broker,
                                                         streams::Task* task,
                                                         const streams::InputPositions& from,
                                                         const streams::InputPositions& to);

  // Adds what has come; waits a little where nothing has. Unavailable: nothing comes.
  absl::Status Fill();

  // The smallest timestamp so far; none where no record came.
  base::Timestamp first_timestamp() const { return first_timestamp_; }

 private:
  struct Input {
    size_t number;
    base::Offset to;
    std::unique_ptr<streams::LogReader> reader;
    bool done = false;
  };

  explicit InputFeed(streams::Task* task) : task_(task) {}
  absl::StatusOr<bool> FillOne(Input* input, absl::Duration timeout);

  streams::Task* task_;
  std::vector<Input> inputs_;
  streams::LogReader::Progress progress_;
  base::Timestamp first_timestamp_ = base::kNoTimestamp;
  absl::Duration progressed_;
};

}  // namespace tools
