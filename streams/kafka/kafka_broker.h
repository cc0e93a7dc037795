// Kafka, by librdkafka: everything of streams/broker.h.
//
// Creating it opens a connection in the background and waits for nothing. The handles
// that it makes belong to their threads; questions to admin() may come from any.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "streams/broker.h"
#include "streams/kafka/kafka_config.h"

namespace streams::kafka {

class KafkaBroker final : public Broker {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Create(const KafkaConfig& config);
  ~KafkaBroker() override;

  absl::StatusOr<std::unique_ptr<GroupConsumer>> NewConsumer(const ConsumerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<TransactionalProducer>> NewTransactionalProducer(
      const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<LogReader>> NewLogReader() override;
  Admin& admin() override;

 private:
  class KafkaAdmin;

  explicit KafkaBroker(const KafkaConfig& config);

  const KafkaConfig config_;
  std::unique_ptr<KafkaAdmin> admin_;
};

}  // namespace streams::kafka
