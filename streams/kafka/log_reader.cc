#include "streams/kafka/log_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/message.h"

namespace streams::kafka {
namespace {

constexpr size_t kBatch = 10'000;
constexpr int64_t kLogEnd = -1;  // as rd_kafka_offsets_for_times takes them
constexpr int64_t kLogStart = -2;

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaLogReader>> KafkaLogReader::Create(const KafkaConfig& config) {
  std::unique_ptr<KafkaLogReader> reader(new KafkaLogReader());
  // A consumer handle has no queue without a group, though this one never joins it.
  const std::string group = config.application_id + "-restore";
  ASSIGN_OR_RETURN(reader->questions_, NewReader(config, group, "read_uncommitted", {}));
  ASSIGN_OR_RETURN(reader->reader_, NewReader(config, group, "read_committed",
                                              {{"enable.partition.eof", "true"},
                                               {"fetch.wait.max.ms", "10"},
                                               {"fetch.message.max.bytes", "4000000"},
                                               {"queued.min.messages", "200000"}}));
  reader->queue_.reset(rd_kafka_queue_get_consumer(reader->reader_.get()));
  reader->batch_.resize(kBatch);
  return reader;
}

absl::StatusOr<std::map<base::TopicPartition, int64_t>> KafkaLogReader::Offsets(
    std::span<const base::TopicPartition> partitions, int64_t which, absl::Duration timeout) {
  const PartitionList list = ToList({partitions.begin(), partitions.end()});
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = which;
  RETURN_IF_ERROR(ToStatus(rd_kafka_offsets_for_times(questions_.get(), list.get(), ToMs(timeout)),
                           "asking for the ends of the logs"));
  std::map<base::TopicPartition, int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    const std::string name = absl::StrCat(one.topic, "-", one.partition);
    RETURN_IF_ERROR(ToStatus(one.err, absl::StrCat("asking for the end of ", name)));
    if (one.offset < 0) {
      return absl::UnavailableError(absl::StrCat("asking for the end of ", name, ": no answer"));
    }
    offsets[{one.topic, base::Partition(one.partition)}] = one.offset;
  }
  return offsets;
}

absl::StatusOr<std::map<base::TopicPartition, LogRange>> KafkaLogReader::Ranges(
    std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  ASSIGN_OR_RETURN(const auto starts, Offsets(partitions, kLogStart, timeout));
  ASSIGN_OR_RETURN(const auto ends, Offsets(partitions, kLogEnd, timeout));
  std::map<base::TopicPartition, LogRange> ranges;
  for (const auto& [partition, start] : starts) {
    ranges[partition] = {base::Offset(start), base::Offset(ends.at(partition))};
  }
  return ranges;
}

absl::Status KafkaLogReader::Assign(std::span<const PartitionStart> partitions) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const PartitionStart& start : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), start.partition.topic.c_str(),
                                      start.partition.partition.value())
        ->offset = start.from.value();
  }
  return ToStatus(rd_kafka_assign(reader_.get(), list.get()), "cannot read the changelogs");
}

absl::Status KafkaLogReader::Poll(absl::Duration timeout, Progress* progress) {
  progress->messages.clear();
  progress->ends.clear();
  // Batch calls are safe on a handle that is only ever assigned by the thread that polls it.
  const ssize_t count =
      rd_kafka_consume_batch_queue(queue_.get(), ToMs(timeout), batch_.data(), batch_.size());
  absl::Status status;
  for (ssize_t i = 0; i < count; ++i) {
    if (status.ok()) {
      status = Take(batch_[static_cast<size_t>(i)], progress);
    } else {
      rd_kafka_message_destroy(batch_[static_cast<size_t>(i)]);
    }
  }
  return status;
}

absl::Status KafkaLogReader::Take(rd_kafka_message_t* message, Progress* progress) {
  const rd_kafka_resp_err_t error = message->err;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    progress->messages.push_back(Wrap(message));
    return absl::OkStatus();
  }
  const std::string text = rd_kafka_message_errstr(message);
  const base::Offset offset(message->offset);
  base::TopicPartition partition;
  if (message->rkt != nullptr) {
    partition = {rd_kafka_topic_name(message->rkt), base::Partition(message->partition)};
  }
  rd_kafka_message_destroy(message);
  switch (error) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      progress->ends.push_back({std::move(partition), offset});
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return absl::OutOfRangeError(
          absl::StrCat("position in ", base::ToString(partition), " is not in the log: ", text));
    default:
      base::Log(base::LogLevel::kDebug, "log reader", {{"error", text}});
      return absl::OkStatus();
  }
}

}  // namespace streams::kafka
