// How the worker's Kafka clients are set up, and which of librdkafka's settings an
// operator may pass on. Pure functions but for ReadSettingsFile.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace streams::kafka {

using Settings = std::map<std::string, std::string>;

struct KafkaConfig {
  std::string bootstrap_servers;
  std::string application_id;  // the consumer group
  std::string member_id;       // names this worker
  // Keeps its partitions through a restart within the session timeout; can't leave at once.
  bool static_member = true;
  std::string process_nonce;  // tells this process from others of the same member id
  absl::Duration session_timeout = absl::Seconds(10);
  absl::Duration transaction_timeout = absl::Seconds(10);
  bool statistics = false;  // of the clients are shown
  Settings overrides;       // of the operator
};

// "name=value".
absl::StatusOr<std::pair<std::string, std::string>> ParseSetting(std::string_view text);

// A properties file: name=value lines; blank ones and those that begin with # count
// nothing. Errors name the file and the line.
absl::StatusOr<Settings> ReadSettingsFile(const std::string& path);

// Refuses those that exactly-once rests on, and those that have flags of their own, by
// name and with the reason; and what librdkafka does not know.
absl::Status CheckOverrides(const Settings& overrides);

}  // namespace streams::kafka
