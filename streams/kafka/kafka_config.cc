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

const Settings& Refused() {
  static const Settings refused = {
      {"bootstrap.servers", "use BOOTSTRAP_SERVERS"},
      {"metadata.broker.list", "use BOOTSTRAP_SERVERS"},
      {"group.id", "use APPLICATION_ID"},
      {"group.instance.id", "it is made from the state directory's instance id"},
      {"client.id", "it tells one process from another"},
      {"session.timeout.ms", "use SESSION_TIMEOUT_MS"},
      {"transactional.id", kExactlyOnce},
      {"transaction.timeout.ms", "it is set with SESSION_TIMEOUT_MS"},
      {"enable.idempotence", kExactlyOnce},
      {"enable.gapless.guarantee", kExactlyOnce},
      {"acks", kExactlyOnce},
      {"request.required.acks", kExactlyOnce},
      {"max.in.flight", kExactlyOnce},
      {"max.in.flight.requests.per.connection", kExactlyOnce},
      {"retries", kExactlyOnce},
      {"message.send.max.retries", kExactlyOnce},
      {"message.timeout.ms", kExactlyOnce},
      {"delivery.timeout.ms", kExactlyOnce},
      {"delivery.report.only.error", "changelog positions come from delivery reports"},
      {"isolation.level", kExactlyOnce},
      {"enable.auto.commit", kExactlyOnce},
      {"enable.auto.offset.store", kExactlyOnce},
      {"auto.offset.reset", "records would be skipped or read again unasked"},
      {"enable.partition.eof", "the end of an input is known by it"},
      {"partition.assignment.strategy", "equal partitions must come to one worker: range"},
      {"partitioner", "other tools must find a key's partition: murmur2"},
      {"allow.auto.create.topics", "topics are made with all their settings or not at all"},
      {"queued.min.messages", "a small value stops the consumer again and again"},
  };
  return refused;
}

}  // namespace

absl::StatusOr<std::pair<std::string, std::string>> ParseSetting(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", std::string(text), "\" is no Kafka setting: write name=value"));
  }
  const std::string name(absl::StripAsciiWhitespace(std::string(text.substr(0, equals))));
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
