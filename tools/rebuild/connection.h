// Kafka, as the programs that rebuild see it: the engine's interface to it, and the
// operator's.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streams/broker.h"
#include "streams/kafka/kafka_broker.h"
#include "streams/kafka/operator_admin.h"
#include "tools/settings.h"

namespace tools {

inline constexpr absl::Duration kKafkaTimeout = absl::Seconds(10);

struct Connection {
  // For the application of the settings. `program` names its clients. Waits for nothing.
  static absl::StatusOr<Connection> Open(const Settings& settings, const std::string& program);

  std::unique_ptr<streams::kafka::KafkaBroker> broker;
  std::unique_ptr<streams::kafka::OperatorAdmin> operators;
  std::unique_ptr<streams::LogReader> reader;
};

// Where an error is that Kafka does not answer, says which Kafka.
absl::Status NameKafka(const absl::Status& status, const Settings& settings);

}  // namespace tools
