// The settings of the programs: each by an environment variable and by a flag of the same
// name in lower case; the flag wins. What a program shall do this once is a flag of its own and
// no variable: as one it would be done again at each start, and its name, a common word, may
// stand for something else in somebody's environment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/address.h"
#include "streams/config.h"
#include "streams/kafka/kafka_config.h"
#include "streams/topic_setup.h"
#include "topology/party_topology.h"

namespace tools {

// Those of party-worker; state-dump takes what it needs of them.
struct Settings {
  streams::kafka::KafkaConfig kafka;
  topology::Topics topics;
  streams::EngineConfig engine;
  streams::TopicSetup topic_setup;
  processors::IntakeOptions intake;
  std::string state_dir;
  std::string log_level;
  std::string log_format;
  std::optional<api::Address> http_address;  // none: no server
};

// Parses environment and command line. Where the arguments ask for help, prints it and
// exits with 0; the rest of the arguments must be none. An error names the flag or the
// variable, and what is allowed. `own_flags_file`: the source file whose flags `--help`
// shows beside the common ones ("tools/state_dump.cc"); `usage`: the text above them.
absl::StatusOr<Settings> ParseSettings(int argc, char** argv, const std::string& own_flags_file,
                                       const std::string& usage);

// An error where a variable has the name of one of the program's own flags: whoever sets it
// for this program believes that it does something.
absl::Status RefuseVariables(const std::string& own_flags_file);

// The flag's value, where that is among those allowed; "" stands for the flag not given.
absl::StatusOr<std::string> OneOf(const absl::Flag<std::string>& flag,
                                  const std::vector<std::string>& allowed);

// As Kafka allows it in topics and groups. `flag` names it in the error.
absl::Status CheckApplicationId(const std::string& flag, const std::string& id);

}  // namespace tools
