// The engine's producers by librdkafka: idempotent, and on demand transactional.
//
// Used by one thread; delivery reports are served in its calls. Destroying it gives up
// what was not committed and does not wait for a broker.
//
// After a rejected record the library goes on counting where the broker does not: the next
// transaction may fail with kAbort, once, and the abort repairs it.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "streams/broker.h"
#include "streams/kafka/client.h"
#include "streams/kafka/client_statistics.h"
#include "streams/kafka/deliveries.h"
#include "streams/kafka/record_fields.h"
#include "streams/kafka/standstill.h"

namespace streams::kafka {

class KafkaProducer final : public TransactionalProducer {
 public:
  // Transactional where the spec has a transactional id. `standstill`, which outlives the
  // producer as `statistics` does, is told of the calls that may hang.
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Create(const KafkaConfig& config,
                                                               const ProducerSpec& spec,
                                                               Standstill* standstill,
                                                               ClientStatistics* statistics);
  ~KafkaProducer() override;

  ProduceResult Produce(const OutgoingRecord& record) override;
  void Serve() override { rd_kafka_poll(handle_.get(), /*timeout_ms=*/0); }
  ProduceResult Flush(absl::Duration timeout) override;
  ProduceResult InitTransactions(absl::Duration timeout) override;
  ProduceResult Begin() override;
  ProduceResult SendOffsets(std::span<const OffsetToCommit> offsets, const GroupMetadata& group,
                            absl::Duration timeout) override;
  CommitResult Commit(absl::Duration timeout) override;
  ProduceResult Abort(absl::Duration timeout) override;

 private:
  KafkaProducer(Standstill* standstill, ClientStatistics* statistics, std::string kind)
      : standstill_(standstill), statistics_(statistics, std::move(kind)) {}
  absl::StatusOr<Conf> MakeConf(const KafkaConfig& config, const ProducerSpec& spec);
  absl::Status OpenTopics(const ProducerSpec& spec);
  static void OnDelivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque);
  static int OnStatistics(rd_kafka_t* handle, char* json, size_t size, void* opaque);
  ProduceResult InitNow(absl::Duration timeout);
  template <class Call>
  ProduceResult Retry(const char* what, absl::Duration timeout, Call call);
  ProduceResult Judge(const rd_kafka_error_t& error, std::string reason);

  Standstill* standstill_;
  ClientStatistics::Client statistics_;
  Handle handle_;
  std::vector<TopicHandle> topics_;
  Deliveries deliveries_;  // of the open transaction
  RecordFields fields_;

  std::atomic<bool> stopping_ = false;
  std::future<ProduceResult> early_init_;
};

}  // namespace streams::kafka
