#include "streams/kafka/producer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "streams/kafka/group_metadata.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kEarlyInitTimeout = absl::Seconds(30);
// The call can be resumed, and is, in such pieces. After a crash the first answer is that the
// transaction which it left open is being ended: that takes milliseconds, but by itself the
// library asks again only after half a second. Resumed, it asks at once, unless a question is
// still out.
constexpr absl::Duration kInitPiece = absl::Milliseconds(25);
constexpr absl::Duration kRetryPause = absl::Milliseconds(20);
constexpr int kQueueFullPollMs = 100;
// A transaction whose records could be put down nowhere for so long is given up.
constexpr absl::Duration kQueueFullLimit = absl::Minutes(2);

using Kind = ProduceResult::Kind;

// The offsets were sent by one who is no member any more.
bool IsFromOutside(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
         error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

absl::Duration Now() { return base::SystemClock().Elapsed(); }

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Create(const KafkaConfig& config,
                                                                     const ProducerSpec& spec,
                                                                     Standstill* standstill,
                                                                     ClientStatistics* statistics) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(
      standstill, statistics, spec.transactional_id.empty() ? "plain_producer" : "producer"));
  ASSIGN_OR_RETURN(Conf conf, producer->MakeConf(config, spec));
  ASSIGN_OR_RETURN(producer->handle_, NewHandle(RD_KAFKA_PRODUCER, std::move(conf)));
  RETURN_IF_ERROR(producer->OpenTopics(spec));
  if (spec.initialize_early) {
    producer->early_init_ = std::async(
        std::launch::async, [raw = producer.get()] { return raw->InitNow(kEarlyInitTimeout); });
  }
  return producer;
}

absl::StatusOr<Conf> KafkaProducer::MakeConf(const KafkaConfig& config, const ProducerSpec& spec) {
  ASSIGN_OR_RETURN(Conf conf, NewConf(config, this));
  Settings settings = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      // Outputs go out late, so that readers who do not know transactions see few aborted
      // ones; a commit's flush does not wait for this.
      {"linger.ms", "1000"},
      {"batch.num.messages", "100000"},
      {"compression.codec", "lz4"},
      {"queue.buffering.max.messages", "1000000"},
      {"queue.buffering.max.kbytes", "262144"},
      // The broker decides what is too large, as long as it reads the request at all.
      {"message.max.bytes", "64000000"},
      // The end of a commit is not waited for by the broker: the next request is tried again.
      {"retry.backoff.ms", "5"},
      {"partitioner", "murmur2_random"},  // as Java: those without a key go anywhere
  };
  if (!spec.transactional_id.empty()) {
    settings["transactional.id"] = spec.transactional_id;
    settings["transaction.timeout.ms"] = absl::StrCat(ToMs(config.transaction_timeout));
  }
  RETURN_IF_ERROR(SetAll(conf.get(), settings, config.overrides));
  RETURN_IF_ERROR(ClientStatistics::Enable(config, OnStatistics, conf.get()));
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  return conf;
}

// All topics at once: the first record to an unknown one waits for metadata.
absl::Status KafkaProducer::OpenTopics(const ProducerSpec& spec) {
  for (const std::string& name : spec.topics) {
    topics_.emplace_back(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
    if (topics_.back() == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "cannot write to topic \"", name, "\": ", rd_kafka_err2str(rd_kafka_last_error())));
    }
  }
  for (const TopicIndex index : spec.reported) {
    if (index.value() >= topics_.size()) {
      return absl::InvalidArgumentError("a reported topic is not among the topics");
    }
    deliveries_.Report(topics_[index.value()].get());
  }
  return absl::OkStatus();
}

KafkaProducer::~KafkaProducer() {
  stopping_ = true;
  if (early_init_.valid()) early_init_.wait();
  topics_.clear();
  if (handle_ == nullptr) return;
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                    RD_KAFKA_PURGE_F_NON_BLOCKING);
}

// ------------------------------------------------------------------- producing

ProduceResult KafkaProducer::Produce(const OutgoingRecord& record) {
  rd_kafka_topic_t* const topic = topics_[record.topic.value()].get();
  const std::span<const rd_kafka_vu_t> fields = fields_.Fill(topic, record);
  absl::Duration deadline = absl::InfiniteDuration();
  while (true) {
    const Error error(rd_kafka_produceva(handle_.get(), fields.data(), fields.size()));
    if (error == nullptr) return {};
    if (rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      const absl::Duration now = Now();
      if (deadline == absl::InfiniteDuration()) deadline = now + kQueueFullLimit;
      if (now < deadline) {
        const Standstill::Here here(standstill_);
        rd_kafka_poll(handle_.get(), kQueueFullPollMs);
        continue;
      }
    }
    ProduceResult failed = Judge(*error, absl::StrCat("writing to ", rd_kafka_topic_name(topic),
                                                      ": ", rd_kafka_error_string(error.get())));
    // The transaction has failed already; which of its calls it was does not matter.
    if (failed.kind == Kind::kRestart &&
        rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__STATE &&
        rd_kafka_fatal_error(handle_.get(), nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      failed.kind = Kind::kAbort;
    }
    return failed;
  }
}

void KafkaProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  static_cast<KafkaProducer*>(opaque)->deliveries_.Add(*message);
}

int KafkaProducer::OnStatistics(rd_kafka_t*, char* json, size_t, void* opaque) {
  static_cast<KafkaProducer*>(opaque)->statistics_.Report(json);
  return 1;  // it is kept
}

ProduceResult KafkaProducer::Flush(absl::Duration timeout) {
  const Standstill::Here here(standstill_);
  const rd_kafka_resp_err_t error = rd_kafka_flush(handle_.get(), ToMs(timeout));
  ProduceResult result;
  if (!deliveries_.rejected().empty()) {
    result = {.kind = Kind::kRejected, .reason = deliveries_.rejected()};
  } else if (!deliveries_.failed().empty()) {
    result = {.kind = Kind::kRestart, .reason = deliveries_.failed()};
  } else if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    result = {.kind = Kind::kRestart,
              .reason = absl::StrCat("waiting for acknowledgements: ", rd_kafka_err2str(error))};
  }
  deliveries_.Clear();
  return result;
}

// Which kind of failure it is. A refused record is told by its delivery report or, where
// that has not come yet, by the error that ended the transaction.
ProduceResult KafkaProducer::Judge(const rd_kafka_error_t& error, std::string reason) {
  if (rd_kafka_fatal_error(handle_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_error_is_fatal(&error) != 0) {
    return {.kind = Kind::kRestart, .reason = std::move(reason)};
  }
  rd_kafka_poll(handle_.get(), 0);
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  if (!deliveries_.rejected().empty()) {
    return {.kind = Kind::kRejected, .reason = deliveries_.rejected()};
  }
  if (IsRejection(code)) return {.kind = Kind::kRejected, .reason = std::move(reason)};
  if (rd_kafka_error_txn_requires_abort(&error) != 0) {
    return {.kind = Kind::kAbort, .reason = std::move(reason)};
  }
  return {.kind = Kind::kRestart, .reason = std::move(reason)};
}

// ------------------------------------------------------------- the transaction

// Runs a transactional call until it is done, fails for good, or time is up. A call that
// ran out of time may have been done or not: only a new producer can tell.
template <class Call>
ProduceResult KafkaProducer::Retry(const char* what, absl::Duration timeout, Call call) {
  const absl::Duration deadline = Now() + timeout;
  while (true) {
    const Error error(call(std::max(1, ToMs(deadline - Now()))));
    if (error == nullptr) return {};
    std::string reason = absl::StrCat(what, ": ", rd_kafka_error_string(error.get()), " (",
                                      rd_kafka_error_name(error.get()), ")");
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0 &&
                       rd_kafka_error_txn_requires_abort(error.get()) == 0 &&
                       Now() + kRetryPause < deadline && !stopping_;
    if (!again) return Judge(*error, std::move(reason));
    absl::SleepFor(kRetryPause);
  }
}

ProduceResult KafkaProducer::InitTransactions(absl::Duration timeout) {
  const Standstill::Here here(standstill_);
  if (!early_init_.valid()) return InitNow(timeout);
  if (early_init_.wait_for(absl::ToChronoMicroseconds(std::min(timeout, absl::Hours(1)))) !=
      std::future_status::ready) {
    return {.kind = Kind::kRestart, .reason = "init_transactions: no answer in time"};
  }
  return early_init_.get();
}

ProduceResult KafkaProducer::InitNow(absl::Duration timeout) {
  return Retry("init_transactions", timeout, [&](int ms) {
    return rd_kafka_init_transactions(handle_.get(), std::min(ms, ToMs(kInitPiece)));
  });
}

ProduceResult KafkaProducer::Begin() {
  deliveries_.Clear();
  const Error error(rd_kafka_begin_transaction(handle_.get()));
  if (error == nullptr) return {};
  return {.kind = Kind::kRestart,
          .reason = absl::StrCat("begin_transaction: ", rd_kafka_error_string(error.get()))};
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
  const Standstill::Here here(standstill_);
  const absl::Duration deadline = Now() + timeout;
  // What fails here is told by the next call.
  rd_kafka_flush(handle_.get(), ToMs(timeout));
  rd_kafka_resp_err_t last = RD_KAFKA_RESP_ERR_NO_ERROR;
  ProduceResult sent = Retry("sending the offsets", deadline - Now(), [&](int ms) {
    rd_kafka_error_t* const error =
        rd_kafka_send_offsets_to_transaction(handle_.get(), list.get(), metadata.get(), ms);
    last = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
    return error;
  });
  // Done again they would fail again: the partitions are another's, whether or not the group
  // has told us yet.
  if (sent.kind == Kind::kAbort && IsFromOutside(last)) sent.kind = Kind::kRestart;
  return sent;
}

CommitResult KafkaProducer::Commit(absl::Duration timeout) {
  const Standstill::Here here(standstill_);
  ProduceResult committed = Retry("committing", timeout, [&](int ms) {
    return rd_kafka_commit_transaction(handle_.get(), ms);
  });
  CommitResult result;
  result.reason = std::move(committed.reason);
  switch (committed.kind) {
    case Kind::kOk:
      result.ends = deliveries_.Ends();
      break;
    case Kind::kAbort:
      result.kind = CommitResult::Kind::kAbort;
      break;
    case Kind::kRejected:
      result.kind = CommitResult::Kind::kRejected;
      break;
    case Kind::kRestart:
      result.kind = CommitResult::Kind::kUnknown;
      break;
  }
  return result;
}

ProduceResult KafkaProducer::Abort(absl::Duration timeout) {
  const Standstill::Here here(standstill_);
  ProduceResult aborted = Retry(
      "aborting", timeout, [&](int ms) { return rd_kafka_abort_transaction(handle_.get(), ms); });
  if (!aborted.ok()) aborted.kind = Kind::kRestart;
  return aborted;
}

}  // namespace streams::kafka
