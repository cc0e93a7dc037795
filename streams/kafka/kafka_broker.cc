#include "streams/kafka/kafka_broker.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "streams/kafka/client.h"
#include "streams/kafka/group_consumer.h"
#include "streams/kafka/log_reader.h"
#include "streams/kafka/producer.h"

namespace streams::kafka {
namespace {

struct DestroyAdmin {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* r) const { rd_kafka_ConfigResource_destroy(r); }
  void operator()(rd_kafka_DeleteRecords_t* r) const { rd_kafka_DeleteRecords_destroy(r); }
  void operator()(rd_kafka_AdminOptions_t* o) const { rd_kafka_AdminOptions_destroy(o); }
};
template <class T>
using AdminPtr = std::unique_ptr<T, DestroyAdmin>;

absl::Status EventError(const Event& event, const std::string& what) {
  if (event == nullptr) return absl::DeadlineExceededError(what + ": no answer");
  return ToStatus(rd_kafka_event_error(event.get()), what);
}

}  // namespace

class KafkaBroker::KafkaAdmin final : public Admin {
 public:
  explicit KafkaAdmin(Handle handle) : handle_(std::move(handle)) {}

  rd_kafka_t* handle() { return handle_.get(); }

  absl::StatusOr<std::map<std::string, TopicDescription>> DescribeTopics(
      std::span<const std::string> topics, absl::Duration timeout) override {
    const rd_kafka_metadata_t* metadata = nullptr;
    // All topics of the cluster: a question for one by name costs a request each.
    RETURN_IF_ERROR(ToStatus(
        rd_kafka_metadata(handle_.get(), /*all_topics=*/1, nullptr, &metadata, ToMs(timeout)),
        "asking Kafka for its topics"));
    std::map<std::string, TopicDescription> found;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
      if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR || topic.partition_cnt == 0 ||
          std::find(topics.begin(), topics.end(), topic.topic) == topics.end()) {
        continue;
      }
      int replicas = topic.partitions[0].replica_cnt;
      bool led = true;
      for (int p = 0; p < topic.partition_cnt; ++p) {
        replicas = std::min(replicas, topic.partitions[p].replica_cnt);
        led = led && topic.partitions[p].leader >= 0;
      }
      if (!led) {
        const std::string name = topic.topic;
        rd_kafka_metadata_destroy(metadata);
        return absl::UnavailableError(absl::StrCat("a partition of ", name, " has no leader"));
      }
      found[topic.topic] = {.partitions = topic.partition_cnt, .replication_factor = replicas};
    }
    rd_kafka_metadata_destroy(metadata);
    return found;
  }

  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(
      const std::string& topic, absl::Duration timeout) override {
    const AdminPtr<rd_kafka_ConfigResource_t> resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    rd_kafka_ConfigResource_t* resources[] = {resource.get()};
    const AdminPtr<rd_kafka_AdminOptions_t> options = Options(timeout);
    const Queue queue(rd_kafka_queue_new(handle_.get()));
    rd_kafka_DescribeConfigs(handle_.get(), resources, 1, options.get(), queue.get());
    const Event event(rd_kafka_queue_poll(queue.get(), ToMs(timeout)));
    const std::string what = absl::StrCat("asking for the settings of topic ", topic);
    RETURN_IF_ERROR(EventError(event, what));
    size_t count = 0;
    const rd_kafka_ConfigResource_t** results = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    if (count != 1) return absl::InternalError(what + ": no such answer");
    RETURN_IF_ERROR(ToStatus(rd_kafka_ConfigResource_error(results[0]), what));
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t** configs = rd_kafka_ConfigResource_configs(results[0], &entries);
    std::map<std::string, std::string> settings;
    for (size_t i = 0; i < entries; ++i) {
      const char* value = rd_kafka_ConfigEntry_value(configs[i]);
      settings[rd_kafka_ConfigEntry_name(configs[i])] = value == nullptr ? "" : value;
    }
    return settings;
  }

  absl::Status CreateTopics(std::span<const TopicSpec> topics, absl::Duration timeout) override {
    std::vector<AdminPtr<rd_kafka_NewTopic_t>> specs;
    std::vector<rd_kafka_NewTopic_t*> raw;
    for (const TopicSpec& topic : topics) {
      char error[512];
      specs.emplace_back(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                               topic.replication_factor, error, sizeof(error)));
      if (specs.back() == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("topic ", topic.name, ": ", error));
      }
      for (const auto& [name, value] : topic.settings) {
        rd_kafka_NewTopic_set_config(specs.back().get(), name.c_str(), value.c_str());
      }
      raw.push_back(specs.back().get());
    }
    const AdminPtr<rd_kafka_AdminOptions_t> options = Options(timeout);
    const Queue queue(rd_kafka_queue_new(handle_.get()));
    rd_kafka_CreateTopics(handle_.get(), raw.data(), raw.size(), options.get(), queue.get());
    const Event event(rd_kafka_queue_poll(queue.get(), ToMs(timeout)));
    RETURN_IF_ERROR(EventError(event, "making topics"));
    size_t count = 0;
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
      if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
      const char* text = rd_kafka_topic_result_error_string(results[i]);
      RETURN_IF_ERROR(
          ToStatus(error, absl::StrCat("making topic ", rd_kafka_topic_result_name(results[i]),
                                       ": ", text == nullptr ? "" : text)));
    }
    return WaitUntilThere(topics, timeout);
  }

  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override {
    return CommittedBy(handle_.get(), partitions, timeout);
  }

  absl::Status DeleteRecords(std::span<const PartitionStart> before,
                             absl::Duration timeout) override {
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(before.size())));
    for (const PartitionStart& start : before) {
      rd_kafka_topic_partition_list_add(list.get(), start.partition.topic.c_str(),
                                        start.partition.partition.value())
          ->offset = start.from.value();
    }
    const AdminPtr<rd_kafka_DeleteRecords_t> request(rd_kafka_DeleteRecords_new(list.get()));
    rd_kafka_DeleteRecords_t* requests[] = {request.get()};
    const AdminPtr<rd_kafka_AdminOptions_t> options = Options(timeout);
    const Queue queue(rd_kafka_queue_new(handle_.get()));
    rd_kafka_DeleteRecords(handle_.get(), requests, 1, options.get(), queue.get());
    const Event event(rd_kafka_queue_poll(queue.get(), ToMs(timeout)));
    RETURN_IF_ERROR(EventError(event, "deleting records"));
    const rd_kafka_topic_partition_list_t* results =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
    for (int i = 0; i < results->cnt; ++i) {
      RETURN_IF_ERROR(ToStatus(results->elems[i].err,
                               absl::StrCat("deleting records of ", results->elems[i].topic)));
    }
    return absl::OkStatus();
  }

 private:
  AdminPtr<rd_kafka_AdminOptions_t> Options(absl::Duration timeout) {
    AdminPtr<rd_kafka_AdminOptions_t> options(
        rd_kafka_AdminOptions_new(handle_.get(), RD_KAFKA_ADMIN_OP_ANY));
    char error[512];
    rd_kafka_AdminOptions_set_request_timeout(options.get(), ToMs(timeout), error, sizeof(error));
    return options;
  }

  // The broker that answered knows the topics before the others do.
  absl::Status WaitUntilThere(std::span<const TopicSpec> topics, absl::Duration timeout) {
    std::vector<std::string> names;
    for (const TopicSpec& topic : topics) names.push_back(topic.name);
    const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
    while (true) {
      const auto found = DescribeTopics(names, timeout);
      if (found.ok() && found->size() == names.size()) return absl::OkStatus();
      if (base::SystemClock().Elapsed() > deadline) {
        return absl::UnavailableError("the topics that were made are not there yet");
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
  }

  Handle handle_;
};

KafkaBroker::KafkaBroker(const KafkaConfig& config) : config_(config) {}
KafkaBroker::~KafkaBroker() = default;

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Create(const KafkaConfig& config) {
  RETURN_IF_ERROR(CheckOverrides(config.overrides));
  ASSIGN_OR_RETURN(Handle handle, NewReader(config, config.application_id, "read_uncommitted", {}));
  std::unique_ptr<KafkaBroker> broker(new KafkaBroker(config));
  broker->admin_ = std::make_unique<KafkaAdmin>(std::move(handle));
  return broker;
}

absl::StatusOr<std::unique_ptr<GroupConsumer>> KafkaBroker::NewConsumer(const ConsumerSpec& spec) {
  return KafkaGroupConsumer::Join(config_, spec, admin_->handle());
}

absl::StatusOr<std::unique_ptr<TransactionalProducer>> KafkaBroker::NewTransactionalProducer(
    const ProducerSpec& spec) {
  return KafkaProducer::Create(config_, spec);
}

absl::StatusOr<std::unique_ptr<Producer>> KafkaBroker::NewProducer(const ProducerSpec& spec) {
  return KafkaProducer::Create(config_, spec);
}

absl::StatusOr<std::unique_ptr<LogReader>> KafkaBroker::NewLogReader() {
  return KafkaLogReader::Create(config_);
}

Admin& KafkaBroker::admin() { return *admin_; }

}  // namespace streams::kafka
