#include "streams/kafka/kafka_config.h"

#include <librdkafka/rdkafka.h>

#include <fstream>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace streams::kafka {
namespace {

constexpr char kExactlyOnce[] = "exactly-once rests on it";
constexpr char kNoCommits[] = "offsets are committed in the transactions alone";
constexpr char kOrder[] = "records would be written out of order or twice";
constexpr char kInternal[] = "it would take the client out of the program's hands";

const Settings& Refused() {
  static const auto& refused = *new Settings{
      {"bootstrap.servers", "use BOOTSTRAP_SERVERS"},
      {"metadata.broker.list", "use BOOTSTRAP_SERVERS"},
      {"group.id", "use APPLICATION_ID"},
      {"group.instance.id", "it is made from the state directory's instance id; see ON_STOP"},
      {"client.id", "it tells one process from another"},
      {"session.timeout.ms", "use SESSION_TIMEOUT_MS"},
      {"transactional.id", kExactlyOnce},
      {"transaction.timeout.ms", "it is set with SESSION_TIMEOUT_MS"},
      {"enable.idempotence", kExactlyOnce},
      {"enable.gapless.guarantee", kExactlyOnce},
      {"acks", kExactlyOnce},
      {"request.required.acks", kExactlyOnce},
      {"max.in.flight", kOrder},
      {"max.in.flight.requests.per.connection", kOrder},
      {"retries", kOrder},
      {"message.send.max.retries", kOrder},
      {"queuing.strategy", kOrder},
      {"message.timeout.ms", "a transaction's records have as long as the transaction"},
      {"delivery.timeout.ms", "a transaction's records have as long as the transaction"},
      {"delivery.report.only.error", "changelog positions come from delivery reports"},
      {"isolation.level", kExactlyOnce},
      {"enable.auto.commit", kNoCommits},
      {"auto.commit.enable", kNoCommits},
      {"enable.auto.offset.store", kNoCommits},
      {"offset.store.method", kNoCommits},
      {"auto.offset.reset", "records would be skipped or read again unasked"},
      {"enable.partition.eof", "the end of an input is known by it"},
      {"partition.assignment.strategy", "equal partitions must come to one worker: range"},
      {"partitioner", "other tools must find a key's partition: murmur2"},
      {"allow.auto.create.topics", "topics are made with all their settings or not at all"},
      {"queued.min.messages", "a small value stops the consumer again and again"},
      {"enabled_events", kInternal},
      {"log.queue", kInternal},
      {"test.mock.num.brokers", "a mock keeps no transactions"},
  };
  return refused;
}

}  // namespace

absl::StatusOr<std::pair<std::string, std::string>> ParseSetting(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string name(absl::StripAsciiWhitespace(std::string(text.substr(0, equals))));
  if (equals == std::string_view::npos || name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", std::string(text), "\" is no Kafka setting: write name=value"));
  }
  const std::string value(absl::StripAsciiWhitespace(std::string(text.substr(equals + 1))));
  return std::make_pair(name, value);
}

absl::StatusOr<Settings> ReadSettingsFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read the settings file ", path));
  Settings settings;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string text(absl::StripAsciiWhitespace(line));
    if (text.empty() || text[0] == '#') continue;
    auto setting = ParseSetting(text);
    if (!setting.ok()) {
      return base::Annotate(setting.status(), absl::StrCat(path, " line ", number));
    }
    settings[setting->first] = setting->second;
  }
  return settings;
}

absl::Status CheckOverrides(const Settings& overrides) {
  const std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> scratch(
      rd_kafka_conf_new(), rd_kafka_conf_destroy);
  for (const auto& [name, value] : overrides) {
    if (const auto refused = Refused().find(name); refused != Refused().end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the Kafka setting ", name, " cannot be set: ", refused->second));
    }
    char error[512];
    if (rd_kafka_conf_set(scratch.get(), name.c_str(), value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat("the Kafka setting ", name, "=", value, " is not accepted: ", error));
    }
  }
  return absl::OkStatus();
}

}  // namespace streams::kafka
