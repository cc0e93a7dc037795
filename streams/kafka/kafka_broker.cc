#include "streams/kafka/kafka_broker.h"

#include <utility>

#include "base/status.h"
#include "streams/kafka/group_consumer.h"
#include "streams/kafka/log_reader.h"
#include "streams/kafka/producer.h"

namespace streams::kafka {

std::string LibraryVersion() { return rd_kafka_version_str(); }

KafkaBroker::KafkaBroker(const KafkaConfig& config, std::unique_ptr<KafkaAdmin> admin)
    : config_(config), admin_(std::move(admin)), silence_(admin_->handle()) {}

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Create(const KafkaConfig& config) {
  RETURN_IF_ERROR(CheckOverrides(config.overrides));
  ASSIGN_OR_RETURN(std::unique_ptr<KafkaAdmin> admin, KafkaAdmin::Create(config));
  return std::unique_ptr<KafkaBroker>(new KafkaBroker(config, std::move(admin)));
}

absl::StatusOr<std::unique_ptr<GroupConsumer>> KafkaBroker::NewConsumer(const ConsumerSpec& spec) {
  return KafkaGroupConsumer::Join(config_, spec, admin_->handle(), &own_members_, &statistics_);
}

absl::StatusOr<std::unique_ptr<TransactionalProducer>> KafkaBroker::NewTransactionalProducer(
    const ProducerSpec& spec) {
  if (spec.transactional_id.empty()) {
    return absl::InvalidArgumentError("a transactional producer needs a transactional id");
  }
  return KafkaProducer::Create(config_, spec, &standstill_, &statistics_);
}

absl::StatusOr<std::unique_ptr<Producer>> KafkaBroker::NewProducer(const ProducerSpec& spec) {
  ProducerSpec plain = spec;
  plain.transactional_id.clear();
  plain.initialize_early = false;
  return KafkaProducer::Create(config_, plain, &standstill_, &statistics_);
}

absl::StatusOr<std::unique_ptr<LogReader>> KafkaBroker::NewLogReader() {
  return KafkaLogReader::Create(config_, admin_->handle());
}

}  // namespace streams::kafka
