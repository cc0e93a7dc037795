#include "tests/kafka/kafka_harness.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "streams/kafka/client.h"
#include "streams/kafka/kafka_broker.h"
#include "streams/kafka/message.h"
#include "streams/kafka/operator_admin.h"
#include "tests/kafka/own_kafka.h"

namespace streams {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr int kDeleteTimeoutMs = 10'000;
constexpr int kPollMs = 1000;

std::string BootstrapServers() {
  const char* servers = std::getenv("BOOTSTRAP_SERVERS");
  if (servers == nullptr) {
    GiveUp("BOOTSTRAP_SERVERS names no broker to test with: start one by tools/kafka start");
  }
  return servers;
}

class KafkaHarness final : public BrokerHarness {
 public:
  KafkaHarness(std::string servers, OwnKafka* own) : servers_(std::move(servers)), own_(own) {}

  std::unique_ptr<Broker> Connect(const Identity& identity) override {
    kafka::KafkaConfig config = ConfigOf(identity.group);
    config.member_id = identity.member;
    config.static_member = identity.is_static;
    config.process_nonce = identity.nonce;
    config.session_timeout = identity.session_timeout;
    config.transaction_timeout = identity.transaction_timeout;
    if (identity.max_poll_interval != Identity().max_poll_interval) {
      config.overrides["max.poll.interval.ms"] =
          absl::StrCat(absl::ToInt64Milliseconds(identity.max_poll_interval));
    }
    auto broker = kafka::KafkaBroker::Create(config);
    if (!broker.ok()) GiveUp(broker.status().ToString());
    return *std::move(broker);
  }

  void DeleteTopics(std::span<const std::string> topics) override {
    if (topics.empty()) return;
    char error[512];
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", servers_.c_str(), error, sizeof(error));
    rd_kafka_t* const handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (handle == nullptr) GiveUp(error);
    std::vector<rd_kafka_DeleteTopic_t*> requests;
    for (const std::string& topic : topics) {
      requests.push_back(rd_kafka_DeleteTopic_new(topic.c_str()));
    }
    rd_kafka_queue_t* const queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteTopics(handle, requests.data(), requests.size(), nullptr, queue);
    rd_kafka_event_t* const event = rd_kafka_queue_poll(queue, kDeleteTimeoutMs);
    if (event != nullptr) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteTopic_destroy_array(requests.data(), requests.size());
    rd_kafka_destroy(handle);
  }

  void ReadUncommitted(const base::TopicPartition& partition, const Take& take) override {
    const auto reader =
        kafka::NewReader(ConfigOf("reader"), "reader", "read_uncommitted",
                         {{"enable.partition.eof", "true"}, {"fetch.wait.max.ms", "10"}});
    if (!reader.ok()) GiveUp(reader.status().ToString());
    const PartitionStart start{partition, base::Offset(0)};
    const absl::Status assigned =
        kafka::Assign(reader->get(), kafka::ToList(std::span(&start, 1)).get(), "reading");
    if (!assigned.ok()) GiveUp(assigned.ToString());
    while (true) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(reader->get(), kPollMs);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take(kafka::Wrap(message).view());
        continue;
      }
      const bool at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      rd_kafka_message_destroy(message);
      if (at_end) return;
    }
  }

  bool ForgetGroup(const std::string& group) override {
    const auto admin = kafka::OperatorAdmin::Create(ConfigOf(group));
    if (!admin.ok()) GiveUp(admin.status().ToString());
    return (*admin)->DeleteGroup(kTimeout).ok();
  }

  void RestartBroker() override { own_->Restart(); }
  void Compact() override {}  // it does so all the time

  void Pass() override { absl::SleepFor(absl::Milliseconds(2)); }
  absl::Duration Elapsed() const override { return base::SystemClock().Elapsed(); }
  std::function<void()> Beside(std::function<void()> what) override {
    auto thread = std::make_shared<std::thread>(std::move(what));
    return [thread] { thread->join(); };
  }

 private:
  kafka::KafkaConfig ConfigOf(const std::string& group) const {
    kafka::KafkaConfig config;
    config.bootstrap_servers = servers_;
    config.application_id = group;
    return config;
  }

  const std::string servers_;
  OwnKafka* const own_;
};

}  // namespace

std::unique_ptr<BrokerHarness> NewKafkaHarness() {
  return std::make_unique<KafkaHarness>(BootstrapServers(), nullptr);
}

std::unique_ptr<BrokerHarness> NewOwnKafkaHarness() {
  static OwnKafka kafka;
  return std::make_unique<KafkaHarness>(kafka.servers(), &kafka);
}

}  // namespace streams
