#include "tools/dump/changelogs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "streams/engine_records.h"
#include "streams/internal_topics.h"
#include "streams/provenance.h"

namespace dump {

absl::StatusOr<absl::Duration> CheckChangelogs(const std::string& application_id,
                                               const std::vector<std::string>& stores,
                                               streams::Admin& admin) {
  const std::vector<std::string> changelogs = streams::ChangelogTopics(application_id, stores);
  ASSIGN_OR_RETURN(const auto found, admin.DescribeTopics(changelogs, kKafkaTimeout));
  for (const std::string& changelog : changelogs) {
    if (found.contains(changelog)) continue;
    return absl::NotFoundError(absl::StrCat("there is no changelog ", changelog,
                                            ". --offline shows the local state alone"));
  }
  absl::Duration tombstones = absl::InfiniteDuration();
  for (const std::string& changelog : changelogs) {
    ASSIGN_OR_RETURN(const auto settings, admin.TopicSettings(changelog, kKafkaTimeout));
    tombstones = std::min(tombstones, streams::TombstoneRetention(settings));
  }
  return tombstones;
}

bool IsTooOld(const state::Replica& replica, absl::Duration tombstones) {
  return streams::IsTooOld({.is_new = replica.is_new(),
                            .current_as_of = replica.positions().current_as_of,
                            .now = base::SystemClock().Now(),
                            .tombstone_retention = tombstones});
}

Changelogs::Changelogs(const std::string& application_id, const std::vector<std::string>& stores,
                       base::Partition partition, streams::LogReader* reader)
    : reader_(reader) {
  for (const std::string& topic : streams::ChangelogTopics(application_id, stores)) {
    partitions_.push_back({topic, partition});
  }
}

absl::StatusOr<std::vector<streams::LogRange>> Changelogs::Ranges() {
  ASSIGN_OR_RETURN(const auto found, reader_->Ranges(partitions_, kKafkaTimeout));
  std::vector<streams::LogRange> ranges;
  for (const base::TopicPartition& partition : partitions_) ranges.push_back(found.at(partition));
  return ranges;
}

absl::Status Changelogs::CheckBelong(const state::Replica& replica,
                                     const std::vector<streams::LogRange>& ranges) {
  if (replica.is_new()) return absl::OkStatus();
  std::vector<streams::PartitionStart> starts;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const base::Offset position = replica.positions().next[i];
    if (position > ranges[i].end) {
      return absl::FailedPreconditionError(absl::StrCat(
          "changelog ", base::ToString(partitions_[i]), " ends at ", ranges[i].end.value(),
          ", before the local position ", position.value(),
          ": it is not the log that this state comes from, or its end was lost. --offline shows ",
          "the state alone"));
    }
    if (ranges[i].start < ranges[i].end) starts.push_back({partitions_[i], ranges[i].start});
  }
  RETURN_IF_ERROR(reader_->Assign(starts));
  std::set<std::string> seen;
  streams::LogReader::Progress progress;
  const absl::Duration deadline = base::SystemClock().Elapsed() + kKafkaTimeout;
  while (seen.size() < starts.size()) {
    RETURN_IF_ERROR(reader_->Poll(absl::Milliseconds(100), &progress));
    for (const streams::Message& message : progress.messages) {
      if (!seen.insert(std::string(message.view().topic)).second) continue;
      RETURN_IF_ERROR(CheckIdentity(replica, message.view()));
    }
    for (const streams::PartitionStart& end : progress.ends) seen.insert(end.partition.topic);
    if (base::SystemClock().Elapsed() > deadline) {
      return absl::DeadlineExceededError("the first records of the changelogs do not come");
    }
  }
  return absl::OkStatus();
}

// A changelog that was made anew begins with another identity, or with none.
absl::Status Changelogs::CheckIdentity(const state::Replica& replica,
                                       const base::RecordView& first) const {
  const size_t store = IndexOf(first.topic);
  std::string local;
  ASSIGN_OR_RETURN(const bool found, replica.Get(state::StoreIndex(static_cast<uint8_t>(store)),
                                                 streams::kIdentityKey, &local));
  if (!found || (first.key == streams::kIdentityKey && first.value == local)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("changelog ", base::ToString(partitions_[store]),
                   " is not the log that this state comes from: it was made anew, or its ",
                   "head was cut. --offline shows the state alone"));
}

absl::Status Changelogs::Read(
    const std::vector<base::Offset>& from, const std::vector<streams::LogRange>& ranges,
    const std::function<void(size_t store, const base::RecordView&)>& visit) {
  std::vector<streams::PartitionStart> starts;
  std::set<size_t> open;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const base::Offset start = std::max(from[i], ranges[i].start);
    if (start >= ranges[i].stable_end) continue;
    starts.push_back({partitions_[i], start});
    open.insert(i);
  }
  if (starts.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(reader_->Assign(starts));
  streams::LogReader::Progress progress;
  absl::Duration deadline = base::SystemClock().Elapsed() + kKafkaTimeout;
  while (!open.empty()) {
    RETURN_IF_ERROR(reader_->Poll(absl::Milliseconds(100), &progress));
    for (const streams::Message& message : progress.messages) {
      const base::RecordView& record = message.view();
      const size_t store = IndexOf(record.topic);
      if (base::Next(record.offset) >= ranges[store].stable_end) open.erase(store);
      if (record.offset < ranges[store].stable_end && record.key.has_value()) visit(store, record);
    }
    for (const streams::PartitionStart& end : progress.ends) {
      const size_t store = IndexOf(end.partition.topic);
      if (end.from >= ranges[store].stable_end) open.erase(store);
    }
    const absl::Duration now = base::SystemClock().Elapsed();
    if (!progress.messages.empty()) deadline = now + kKafkaTimeout;
    if (now > deadline) {
      return absl::DeadlineExceededError("the changelogs could not be read to their ends");
    }
  }
  return absl::OkStatus();
}

size_t Changelogs::IndexOf(std::string_view topic) const {
  size_t index = 0;
  while (partitions_[index].topic != topic) ++index;
  return index;
}

}  // namespace dump
