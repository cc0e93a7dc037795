#include "streams/sim/sim_admin.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace streams::sim {

absl::Status SimAdmin::Asked() {
  return connection_->hooks->Before(Call::kAdmin) == Verdict::kGo
             ? absl::OkStatus()
             : absl::UnavailableError("simulated failure of an admin call");
}

absl::StatusOr<std::map<std::string, TopicDescription>> SimAdmin::DescribeTopics(
    std::span<const std::string> topics, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  std::map<std::string, TopicDescription> found;
  for (const std::string& name : topics) {
    const Topic* const topic = cluster_.FindTopic(name);
    if (topic == nullptr) continue;
    found[name] = {.partitions = static_cast<int32_t>(topic->partitions.size()),
                   .replication_factor = 1};
  }
  return found;
}

absl::StatusOr<std::map<std::string, std::string>> SimAdmin::TopicSettings(const std::string& name,
                                                                           absl::Duration) {
  RETURN_IF_ERROR(Asked());
  const Topic* const topic = cluster_.FindTopic(name);
  if (topic == nullptr) return absl::NotFoundError(absl::StrCat("there is no topic ", name));
  return topic->settings;
}

absl::StatusOr<int> SimAdmin::DefaultReplicationFactor(absl::Duration) {
  RETURN_IF_ERROR(Asked());
  return 1;
}

absl::Status SimAdmin::CreateTopics(std::span<const TopicSpec> topics, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  for (const TopicSpec& spec : topics) RETURN_IF_ERROR(cluster_.CreateTopic(spec));
  return absl::OkStatus();
}

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> SimAdmin::GroupOffsets(
    std::span<const base::TopicPartition> partitions, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  bool pending = false;
  return cluster_.groups().Offsets(connection_->member.group,
                                   std::vector(partitions.begin(), partitions.end()), &pending);
}

absl::Status SimAdmin::DeleteRecords(std::span<const PartitionStart> before, absl::Duration) {
  RETURN_IF_ERROR(Asked());
  for (const PartitionStart& start : before) {
    PartitionLog* const log = cluster_.FindLog(start.partition);
    if (log != nullptr && log->DeleteBefore(start.from)) continue;
    return absl::OutOfRangeError(absl::StrCat("cannot delete the records of ",
                                              base::ToString(start.partition), " before ",
                                              start.from.value()));
  }
  return absl::OkStatus();
}

}  // namespace streams::sim
