#include "bench/bench.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "streams/kafka/client.h"

namespace bench {
namespace {

constexpr int kTimeoutMs = 10'000;

}  // namespace

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr || *value == '\0' ? name : value;
}

streams::kafka::KafkaConfig Config() {
  streams::kafka::KafkaConfig config;
  const char* servers = std::getenv("BOOTSTRAP_SERVERS");
  config.bootstrap_servers = servers == nullptr ? "127.0.0.1:9092" : servers;
  config.application_id = "bench";
  config.member_id = "0";
  config.process_nonce = "0";
  return config;
}

std::span<const base::HeaderView> GameHeaders() {
  using namespace std::string_view_literals;
  static constexpr std::array<base::HeaderView, 6> kHeaders = {
      {{"TENANT_ID", "083839c6-c47c-42a6-9585-76492795d123"},
       {"REGION", "GMS"},
       {"MAJOR_VERSION", "\0\x53"sv},
       {"MINOR_VERSION", "\0\x01"sv},
       {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
       {"tracestate", "bench=1"}}};
  return kHeaders;
}

absl::StatusOr<std::map<base::TopicPartition, Range>> Ranges(
    rd_kafka_t* handle, const std::vector<std::string>& topics) {
  std::map<base::TopicPartition, Range> ranges;
  for (const std::string& topic : topics) {
    Range range;
    RETURN_IF_ERROR(streams::kafka::ToStatus(
        rd_kafka_query_watermark_offsets(handle, topic.c_str(), 0, &range.start, &range.end,
                                         kTimeoutMs),
        absl::StrCat("asking for the ends of ", topic)));
    ranges[{topic, base::Partition(0)}] = range;
  }
  return ranges;
}

absl::StatusOr<int64_t> Number(const std::string& text) {
  int64_t number = 0;
  if (absl::SimpleAtoi(text, &number) && number >= 1) return number;
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no number of 1 or more"));
}

int Finish(const std::string& program, const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", program.c_str(), std::string(status.message()).c_str());
  return 1;
}

}  // namespace bench
