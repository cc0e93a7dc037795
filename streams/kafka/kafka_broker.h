// Kafka, by librdkafka: everything of streams/broker.h.
//
// Creating it opens a connection in the background and waits for nothing. The handles
// that it makes belong to their threads and must not outlive it; questions to admin() may
// come from any thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "streams/broker.h"
#include "streams/kafka/client_statistics.h"
#include "streams/kafka/kafka_admin.h"
#include "streams/kafka/kafka_config.h"
#include "streams/kafka/own_members.h"
#include "streams/kafka/reachability.h"
#include "streams/kafka/standstill.h"

namespace streams::kafka {

// Of librdkafka.
std::string LibraryVersion();

class KafkaBroker final : public Broker {
 public:
  // InvalidArgument: a setting that is refused or that librdkafka does not accept.
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Create(const KafkaConfig& config);

  absl::StatusOr<std::unique_ptr<GroupConsumer>> NewConsumer(const ConsumerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<TransactionalProducer>> NewTransactionalProducer(
      const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<LogReader>> NewLogReader() override;
  Admin& admin() override { return *admin_; }

  // Of the thread that uses the producers, which is one.
  Standstill& standstill() { return standstill_; }

  // Where KafkaConfig::statistics asks for them. Thread-safe.
  const ClientStatistics& statistics() const { return statistics_; }

 private:
  KafkaBroker(const KafkaConfig& config, std::unique_ptr<KafkaAdmin> admin);

  const KafkaConfig config_;
  const std::unique_ptr<KafkaAdmin> admin_;
  const SilenceWatch silence_;
  OwnMembers own_members_;
  Standstill standstill_;
  ClientStatistics statistics_;
};

}  // namespace streams::kafka
