#include "streams/sim/sim_broker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "streams/sim/sim_consumer.h"
#include "streams/sim/sim_log_reader.h"
#include "streams/sim/sim_producer.h"

namespace streams::sim {

SimBroker::SimBroker(Cluster* cluster, Member member, Hooks* hooks, Plant plant)
    : connection_{.cluster = cluster,
                  .member = std::move(member),
                  .hooks = hooks,
                  .plant = plant,
                  .late = {},
                  .earlier_ends = {},
                  .written_ends = {}} {}

absl::StatusOr<std::unique_ptr<GroupConsumer>> SimBroker::NewConsumer(const ConsumerSpec& spec) {
  connection_.hooks->Before(Call::kNewConsumer);
  return std::make_unique<SimConsumer>(&connection_, spec);
}

absl::StatusOr<std::unique_ptr<TransactionalProducer>> SimBroker::NewTransactionalProducer(
    const ProducerSpec& spec) {
  connection_.hooks->Before(Call::kNewProducer);
  if (spec.transactional_id.empty()) {
    return absl::InvalidArgumentError("a transactional producer needs a transactional id");
  }
  return std::make_unique<SimProducer>(&connection_, spec);
}

absl::StatusOr<std::unique_ptr<Producer>> SimBroker::NewProducer(const ProducerSpec& spec) {
  connection_.hooks->Before(Call::kNewProducer);
  ProducerSpec plain = spec;
  plain.transactional_id.clear();
  return std::make_unique<SimProducer>(&connection_, std::move(plain));
}

absl::StatusOr<std::unique_ptr<LogReader>> SimBroker::NewLogReader() {
  connection_.hooks->Before(Call::kNewReader);
  return std::make_unique<SimLogReader>(&connection_);
}

// ------------------------------------------------------------------------- admin

absl::Status SimBroker::Asked() {
  return connection_.hooks->Before(Call::kAdmin) == Verdict::kGo
             ? absl::OkStatus()
             : absl::UnavailableError("simulated failure of an admin call");
}

absl::StatusOr<std::map<std::string, TopicDescription>> SimBroker::DescribeTopics(
    std::span<const std::string> topics, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  std::map<std::string, TopicDescription> found;
  for (const std::string& name : topics) {
    const Topic* const topic = connection_.cluster->FindTopic(name);
    if (topic == nullptr) continue;
    found[name] = {.partitions = static_cast<int32_t>(topic->partitions.size()),
                   .replication_factor = 1};
  }
  return found;
}

absl::StatusOr<std::map<std::string, std::string>> SimBroker::TopicSettings(const std::string& name,
                                                                            absl::Duration) {
  RETURN_IF_ERROR(Asked());
  const Topic* const topic = connection_.cluster->FindTopic(name);
  if (topic == nullptr) return absl::NotFoundError(absl::StrCat("there is no topic ", name));
  return topic->settings;
}

absl::Status SimBroker::CreateTopics(std::span<const TopicSpec> topics, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  for (const TopicSpec& spec : topics) RETURN_IF_ERROR(connection_.cluster->CreateTopic(spec));
  return absl::OkStatus();
}

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> SimBroker::GroupOffsets(
    std::span<const base::TopicPartition> partitions, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  bool pending = false;
  return connection_.cluster->groups().Offsets(
      connection_.member.group, std::vector(partitions.begin(), partitions.end()), &pending);
}

absl::Status SimBroker::DeleteRecords(std::span<const PartitionStart> before, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  for (const PartitionStart& start : before) {
    PartitionLog* const log = connection_.cluster->FindLog(start.partition);
    if (log != nullptr && log->DeleteBefore(start.from)) continue;
    return absl::OutOfRangeError(absl::StrCat("cannot delete the records of ",
                                              base::ToString(start.partition), " before ",
                                              start.from.value()));
  }
  return absl::OkStatus();
}

}  // namespace streams::sim
