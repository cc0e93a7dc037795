#include "streams/kafka/client_statistics.h"

#include <rapidjson/document.h>

#include <span>
#include <string_view>

#include "streams/kafka/client.h"

namespace streams::kafka {
namespace {

constexpr char kInterval[] = "statistics.interval.ms";
constexpr char kIntervalMs[] = "5000";
constexpr std::string_view kConsumer = "consumer";

struct Figure {
  const char* field;
  base::MetricName name;
  base::MetricKind kind;
  double unit = 1;
};

constexpr base::MetricKind kCounter = base::MetricKind::kCounter;
constexpr base::MetricKind kGauge = base::MetricKind::kGauge;
constexpr double kMicrosecond = 1e-6;

constexpr Figure kOfAll[] = {
    {"replyq",
     {"librdkafka_reply_queue_operations", "What a client has to tell and nobody has taken yet."},
     kGauge},
};
constexpr Figure kOfProducers[] = {
    {"msg_cnt",
     {"librdkafka_producer_queue_messages", "Records in a producer that are not acknowledged."},
     kGauge},
    {"msg_size",
     {"librdkafka_producer_queue_bytes",
      "Size of the records in a producer that are not acknowledged."},
     kGauge},
    {"txmsgs", {"librdkafka_sent_messages_total", "Records that a client has sent."}, kCounter},
    {"txmsg_bytes",
     {"librdkafka_sent_message_bytes_total", "Size of the records that a client has sent."},
     kCounter},
};
constexpr Figure kOfConsumers[] = {
    {"rxmsgs",
     {"librdkafka_received_messages_total", "Records that a client has fetched."},
     kCounter},
    {"rxmsg_bytes",
     {"librdkafka_received_message_bytes_total", "Size of the records that a client has fetched."},
     kCounter},
};
constexpr Figure kOfBrokers[] = {
    {"outbuf_cnt",
     {"librdkafka_broker_waiting_requests", "Requests that wait to be sent to a broker."},
     kGauge},
    {"waitresp_cnt",
     {"librdkafka_broker_inflight_requests", "Requests that a broker has not answered yet."},
     kGauge},
    {"txerrs",
     {"librdkafka_broker_send_errors_total", "Requests that could not be sent."},
     kCounter},
    {"rxerrs", {"librdkafka_broker_receive_errors_total", "Answers that were errors."}, kCounter},
    {"txretries", {"librdkafka_broker_retries_total", "Requests that were sent again."}, kCounter},
    {"req_timeouts",
     {"librdkafka_broker_timeouts_total", "Requests that were not answered in time."},
     kCounter},
    {"disconnects",
     {"librdkafka_broker_disconnects_total", "Connections that have ended."},
     kCounter},
};
constexpr Figure kRoundTrips[] = {
    {"avg",
     {"librdkafka_broker_round_trip_mean_seconds",
      "Time from a request to its answer, mean of the last report's interval."},
     kGauge,
     kMicrosecond},
    {"p99",
     {"librdkafka_broker_round_trip_p99_seconds",
      "Time from a request to its answer, 99th percentile of the last report's interval."},
     kGauge,
     kMicrosecond},
};
constexpr Figure kFetched[] = {
    {"fetchq_cnt",
     {"librdkafka_fetch_queue_messages", "Records that are fetched and not taken yet."},
     kGauge},
    {"fetchq_size",
     {"librdkafka_fetch_queue_bytes", "Size of the records that are fetched and not taken yet."},
     kGauge},
};

// A member of an object that is a number; 0 where there is none.
double Number(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || !found->value.IsNumber() ? 0 : found->value.GetDouble();
}

std::string Text(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || !found->value.IsString() ? "" : found->value.GetString();
}

const rapidjson::Value* Object(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || !found->value.IsObject() ? nullptr : &found->value;
}

void Add(const Figure& figure, const base::MetricLabels& labels, double value,
         base::MetricSnapshot* snapshot) {
  if (figure.kind == kCounter) {
    snapshot->AddCounter(figure.name, labels, value * figure.unit);
  } else {
    snapshot->AddGauge(figure.name, labels, value * figure.unit);
  }
}

// The library has one connection to each broker, and one more to each that coordinates.
void AddBroker(const rapidjson::Value& broker, const std::string& kind,
               base::MetricSnapshot* snapshot) {
  // Those without a number are addresses to begin with, or coordinators that nobody knows yet.
  if (Number(broker, "nodeid") < 0) return;
  const base::MetricLabels labels = {
      {"client", kind},
      {"broker", Text(broker, "nodename")},
      {"connection", Text(broker, "source") == "logical" ? Text(broker, "name") : "data"}};
  for (const Figure& figure : kOfBrokers) {
    Add(figure, labels, Number(broker, figure.field), snapshot);
  }
  const rapidjson::Value* round_trips = Object(broker, "rtt");
  if (round_trips == nullptr) return;
  for (const Figure& figure : kRoundTrips) {
    Add(figure, labels, Number(*round_trips, figure.field), snapshot);
  }
}

void AddFetched(const rapidjson::Value& report, const std::string& kind,
                base::MetricSnapshot* snapshot) {
  const rapidjson::Value* topics = Object(report, "topics");
  if (topics == nullptr) return;
  for (const auto& topic : topics->GetObject()) {
    const rapidjson::Value* partitions =
        topic.value.IsObject() ? Object(topic.value, "partitions") : nullptr;
    if (partitions == nullptr) continue;
    for (const auto& partition : partitions->GetObject()) {
      // -1 stands for none.
      if (!partition.value.IsObject() || Number(partition.value, "partition") < 0) continue;
      for (const Figure& figure : kFetched) {
        Add(figure,
            {{"client", kind},
             {"topic", topic.name.GetString()},
             {"partition", partition.name.GetString()}},
            Number(partition.value, figure.field), snapshot);
      }
    }
  }
}

void AddReport(const char* json, const std::string& kind, base::MetricSnapshot* snapshot) {
  rapidjson::Document report;
  if (report.Parse(json).HasParseError() || !report.IsObject()) return;
  const auto add_all = [&](std::span<const Figure> figures) {
    for (const Figure& figure : figures) {
      Add(figure, {{"client", kind}}, Number(report, figure.field), snapshot);
    }
  };
  add_all(kOfAll);
  add_all(kind == kConsumer ? std::span<const Figure>(kOfConsumers) : kOfProducers);
  if (kind == kConsumer) AddFetched(report, kind, snapshot);
  const rapidjson::Value* brokers = Object(report, "brokers");
  if (brokers == nullptr) return;
  for (const auto& broker : brokers->GetObject()) {
    if (broker.value.IsObject()) AddBroker(broker.value, kind, snapshot);
  }
}

}  // namespace

ClientStatistics::Client::~Client() {
  absl::MutexLock lock(&statistics_->mutex_);
  const auto found = statistics_->reports_.find(kind_);
  if (found != statistics_->reports_.end() && found->second.from == this) {
    statistics_->reports_.erase(found);
  }
}

void ClientStatistics::Client::Report(char* json) {
  const std::shared_ptr<const char> report(json,
                                           [](char* text) { rd_kafka_mem_free(nullptr, text); });
  absl::MutexLock lock(&statistics_->mutex_);
  statistics_->reports_[kind_] = {.from = this, .json = report};
}

absl::Status ClientStatistics::Enable(const KafkaConfig& config, Callback callback,
                                      rd_kafka_conf_t* conf) {
  if (!config.statistics) return absl::OkStatus();
  rd_kafka_conf_set_stats_cb(conf, callback);
  return SetAll(conf, {{kInterval, kIntervalMs}}, config.overrides);
}

void ClientStatistics::Collect(base::MetricSnapshot* snapshot) const {
  std::map<std::string, Latest> reports;
  {
    absl::MutexLock lock(&mutex_);
    reports = reports_;
  }
  for (const auto& [kind, latest] : reports) AddReport(latest.json.get(), kind, snapshot);
}

}  // namespace streams::kafka
