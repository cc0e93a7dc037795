#include "streams/kafka/group_offsets.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "streams/kafka/client.h"
#include "streams/kafka/retry.h"

namespace streams::kafka {
namespace {

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> AskOnce(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  std::map<base::TopicPartition, CommittedOffset> committed;
  const PartitionList list = ToList(partitions);
  RETURN_IF_ERROR(ToStatus(rd_kafka_committed(handle, list.get(), ToMs(timeout)),
                           "asking for the group's committed offsets"));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    base::TopicPartition partition = ToTopicPartition(one);
    RETURN_IF_ERROR(ToStatus(
        one.err, absl::StrCat("asking for the committed offset of ", base::ToString(partition))));
    if (one.offset < 0) continue;
    committed[std::move(partition)] = {
        .offset = base::Offset(one.offset),
        .metadata = std::string(static_cast<const char*>(one.metadata), one.metadata_size)};
  }
  return committed;
}

}  // namespace

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> CommittedBy(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  if (partitions.empty()) return std::map<base::TopicPartition, CommittedOffset>();
  return WhileUnavailable(timeout,
                          [&](absl::Duration left) { return AskOnce(handle, partitions, left); });
}

}  // namespace streams::kafka
