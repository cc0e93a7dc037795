// The engine's producers by librdkafka: idempotent, and on demand transactional.
//
// Used by one thread; delivery reports are served in its calls.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "streams/broker.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

class KafkaProducer final : public TransactionalProducer {
 public:
  // Transactional where the spec has a transactional id.
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Create(const KafkaConfig& config,
                                                               const ProducerSpec& spec);
  ~KafkaProducer() override;

  ProduceResult Produce(const OutgoingRecord& record) override;
  ProduceResult Flush(absl::Duration timeout) override;
  ProduceResult InitTransactions(absl::Duration timeout) override;
  ProduceResult Begin() override;
  ProduceResult SendOffsets(std::span<const OffsetToCommit> offsets, const GroupMetadata& group,
                            absl::Duration timeout) override;
  CommitResult Commit(absl::Duration timeout) override;
  ProduceResult Abort(absl::Duration timeout) override;

 private:
  struct Topic {
    std::string name;
    TopicHandle handle;
    bool reported = false;
  };

  KafkaProducer() = default;
  static void OnDelivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque);
  void Delivered(const rd_kafka_message_t& message);
  ProduceResult InitNow(absl::Duration timeout);

  std::vector<Topic> topics_;
  std::map<const rd_kafka_topic_t*, size_t> by_handle_;
  Handle handle_;
  std::future<ProduceResult> early_init_;

  std::string names_;  // of the headers of the record being produced

  // Of the open transaction, from its delivery reports.
  std::map<base::TopicPartition, base::Offset> ends_;
  std::string rejected_;      // why the broker refused a record for good
  std::string undelivered_;   // why a record was not delivered, otherwise
  bool end_unknown_ = false;  // a reported record was written, but the broker did not say where
};

}  // namespace streams::kafka
