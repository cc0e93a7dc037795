#include "tools/rebuild/connection.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "streams/error_kinds.h"

namespace tools {
namespace {

// A whole state is written in one transaction. Brokers allow no more where nobody has
// changed transaction.max.timeout.ms.
constexpr absl::Duration kTransactionTimeout = absl::Minutes(15);

}  // namespace

absl::StatusOr<Connection> Connection::Open(const Settings& settings, const std::string& program) {
  streams::kafka::KafkaConfig kafka = settings.kafka;
  kafka.member_id = program;
  kafka.static_member = false;
  kafka.transaction_timeout = kTransactionTimeout;
  Connection connection;
  ASSIGN_OR_RETURN(connection.broker, streams::kafka::KafkaBroker::Create(kafka));
  ASSIGN_OR_RETURN(connection.operators, streams::kafka::OperatorAdmin::Create(kafka));
  ASSIGN_OR_RETURN(connection.reader, connection.broker->NewLogReader());
  return connection;
}

absl::Status NameKafka(const absl::Status& status, const Settings& settings) {
  if (!streams::IsWait(status)) return status;
  return base::Annotate(status, absl::StrCat("Kafka at ", settings.kafka.bootstrap_servers));
}

}  // namespace tools
