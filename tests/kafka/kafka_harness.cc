#include "tests/kafka/kafka_harness.h"

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/clock.h"
#include "streams/kafka/kafka_broker.h"

namespace streams {
namespace {

constexpr int kDeleteTimeoutMs = 10'000;

[[noreturn]] void GiveUp(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

std::string BootstrapServers() {
  const char* servers = std::getenv("BOOTSTRAP_SERVERS");
  if (servers == nullptr) {
    GiveUp("BOOTSTRAP_SERVERS names no broker to test with: start one by tools/kafka start");
  }
  return servers;
}

class KafkaHarness final : public BrokerHarness {
 public:
  std::unique_ptr<Broker> Connect(const Identity& identity) override {
    kafka::KafkaConfig config;
    config.bootstrap_servers = servers_;
    config.application_id = identity.group;
    config.member_id = identity.member;
    config.static_member = identity.is_static;
    config.process_nonce = identity.nonce;
    config.session_timeout = identity.session_timeout;
    config.transaction_timeout = identity.transaction_timeout;
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

  void Pass() override { absl::SleepFor(absl::Milliseconds(2)); }
  absl::Duration Elapsed() const override { return base::SystemClock().Elapsed(); }
  std::function<void()> Beside(std::function<void()> what) override {
    auto thread = std::make_shared<std::thread>(std::move(what));
    return [thread] { thread->join(); };
  }

 private:
  const std::string servers_ = BootstrapServers();
};

}  // namespace

std::unique_ptr<BrokerHarness> NewKafkaHarness() { return std::make_unique<KafkaHarness>(); }

}  // namespace streams
