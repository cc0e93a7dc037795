#include "streams/kafka/kafka_admin.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "streams/kafka/admin_request.h"
#include "streams/kafka/group_offsets.h"
#include "streams/kafka/retry.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kPropagationPoll = absl::Milliseconds(10);

struct DestroyAdmin {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* r) const { rd_kafka_ConfigResource_destroy(r); }
  void operator()(rd_kafka_DeleteRecords_t* r) const { rd_kafka_DeleteRecords_destroy(r); }
  void operator()(const rd_kafka_metadata_t* m) const { rd_kafka_metadata_destroy(m); }
};
template <class T>
using AdminPtr = std::unique_ptr<T, DestroyAdmin>;

// nullopt: there is no such topic.
absl::StatusOr<std::optional<TopicDescription>> Describe(const rd_kafka_metadata_topic_t& topic) {
  if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::nullopt;
  const std::string what = absl::StrCat("asking for topic ", topic.topic);
  RETURN_IF_ERROR(ToStatus(topic.err, what));
  TopicDescription description{.partitions = topic.partition_cnt, .replication_factor = 0};
  for (int i = 0; i < topic.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& partition = topic.partitions[i];
    if (partition.leader < 0) {
      return absl::UnavailableError(
          absl::StrCat(what, ": partition ", partition.id, " has no leader"));
    }
    description.replication_factor =
        i == 0 ? partition.replica_cnt
               : std::min(description.replication_factor, partition.replica_cnt);
  }
  return description;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaAdmin>> KafkaAdmin::Create(const KafkaConfig& config) {
  ASSIGN_OR_RETURN(Handle handle, NewReader(config, config.application_id, "read_uncommitted", {}));
  return std::unique_ptr<KafkaAdmin>(new KafkaAdmin(std::move(handle)));
}

// One topic a request: asked for all that it has heard of, the library allows the broker
// to make again what was deleted.
absl::StatusOr<std::map<std::string, TopicDescription>> KafkaAdmin::DescribeTopics(
    std::span<const std::string> topics, absl::Duration timeout) {
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  std::map<std::string, TopicDescription> found;
  for (const std::string& name : topics) {
    ASSIGN_OR_RETURN(
        const auto description,
        WhileUnavailable(deadline - base::SystemClock().Elapsed(),
                         [&](absl::Duration left) { return DescribeTopic(name, left); }));
    if (description.has_value()) found[name] = *description;
  }
  return found;
}

absl::StatusOr<std::optional<TopicDescription>> KafkaAdmin::DescribeTopic(const std::string& name,
                                                                          absl::Duration timeout) {
  const TopicHandle topic(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
  if (topic == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", name, "\" is no name of a topic: ", rd_kafka_err2str(rd_kafka_last_error())));
  }
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(handle_.get(), /*all_topics=*/0, topic.get(), &answer, ToMs(timeout));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(
        absl::StrCat("no broker answers (asked for topic ", name, "): ", rd_kafka_err2str(error)));
  }
  const AdminPtr<const rd_kafka_metadata_t> metadata(answer);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].topic == name) return Describe(metadata->topics[i]);
  }
  return std::nullopt;
}

absl::StatusOr<KafkaAdmin::Settings> KafkaAdmin::TopicSettings(const std::string& topic,
                                                               absl::Duration timeout) {
  return DescribeConfigs(RD_KAFKA_RESOURCE_TOPIC, topic, timeout);
}

absl::StatusOr<int> KafkaAdmin::DefaultReplicationFactor(absl::Duration timeout) {
  const int32_t broker = rd_kafka_controllerid(handle_.get(), ToMs(timeout));
  if (broker < 0) return absl::UnavailableError("no broker answers (asked for the controller)");
  ASSIGN_OR_RETURN(const Settings settings,
                   DescribeConfigs(RD_KAFKA_RESOURCE_BROKER, absl::StrCat(broker), timeout));
  int factor = 0;
  const auto found = settings.find("default.replication.factor");
  if (found == settings.end() || !absl::SimpleAtoi(found->second, &factor)) {
    return absl::NotFoundError("the brokers do not tell their default.replication.factor");
  }
  return factor;
}

absl::StatusOr<KafkaAdmin::Settings> KafkaAdmin::DescribeConfigs(rd_kafka_ResourceType_t type,
                                                                 const std::string& name,
                                                                 absl::Duration timeout) {
  const std::string what = absl::StrCat(
      "asking for the settings of ", type == RD_KAFKA_RESOURCE_BROKER ? "broker " : "topic ", name);
  const AdminPtr<rd_kafka_ConfigResource_t> resource(
      rd_kafka_ConfigResource_new(type, name.c_str()));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  ASSIGN_OR_RETURN(const Event event,
                   AskAdmin(handle_.get(), what, timeout, [&](auto* options, auto* queue) {
                     rd_kafka_DescribeConfigs(handle_.get(), resources, 1, options, queue);
                   }));
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

absl::Status KafkaAdmin::CreateTopics(std::span<const TopicSpec> topics, absl::Duration timeout) {
  if (topics.empty()) return absl::OkStatus();
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  std::vector<AdminPtr<rd_kafka_NewTopic_t>> specs;
  std::vector<rd_kafka_NewTopic_t*> raw;
  for (const TopicSpec& topic : topics) {
    char error[512];
    specs.emplace_back(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                             topic.replication_factor, error, sizeof(error)));
    if (specs.back() == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("making topic ", topic.name, ": ", error));
    }
    for (const auto& [name, value] : topic.settings) {
      rd_kafka_NewTopic_set_config(specs.back().get(), name.c_str(), value.c_str());
    }
    raw.push_back(specs.back().get());
  }
  ASSIGN_OR_RETURN(
      const Event event,
      AskAdmin(handle_.get(), "making topics", timeout, [&](auto* options, auto* queue) {
        rd_kafka_CreateTopics(handle_.get(), raw.data(), raw.size(), options, queue);
      }));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    RETURN_IF_ERROR(
        ToStatus(error, absl::StrCat("making topic ", rd_kafka_topic_result_name(results[i]), ": ",
                                     text == nullptr ? "" : text)));
  }
  return WaitUntilThere(topics, deadline - base::SystemClock().Elapsed());
}

// The broker that made the topics knows them before the others do.
absl::Status KafkaAdmin::WaitUntilThere(std::span<const TopicSpec> topics, absl::Duration timeout) {
  std::vector<std::string> names;
  for (const TopicSpec& topic : topics) names.push_back(topic.name);
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  while (true) {
    const absl::Duration left = deadline - base::SystemClock().Elapsed();
    const auto found = DescribeTopics(names, left);
    if (found.ok() && found->size() == names.size()) return absl::OkStatus();
    if (left <= absl::ZeroDuration()) {
      return absl::UnavailableError("the topics that were made are not known everywhere yet");
    }
    absl::SleepFor(kPropagationPoll);
  }
}

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> KafkaAdmin::GroupOffsets(
    std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  return CommittedBy(handle_.get(), partitions, timeout);
}

absl::Status KafkaAdmin::DeleteRecords(std::span<const PartitionStart> before,
                                       absl::Duration timeout) {
  if (before.empty()) return absl::OkStatus();
  const AdminPtr<rd_kafka_DeleteRecords_t> request(
      rd_kafka_DeleteRecords_new(ToList(before).get()));
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  ASSIGN_OR_RETURN(
      const Event event,
      AskAdmin(handle_.get(), "deleting records", timeout, [&](auto* options, auto* queue) {
        rd_kafka_DeleteRecords(handle_.get(), requests, 1, options, queue);
      }));
  const rd_kafka_topic_partition_list_t* results =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  for (int i = 0; i < results->cnt; ++i) {
    RETURN_IF_ERROR(ToStatus(results->elems[i].err,
                             absl::StrCat("deleting the first records of ",
                                          base::ToString(ToTopicPartition(results->elems[i])))));
  }
  return absl::OkStatus();
}

}  // namespace streams::kafka
