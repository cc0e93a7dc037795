#include "tools/rebuild/input_feed.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"

namespace tools {
namespace {

constexpr size_t kBuffer = 20'000;
constexpr absl::Duration kPoll = absl::Milliseconds(20);
constexpr absl::Duration kStandstill = absl::Seconds(30);

}  // namespace

absl::StatusOr<std::unique_ptr<InputFeed>> InputFeed::Open(streams::Broker& broker,
                                                           streams::Task* task,
                                                           const streams::InputPositions& from,
                                                           const streams::InputPositions& to) {
  std::unique_ptr<InputFeed> feed(new InputFeed(task));
  std::vector<base::Offset> ends;
  for (size_t i = 0; i < task->inputs(); ++i) {
    const base::TopicPartition& partition = task->input(i);
    const streams::PartitionStart start{partition, from.at(partition)};
    ends.push_back(to.at(partition));
    task->StartAt(i, start.from);
    feed->inputs_.push_back(
        {.number = i, .to = ends.back(), .reader = nullptr, .done = start.from >= ends.back()});
    if (feed->inputs_.back().done) continue;
    ASSIGN_OR_RETURN(feed->inputs_.back().reader, broker.NewLogReader());
    RETURN_IF_ERROR(feed->inputs_.back().reader->Assign({{start}}));
  }
  // Twice: the second time says that the first answer is older than any record below.
  task->SetEnds(ends);
  task->SetEnds(ends);
  feed->progressed_ = base::SystemClock().Elapsed();
  return feed;
}

absl::Status InputFeed::Fill() {
  bool any = false;
  for (Input& input : inputs_) {
    if (input.done || task_->queued(input.number) >= kBuffer) continue;
    const bool hurry = any || task_->HasReady();
    ASSIGN_OR_RETURN(const bool came, FillOne(&input, hurry ? absl::ZeroDuration() : kPoll));
    any |= came;
  }
  const absl::Duration now = base::SystemClock().Elapsed();
  if (any || task_->HasReady()) progressed_ = now;
  if (now - progressed_ < kStandstill) return absl::OkStatus();
  return absl::UnavailableError("the inputs' records do not come (a transaction is open)");
}

absl::StatusOr<bool> InputFeed::FillOne(Input* input, absl::Duration timeout) {
  RETURN_IF_ERROR(input->reader->Poll(timeout, &progress_));
  std::vector<streams::Message>& messages = progress_.messages;
  base::Offset position = task_->fetched(input->number);
  if (!messages.empty()) position = base::Next(messages.back().view().offset);
  for (const streams::PartitionStart& end : progress_.ends) position = std::max(position, end.from);
  const auto beyond = std::find_if(messages.begin(), messages.end(), [&](const auto& message) {
    return message.view().offset >= input->to;
  });
  messages.erase(beyond, messages.end());
  for (const streams::Message& message : messages) {
    const base::Timestamp time = message.view().timestamp;
    if (first_timestamp_ == base::kNoTimestamp || time < first_timestamp_) first_timestamp_ = time;
  }
  const bool came = !messages.empty() || position >= input->to;
  task_->Add(input->number, messages, std::min(position, input->to));
  if (position >= input->to) {
    input->done = true;
    RETURN_IF_ERROR(input->reader->Assign({}));
  }
  return came;
}

}  // namespace tools
