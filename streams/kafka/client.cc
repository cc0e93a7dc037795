#include "streams/kafka/client.h"

#include <syslog.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"

namespace streams::kafka {
namespace {

// All handles complain of the same broker: one line in a while is enough.
class Quiet {
 public:
  bool Passes() {
    const std::lock_guard lock(mutex_);
    const absl::Duration now = base::SystemClock().Elapsed();
    if (now < next_) return false;
    next_ = now + absl::Seconds(5);
    return true;
  }

 private:
  std::mutex mutex_;
  absl::Duration next_ = -absl::InfiniteDuration();
};

void OnLog(const rd_kafka_t*, int level, const char* facility, const char* message) {
  // What matters comes as an error of a call or by OnError; this is for the curious.
  const auto ours = level <= LOG_CRIT ? base::LogLevel::kError : base::LogLevel::kDebug;
  base::Log(ours, "librdkafka", {{"facility", facility}, {"message", message}});
}

void OnError(rd_kafka_t* handle, int error, const char* reason, void*) {
  static Quiet quiet;
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  if (code == RD_KAFKA_RESP_ERR__FATAL) {
    base::Log(base::LogLevel::kWarning, "Kafka client failed for good",
              {{"client", rd_kafka_name(handle)}, {"why", reason}});
    return;
  }
  if (!quiet.Passes()) return;
  base::Log(base::LogLevel::kWarning, "Kafka is not reachable, waiting", {{"why", reason}});
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

absl::StatusOr<Conf> NewConf(const KafkaConfig& config, void* opaque) {
  Conf conf(rd_kafka_conf_new());
  RETURN_IF_ERROR(Set(conf.get(), "bootstrap.servers", config.bootstrap_servers));
  RETURN_IF_ERROR(Set(conf.get(), "client.id", ClientId(config)));
  RETURN_IF_ERROR(Set(conf.get(), "allow.auto.create.topics", "false"));
  RETURN_IF_ERROR(Set(conf.get(), "socket.nagle.disable", "true"));
  RETURN_IF_ERROR(Set(conf.get(), "reconnect.backoff.ms", "50"));
  RETURN_IF_ERROR(Set(conf.get(), "reconnect.backoff.max.ms", "1000"));
  for (const auto& [name, value] : config.overrides) {
    RETURN_IF_ERROR(Set(conf.get(), name.c_str(), value));
  }
  rd_kafka_conf_set_opaque(conf.get(), opaque);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
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
  for (const auto& [name, value] : more) RETURN_IF_ERROR(Set(conf.get(), name.c_str(), value));
  ASSIGN_OR_RETURN(Handle handle, NewHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

PartitionList ToList(const std::vector<base::TopicPartition>& partitions) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const base::TopicPartition& tp : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), tp.topic.c_str(), tp.partition.value());
  }
  return list;
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
    default:
      return absl::InternalError(message);
  }
}

}  // namespace streams::kafka
