#include "streams/kafka/client.h"

#include <syslog.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/reachability.h"

namespace streams::kafka {
namespace {

// What every client repeats for as long as it lasts is told once in this time.
base::LogLimit& Limit() {
  static auto& limit = *new base::LogLimit(base::SystemClock(), 1, absl::Seconds(30));
  return limit;
}

base::LogLevel LevelOf(int syslog_level, std::string_view facility) {
  // Connections that come and go (Reachability tells that); what the failed call or event
  // tells itself; what was meant: settings for the other kind of client, records that are
  // given up with it.
  constexpr std::string_view kToldElsewhere[] = {"FAIL",   "ERROR",      "REQTMOUT",
                                                 "GETPID", "ADDOFFSETS", "TXNERR",
                                                 "FATAL",  "CONFWARN",   "TERMINATE"};
  if (std::find(std::begin(kToldElsewhere), std::end(kToldElsewhere), facility) !=
      std::end(kToldElsewhere)) {
    return base::LogLevel::kDebug;
  }
  if (syslog_level <= LOG_CRIT) return base::LogLevel::kError;
  return syslog_level <= LOG_WARNING ? base::LogLevel::kWarning : base::LogLevel::kDebug;
}

void OnLog(const rd_kafka_t*, int level, const char* facility, const char* message) {
  const base::LogLevel ours = LevelOf(level, facility);
  if (std::string_view(facility) == "FAIL") NoteFailure(message);
  if (ours != base::LogLevel::kWarning) {
    base::Log(ours, "librdkafka", {{"facility", facility}, {"message", message}});
    return;
  }
  base::Log(Limit(), facility, ours, "librdkafka", {{"facility", facility}, {"message", message}});
}

void OnError(rd_kafka_t* client, int error, const char* reason, void*) {
  switch (static_cast<rd_kafka_resp_err_t>(error)) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:  // Reachability tells these
      base::Log(base::LogLevel::kDebug, "Kafka client",
                {{"client", rd_kafka_name(client)}, {"why", reason}});
      break;
    default:
      base::Log(Limit(), absl::StrCat("error ", error), base::LogLevel::kWarning, "Kafka client",
                {{"client", rd_kafka_name(client)}, {"why", reason}});
      break;
  }
}

}  // namespace

std::string ClientId(const KafkaConfig& config) {
  return absl::StrCat(config.application_id, "-", config.member_id, "-", config.process_nonce);
}

absl::Status Set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("Kafka setting ", name, "=", value, ": ", error));
}

absl::Status SetAll(rd_kafka_conf_t* conf, const Settings& settings, const Settings& except) {
  for (const auto& [name, value] : settings) {
    if (!except.contains(name)) RETURN_IF_ERROR(Set(conf, name.c_str(), value));
  }
  return absl::OkStatus();
}

absl::StatusOr<Conf> NewConf(const KafkaConfig& config, void* opaque) {
  Conf conf(rd_kafka_conf_new());
  RETURN_IF_ERROR(Set(conf.get(), "bootstrap.servers", config.bootstrap_servers));
  RETURN_IF_ERROR(Set(conf.get(), "client.id", ClientId(config)));
  RETURN_IF_ERROR(Set(conf.get(), "allow.auto.create.topics", "false"));
  RETURN_IF_ERROR(Set(conf.get(), "socket.nagle.disable", "true"));
  RETURN_IF_ERROR(Set(conf.get(), "reconnect.backoff.ms", "50"));
  RETURN_IF_ERROR(Set(conf.get(), "reconnect.backoff.max.ms", "1000"));
  RETURN_IF_ERROR(SetAll(conf.get(), config.overrides, {}));
  rd_kafka_conf_set_opaque(conf.get(), opaque);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  WatchReachability(conf.get());
  return conf;
}

absl::StatusOr<Handle> NewHandle(rd_kafka_type_t type, Conf conf) {
  char error[512];
  Handle handle(rd_kafka_new(type, conf.get(), error, sizeof(error)));
  if (handle == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("cannot make a Kafka client: ", error));
  }
  [[maybe_unused]] rd_kafka_conf_t* const owned_by_handle = conf.release();
  return handle;
}

absl::StatusOr<Handle> NewReader(const KafkaConfig& config, const std::string& group_id,
                                 const char* isolation_level, const Settings& more) {
  ASSIGN_OR_RETURN(Conf conf, NewConf(config, nullptr));
  RETURN_IF_ERROR(Set(conf.get(), "group.id", group_id));
  RETURN_IF_ERROR(Set(conf.get(), "isolation.level", isolation_level));
  RETURN_IF_ERROR(Set(conf.get(), "enable.auto.commit", "false"));
  RETURN_IF_ERROR(Set(conf.get(), "enable.auto.offset.store", "false"));
  RETURN_IF_ERROR(Set(conf.get(), "auto.offset.reset", "error"));
  // It joins no group, but an operator's max.poll.interval.ms must not be shorter than this.
  RETURN_IF_ERROR(
      Set(conf.get(), "session.timeout.ms", absl::StrCat(ToMs(config.session_timeout))));
  RETURN_IF_ERROR(SetAll(conf.get(), more, config.overrides));
  ASSIGN_OR_RETURN(Handle handle, NewHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

PartitionList ToList(std::span<const base::TopicPartition> partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const base::TopicPartition& tp : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), tp.topic.c_str(), tp.partition.value());
  }
  return list;
}

PartitionList ToList(std::span<const PartitionStart> starts) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
  for (const PartitionStart& start : starts) {
    rd_kafka_topic_partition_list_add(list.get(), start.partition.topic.c_str(),
                                      start.partition.partition.value())
        ->offset = start.from.value();
  }
  return list;
}

base::TopicPartition ToTopicPartition(const rd_kafka_topic_partition_t& partition) {
  return {partition.topic, base::Partition(partition.partition)};
}

absl::Status Assign(rd_kafka_t* consumer, const rd_kafka_topic_partition_list_t* partitions,
                    const std::string& what) {
  RETURN_IF_ERROR(ToStatus(rd_kafka_assign(consumer, partitions), what));
  // A question that the library's thread answers after it has stopped what was to be stopped.
  rd_kafka_topic_partition_list_t* now = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_assignment(consumer, &now);
  const PartitionList owner(now);
  return ToStatus(error, what);
}

int ToMs(absl::Duration duration) {
  return static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))), 0, 1 << 30));
}

absl::Status ToStatus(rd_kafka_resp_err_t error, const std::string& what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const std::string message = absl::StrCat(what, ": ", rd_kafka_err2str(error));
  switch (error) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return absl::DeadlineExceededError(message);
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__STATE:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return absl::UnavailableError(message);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return absl::PermissionDeniedError(message);
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return absl::InvalidArgumentError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace streams::kafka
