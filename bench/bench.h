// What the benchmark programs share: where Kafka and the topics are, by the environment
// variables that the worker takes, and the headers that the game's producers send.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "base/record.h"
#include "streams/kafka/kafka_config.h"

namespace bench {

// The variable's value; where it is not set, its name, as the worker does it.
std::string Variable(const std::string& name);

streams::kafka::KafkaConfig Config();

// Tenant, region, two of version, and a trace: copied by the worker to what a record causes.
std::span<const base::HeaderView> GameHeaders();

// Where each topic's only partition begins and ends; by a handle that reads committed, the
// end of what is decided.
struct Range {
  int64_t start = 0;
  int64_t end = 0;
};
absl::StatusOr<std::map<base::TopicPartition, Range>> Ranges(
    rd_kafka_t* handle, const std::vector<std::string>& topics);

// A whole number of one or more from the command line.
absl::StatusOr<int64_t> Number(const std::string& text);

// Prints an error; returns the exit status.
int Finish(const std::string& program, const absl::Status& status);

}  // namespace bench
