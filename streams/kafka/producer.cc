#include "streams/kafka/producer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/group_consumer.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kEarlyInitTimeout = absl::Seconds(30);
constexpr int kQueueFullPollMs = 100;
// A transaction whose records could be put down nowhere for so long is given up.
constexpr absl::Duration kQueueFullLimit = absl::Minutes(2);

using Kind = ProduceResult::Kind;

ProduceResult Fail(Kind kind, std::string reason) {
  return {.kind = kind, .reason = std::move(reason)};
}

// The record itself is at fault: no retry helps.
bool IsRejection(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return true;
    default:
      return false;
  }
}

// Runs a transactional call until it is done, fails for good, or time is up. A call that
// ran out of time may have been done or not: only a new producer can tell.
template <class Call>
ProduceResult Retry(const char* what, absl::Duration timeout, Call call) {
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  while (true) {
    const absl::Duration left = deadline - base::SystemClock().Elapsed();
    const Error error(call(std::max(1, ToMs(left))));
    if (error == nullptr) return {};
    const std::string reason = absl::StrCat(what, ": ", rd_kafka_error_string(error.get()), " (",
                                            rd_kafka_error_name(error.get()), ")");
    if (rd_kafka_error_txn_requires_abort(error.get())) return Fail(Kind::kAbort, reason);
    const bool again = rd_kafka_error_is_retriable(error.get()) &&
                       !rd_kafka_error_is_fatal(error.get()) &&
                       base::SystemClock().Elapsed() < deadline;
    if (!again) return Fail(Kind::kRestart, reason);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Create(const KafkaConfig& config,
                                                                     const ProducerSpec& spec) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer());
  ASSIGN_OR_RETURN(Conf conf, NewConf(config, producer.get()));
  Settings settings = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      // Outputs go out late, so that readers who do not know transactions see few aborted
      // ones; a commit's flush does not wait for this.
      {"linger.ms", "1000"},
      {"batch.num.messages", "100000"},
      {"queue.buffering.max.messages", "1000000"},
      {"queue.buffering.max.kbytes", "262144"},
      // The broker decides what is too large.
      {"message.max.bytes", "100000000"},
      // The end of a commit is not waited for by the broker: the next request is tried again.
      {"retry.backoff.ms", "5"},
      {"partitioner", "murmur2_random"},
  };
  if (!spec.transactional_id.empty()) {
    settings["transactional.id"] = spec.transactional_id;
    settings["transaction.timeout.ms"] = absl::StrCat(ToMs(config.transaction_timeout));
  }
  for (const auto& [name, value] : settings) {
    if (config.overrides.contains(name)) continue;
    RETURN_IF_ERROR(Set(conf.get(), name.c_str(), value));
  }
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  ASSIGN_OR_RETURN(producer->handle_, NewHandle(RD_KAFKA_PRODUCER, std::move(conf)));
  // All topics at once: the first record to an unknown one waits for metadata.
  for (const std::string& name : spec.topics) {
    TopicHandle topic(rd_kafka_topic_new(producer->handle_.get(), name.c_str(), nullptr));
    if (topic == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot write to topic \"", name, "\": ", rd_kafka_err2str(rd_kafka_last_error())));
    }
    producer->by_handle_[topic.get()] = producer->topics_.size();
    producer->topics_.push_back({.name = name, .handle = std::move(topic)});
  }
  for (TopicIndex index : spec.reported) producer->topics_[index.value()].reported = true;
  if (spec.initialize_early) {
    producer->early_init_ = std::async(
        std::launch::async, [raw = producer.get()] { return raw->InitNow(kEarlyInitTimeout); });
  }
  return producer;
}

KafkaProducer::~KafkaProducer() {
  if (early_init_.valid()) early_init_.wait();
  // What was not committed is not worth a wait.
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                    RD_KAFKA_PURGE_F_NON_BLOCKING);
  topics_.clear();
}

// ------------------------------------------------------------------- producing

ProduceResult KafkaProducer::Produce(const OutgoingRecord& record) {
  constexpr size_t kFixed = 6;
  constexpr size_t kMostHeaders = 64;
  rd_kafka_vu_t fields[kFixed + kMostHeaders];
  size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    fields[count].vtype = type;
    return fields[count++];
  };
  rd_kafka_headers_t* headers = nullptr;
  Topic& topic = topics_[record.topic.value()];
  add(RD_KAFKA_VTYPE_RKT).u.rkt = topic.handle.get();
  add(RD_KAFKA_VTYPE_PARTITION).u.i32 =
      record.partition == kByKey ? RD_KAFKA_PARTITION_UA : record.partition.value();
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = std::max<int64_t>(0, record.timestamp.value());
  const auto bytes = [](std::optional<std::string_view> view, rd_kafka_vu_t& field) {
    field.u.mem.ptr = view.has_value() ? const_cast<char*>(view->data()) : nullptr;
    field.u.mem.size = view.has_value() ? view->size() : 0;
    // An empty view may point nowhere, which would make it null.
    if (view.has_value() && field.u.mem.ptr == nullptr) field.u.mem.ptr = const_cast<char*>("");
  };
  bytes(record.key, add(RD_KAFKA_VTYPE_KEY));
  bytes(record.value, add(RD_KAFKA_VTYPE_VALUE));
  if (record.headers.size() > kMostHeaders) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const base::HeaderView& header : record.headers) {
      rd_kafka_header_add(
          headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
          header.value.has_value() ? header.value->data() : nullptr,
          header.value.has_value() ? static_cast<ssize_t>(header.value->size()) : 0);
    }
    add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
  }
  // Names end with a zero byte here, as the library wants them.
  names_.clear();
  if (headers == nullptr) {
    size_t total = 0;
    for (const base::HeaderView& header : record.headers) total += header.name.size() + 1;
    names_.reserve(total);
    for (const base::HeaderView& header : record.headers) {
      rd_kafka_vu_t& field = add(RD_KAFKA_VTYPE_HEADER);
      field.u.header.name = names_.data() + names_.size();
      names_.append(header.name).push_back('\0');
      field.u.header.val = !header.value.has_value() ? nullptr
                           : header.value->empty()   ? ""
                                                     : header.value->data();
      field.u.header.size =
          header.value.has_value() ? static_cast<ssize_t>(header.value->size()) : 0;
    }
  }
  const absl::Duration deadline = base::SystemClock().Elapsed() + kQueueFullLimit;
  while (true) {
    const Error error(rd_kafka_produceva(handle_.get(), fields, count));
    if (error == nullptr) return {};
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
    const std::string reason =
        absl::StrCat("writing to ", topic.name, ": ", rd_kafka_error_string(error.get()));
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && base::SystemClock().Elapsed() < deadline) {
      rd_kafka_poll(handle_.get(), kQueueFullPollMs);
      continue;
    }
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    if (IsRejection(code)) return Fail(Kind::kRejected, reason);
    if (rd_kafka_fatal_error(handle_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Fail(Kind::kRestart, reason);
    }
    return Fail(code == RD_KAFKA_RESP_ERR__STATE ? Kind::kAbort : Kind::kRestart, reason);
  }
}

void KafkaProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  static_cast<KafkaProducer*>(opaque)->Delivered(*message);
}

void KafkaProducer::Delivered(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
      return;
    }
    const std::string reason = absl::StrCat("writing to ", rd_kafka_topic_name(message.rkt), ": ",
                                            rd_kafka_err2str(message.err));
    (IsRejection(message.err) ? rejected_ : undelivered_) = reason;
    return;
  }
  const Topic& topic = topics_[by_handle_.at(message.rkt)];
  if (!topic.reported) return;
  const base::TopicPartition partition{topic.name, base::Partition(message.partition)};
  if (message.offset < 0) {
    end_unknown_ = true;  // a repeated request whose first answer was lost
    return;
  }
  base::Offset& end = ends_[partition];
  end = std::max(end, base::Next(base::Offset(message.offset)));
}

ProduceResult KafkaProducer::Flush(absl::Duration timeout) {
  const rd_kafka_resp_err_t error = rd_kafka_flush(handle_.get(), ToMs(timeout));
  if (!rejected_.empty()) return Fail(Kind::kRejected, std::exchange(rejected_, ""));
  if (!undelivered_.empty()) return Fail(Kind::kRestart, std::exchange(undelivered_, ""));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(Kind::kRestart,
                absl::StrCat("waiting for acknowledgements: ", rd_kafka_err2str(error)));
  }
  return {};
}

// ------------------------------------------------------------- the transaction

ProduceResult KafkaProducer::InitTransactions(absl::Duration timeout) {
  return early_init_.valid() ? early_init_.get() : InitNow(timeout);
}

ProduceResult KafkaProducer::InitNow(absl::Duration timeout) {
  return Retry("init_transactions", timeout,
               [&](int ms) { return rd_kafka_init_transactions(handle_.get(), ms); });
}

ProduceResult KafkaProducer::Begin() {
  ends_.clear();
  rejected_.clear();
  undelivered_.clear();
  end_unknown_ = false;
  const Error error(rd_kafka_begin_transaction(handle_.get()));
  if (error == nullptr) return {};
  return Fail(Kind::kRestart,
              absl::StrCat("begin_transaction: ", rd_kafka_error_string(error.get())));
}

ProduceResult KafkaProducer::SendOffsets(std::span<const OffsetToCommit> offsets,
                                         const GroupMetadata& group, absl::Duration timeout) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const OffsetToCommit& offset : offsets) {
    rd_kafka_topic_partition_t* const one = rd_kafka_topic_partition_list_add(
        list.get(), offset.partition.topic.c_str(), offset.partition.partition.value());
    one->offset = offset.position.value();
    if (offset.metadata.empty()) continue;
    // The list frees it with the library's allocator.
    one->metadata = rd_kafka_mem_malloc(handle_.get(), offset.metadata.size());
    std::copy(offset.metadata.begin(), offset.metadata.end(), static_cast<char*>(one->metadata));
    one->metadata_size = offset.metadata.size();
  }
  const auto& metadata = static_cast<const KafkaGroupMetadata&>(group);
  return Retry("sending the offsets", timeout, [&](int ms) {
    return rd_kafka_send_offsets_to_transaction(handle_.get(), list.get(), metadata.get(), ms);
  });
}

CommitResult KafkaProducer::Commit(absl::Duration timeout) {
  const ProduceResult committed = Retry("committing", timeout, [&](int ms) {
    return rd_kafka_commit_transaction(handle_.get(), ms);
  });
  CommitResult result;
  result.reason = committed.reason;
  switch (committed.kind) {
    case Kind::kOk:
      if (!end_unknown_) result.ends = std::move(ends_);
      break;
    case Kind::kAbort:
    case Kind::kRejected:
      result.kind = rejected_.empty() ? CommitResult::Kind::kAbort : CommitResult::Kind::kRejected;
      if (!rejected_.empty()) result.reason = rejected_;
      break;
    case Kind::kRestart:
      result.kind = CommitResult::Kind::kUnknown;
      break;
  }
  return result;
}

ProduceResult KafkaProducer::Abort(absl::Duration timeout) {
  ProduceResult aborted = Retry(
      "aborting", timeout, [&](int ms) { return rd_kafka_abort_transaction(handle_.get(), ms); });
  if (!aborted.ok()) aborted.kind = Kind::kRestart;
  return aborted;
}

}  // namespace streams::kafka
