#include "streams/kafka/list_offsets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "streams/kafka/client.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kLeadersTimeout = absl::Seconds(1);

absl::StatusOr<std::vector<base::Offset>> AskTheirLeaders(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, int64_t time,
    absl::Duration timeout) {
  std::vector<base::Offset> offsets;
  if (partitions.empty()) return offsets;
  const PartitionList list = ToList(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = time;
  RETURN_IF_ERROR(ToStatus(rd_kafka_offsets_for_times(handle, list.get(), ToMs(timeout)),
                           "asking for offsets of the logs"));
  for (int i = 0; i < list->cnt; ++i) {
    RETURN_IF_ERROR(ToStatus(
        list->elems[i].err,
        absl::StrCat("asking for offsets of ", base::ToString(ToTopicPartition(list->elems[i])))));
    offsets.emplace_back(list->elems[i].offset);
  }
  return offsets;
}

// The library looks anew for the leaders of topics that it has an object of. Of others, which
// were only ever asked about, it goes on asking the leader that is gone, for up to
// metadata.max.age.ms.
void LookForLeaders(rd_kafka_t* handle, std::span<const base::TopicPartition> partitions,
                    absl::Duration timeout) {
  std::vector<TopicHandle> topics;
  for (const base::TopicPartition& one : partitions) {
    topics.emplace_back(rd_kafka_topic_new(handle, one.topic.c_str(), nullptr));
  }
  const rd_kafka_metadata_t* found = nullptr;
  rd_kafka_metadata(handle, /*all_topics=*/0, /*only_rkt=*/nullptr, &found, ToMs(timeout));
  if (found != nullptr) rd_kafka_metadata_destroy(found);
}

}  // namespace

absl::StatusOr<std::vector<base::Offset>> ListOffsets(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, int64_t time,
    absl::Duration timeout) {
  auto offsets = AskTheirLeaders(handle, partitions, time, timeout);
  if (!offsets.ok()) LookForLeaders(handle, partitions, std::min(timeout, kLeadersTimeout));
  return offsets;
}

}  // namespace streams::kafka
