#include "streams/sim/sim_log_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "streams/sim/message.h"

namespace streams::sim {
namespace {

constexpr size_t kBatch = 10'000;

absl::Status Failed(Verdict verdict, Call call) {
  const std::string text = absl::StrCat("simulated failure of ", Name(call));
  return verdict == Verdict::kRetriable ? absl::UnavailableError(text) : absl::InternalError(text);
}

absl::Status Unknown(const base::TopicPartition& partition) {
  return absl::UnavailableError(absl::StrCat("there is no ", base::ToString(partition)));
}

}  // namespace

absl::StatusOr<std::map<base::TopicPartition, LogRange>> SimLogReader::Ranges(
    std::span<const base::TopicPartition> partitions, absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kRanges);
  if (verdict != Verdict::kGo) return Failed(verdict, Call::kRanges);
  std::map<base::TopicPartition, LogRange> ranges;
  for (const base::TopicPartition& partition : partitions) {
    const PartitionLog* const log = cluster_.FindLog(partition);
    if (log == nullptr) return Unknown(partition);
    LogRange& range = ranges[partition];
    range = {.start = log->start(), .end = log->end(), .stable_end = log->stable_end()};
    if (absl::EndsWith(partition.topic, "-changelog")) PlantIn(partition, &range);
  }
  if (absl::EndsWith(partitions.front().topic, "-changelog")) connection_->earlier_ends.clear();
  return ranges;
}

void SimLogReader::PlantIn(const base::TopicPartition& partition, LogRange* range) const {
  const auto use = [&](const std::map<base::TopicPartition, base::Offset>& ends) {
    const auto found = ends.find(partition);
    if (found == ends.end()) return;
    range->end = std::min(range->end, found->second);
    range->stable_end = std::min(range->stable_end, found->second);
  };
  switch (connection_->plant) {
    case Plant::kRestoreToStableEnd:
      range->end = range->stable_end;
      break;
    case Plant::kTrailingMarkersTrusted:
      range->stable_end = range->end;
      break;
    case Plant::kEndsBeforeOffsets:
      use(connection_->earlier_ends);
      break;
    case Plant::kParkedWithoutDelta:
      use(connection_->written_ends);
      break;
    default:
      break;
  }
}

absl::StatusOr<std::vector<base::Offset>> SimLogReader::StableEnds(
    std::span<const base::TopicPartition> partitions, absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kStableEnds);
  if (verdict != Verdict::kGo) return Failed(verdict, Call::kStableEnds);
  std::vector<base::Offset> ends;
  for (const base::TopicPartition& partition : partitions) {
    const PartitionLog* const log = cluster_.FindLog(partition);
    if (log == nullptr) return Unknown(partition);
    const bool unproven = connection_->plant == Plant::kEndsUnproven;
    ends.push_back(unproven ? base::Offset(0) : log->stable_end());
  }
  return ends;
}

absl::Status SimLogReader::Assign(std::span<const PartitionStart> partitions) {
  const Verdict verdict = connection_->hooks->Before(Call::kReaderAssign);
  if (verdict == Verdict::kFatal || verdict == Verdict::kLost) {
    return Failed(verdict, Call::kReaderAssign);
  }
  reading_.clear();
  for (const PartitionStart& start : partitions) reading_[start.partition].position = start.from;
  return absl::OkStatus();
}

absl::Status SimLogReader::Poll(absl::Duration timeout, Progress* progress) {
  progress->messages.clear();
  progress->ends.clear();
  const Verdict verdict = connection_->hooks->Before(Call::kReaderPoll);
  if (verdict == Verdict::kRetriable) return absl::OkStatus();
  if (verdict != Verdict::kGo) return Failed(verdict, Call::kReaderPoll);
  const absl::Duration deadline = cluster_.now() + timeout;
  while (true) {
    for (auto& [partition, reading] : reading_) {
      RETURN_IF_ERROR(Read(partition, &reading, progress));
    }
    if (!progress->messages.empty() || !progress->ends.empty()) return absl::OkStatus();
    if (cluster_.now() >= deadline || !connection_->hooks->Pause(deadline - cluster_.now())) {
      return absl::OkStatus();
    }
  }
}

absl::Status SimLogReader::Read(const base::TopicPartition& partition, Reading* reading,
                                Progress* progress) {
  const PartitionLog* const log = cluster_.FindLog(partition);
  if (log == nullptr || reading->position < log->start() || reading->position > log->end()) {
    return absl::OutOfRangeError(absl::StrCat("offset ", reading->position.value(), " of ",
                                              base::ToString(partition),
                                              " is not in the log (any more)"));
  }
  const Isolation isolation = connection_->plant == Plant::kAbortedApplied ? Isolation::kUncommitted
                                                                           : Isolation::kCommitted;
  auto read = log->Read(reading->position, isolation, connection_->hooks->Batch(kBatch));
  reading->position = read.next;
  for (EntryPtr& entry : read.entries) {
    progress->messages.push_back(ToMessage(partition, std::move(entry)));
  }
  const base::Offset end = log->end(isolation);
  if (reading->position >= end && reading->told_end < end) {
    reading->told_end = end;
    progress->ends.push_back({partition, reading->position});
  }
  return absl::OkStatus();
}

}  // namespace streams::sim
