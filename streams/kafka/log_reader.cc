#include "streams/kafka/log_reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/list_offsets.h"
#include "streams/kafka/message.h"
#include "streams/kafka/retry.h"

namespace streams::kafka {
namespace {

constexpr size_t kBatch = 10'000;
constexpr absl::Duration kPeekTimeout = absl::Seconds(2);
constexpr absl::Duration kWakeInterval = absl::Milliseconds(5);

// By a handle that reads committed, the log's end is that of what is decided.
absl::StatusOr<std::vector<base::Offset>> Ask(rd_kafka_t* handle,
                                              std::span<const base::TopicPartition> partitions,
                                              int64_t which, absl::Duration timeout) {
  ASSIGN_OR_RETURN(auto offsets, ListOffsets(handle, partitions, which, timeout));
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i].value() >= 0) continue;
    return absl::UnavailableError(
        absl::StrCat("asking for the ends of ", base::ToString(partitions[i]), ": no answer"));
  }
  return offsets;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaLogReader>> KafkaLogReader::Create(const KafkaConfig& config,
                                                                       rd_kafka_t* questions) {
  std::unique_ptr<KafkaLogReader> reader(new KafkaLogReader(questions));
  ASSIGN_OR_RETURN(reader->all_, NewPuller(config, {{"fetch.message.max.bytes", "1000000"},
                                                    {"queued.min.messages", "200000"}}));
  // With those, megabytes of each log would have to come and go before the next one's first
  // record.
  ASSIGN_OR_RETURN(reader->few_, NewPuller(config, {{"fetch.message.max.bytes", "4000"},
                                                    {"queued.min.messages", "1"}}));
  reader->batch_.resize(kBatch);
  return reader;
}

absl::StatusOr<KafkaLogReader::Puller> KafkaLogReader::NewPuller(const KafkaConfig& config,
                                                                 const Settings& ahead) {
  Settings settings = {{"enable.partition.eof", "true"},
                       // The end is told by an empty answer: it must not be held back.
                       {"fetch.wait.max.ms", "10"},
                       {"fetch.error.backoff.ms", "20"}};
  settings.insert(ahead.begin(), ahead.end());
  Puller puller;
  // A consumer handle has no queue without a group, though this one never joins it.
  ASSIGN_OR_RETURN(puller.handle, NewReader(config, config.application_id + "-restore",
                                            "read_committed", settings));
  puller.queue.reset(rd_kafka_queue_get_consumer(puller.handle.get()));
  return puller;
}

absl::StatusOr<std::map<base::TopicPartition, LogRange>> KafkaLogReader::Ranges(
    std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  const auto ask = [&](rd_kafka_t* handle, int64_t which) {
    return WhileUnavailable(
        timeout, [&](absl::Duration left) { return Ask(handle, partitions, which, left); });
  };
  ASSIGN_OR_RETURN(const auto starts, ask(questions_, kLogStart));
  ASSIGN_OR_RETURN(const auto stable_ends, ask(all_.handle.get(), kLogEnd));
  ASSIGN_OR_RETURN(const auto ends, ask(questions_, kLogEnd));
  std::map<base::TopicPartition, LogRange> ranges;
  for (size_t i = 0; i < partitions.size(); ++i) {
    ranges[partitions[i]] = {.start = starts[i], .end = ends[i], .stable_end = stable_ends[i]};
  }
  return ranges;
}

absl::StatusOr<std::vector<base::Offset>> KafkaLogReader::StableEnds(
    std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  return Ask(all_.handle.get(), partitions, kLogEnd, timeout);
}

absl::Status KafkaLogReader::Assign(std::span<const PartitionStart> partitions) {
  return Switch(&all_, &few_, partitions);
}

absl::Status KafkaLogReader::Peek(std::span<const PartitionStart> partitions) {
  // The library looks for the leaders of topics that are new to a handle once a second; for a
  // question it looks at once.
  std::vector<base::TopicPartition> asked;
  for (const PartitionStart& start : partitions) asked.push_back(start.partition);
  RETURN_IF_ERROR(WhileUnavailable(kPeekTimeout, [&](absl::Duration left) {
                    return Ask(few_.handle.get(), asked, kLogStart, left);
                  }).status());
  return Switch(&few_, &all_, partitions);
}

absl::Status KafkaLogReader::Switch(Puller* to, Puller* from,
                                    std::span<const PartitionStart> partitions) {
  const char* const what = "starting to read the changelogs";
  if (pulling_ == from) {
    RETURN_IF_ERROR(
        kafka::Assign(from->handle.get(), ToList(std::span<const PartitionStart>()).get(), what));
  }
  pulling_ = to;
  partitions_ = ToList(partitions);
  return kafka::Assign(to->handle.get(), partitions_.get(), what);
}

absl::Status KafkaLogReader::Poll(absl::Duration timeout, Progress* progress) {
  progress->messages.clear();
  progress->ends.clear();
  // The batch call waits until the batch is full; so wait for the first by itself.
  // Batches are safe on a handle that is only ever assigned by the thread that polls it.
  rd_kafka_queue_t* const queue = pulling_->queue.get();
  rd_kafka_message_t* const first = WaitForFirst(timeout);
  if (first == nullptr) return absl::OkStatus();
  absl::Status status = Take(first, progress);
  const ssize_t count =
      rd_kafka_consume_batch_queue(queue, /*timeout_ms=*/0, batch_.data(), batch_.size());
  for (rd_kafka_message_t* message :
       std::span(batch_).first(static_cast<size_t>(std::max<ssize_t>(count, 0)))) {
    if (status.ok()) {
      status = Take(message, progress);
    } else {
      rd_kafka_message_destroy(message);
    }
  }
  if (partitions_ != nullptr && partitions_->cnt > 0) {
    pace_.AfterTaking(pulling_->handle.get(), queue, partitions_.get());
  }
  return status;
}

rd_kafka_message_t* KafkaLogReader::WaitForFirst(absl::Duration timeout) {
  while (true) {
    const absl::Duration wait = std::min(timeout, kWakeInterval);
    rd_kafka_message_t* const first = rd_kafka_consume_queue(pulling_->queue.get(), ToMs(wait));
    timeout -= wait;
    if (first != nullptr || timeout <= absl::ZeroDuration()) return first;
    if (partitions_ != nullptr) WakeFetching(pulling_->handle.get(), partitions_.get());
  }
}

absl::Status KafkaLogReader::Take(rd_kafka_message_t* message, Progress* progress) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    progress->messages.push_back(Wrap(message));
    return absl::OkStatus();
  }
  const absl::Status status = TakeSignal(*message, progress);
  rd_kafka_message_destroy(message);
  return status;
}

absl::Status KafkaLogReader::TakeSignal(const rd_kafka_message_t& message, Progress* progress) {
  base::TopicPartition partition;
  if (message.rkt != nullptr) {
    partition = {rd_kafka_topic_name(message.rkt), base::Partition(message.partition)};
  }
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      progress->ends.push_back({std::move(partition), base::Offset(message.offset)});
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return absl::OutOfRangeError(
          absl::StrCat("offset ", message.offset, " of ", base::ToString(partition),
                       " is not in the log (any more): ", rd_kafka_message_errstr(&message)));
    default:
      base::Log(base::LogLevel::kDebug, "log reader",
                {{"partition", partition}, {"error", rd_kafka_message_errstr(&message)}});
      return absl::OkStatus();
  }
}

}  // namespace streams::kafka
