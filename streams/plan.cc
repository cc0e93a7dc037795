#include "streams/plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "streams/internal_topics.h"

namespace streams {
namespace {

constexpr char kFusedOnly[] = "This version runs the fused plan only: inputs of one partition each";

}  // namespace

absl::StatusOr<Plan> MakePlan(const Topology& topology, const PartitionCounts& counts) {
  PlannedTask task{.partition = base::Partition(0), .inputs = {}};
  for (const std::string& topic : topology.source_topics()) {
    const int32_t partitions = counts.inputs.at(topic);
    if (partitions != 1) {
      return absl::FailedPreconditionError(
          absl::StrCat("input ", topic, " has ", partitions, " partitions. ", kFusedOnly));
    }
    task.inputs.push_back({topic, task.partition});
  }
  if (counts.state != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("the state has ", counts.state,
                     " partitions. This version runs the fused plan only: one state partition"));
  }
  return Plan{.name = "fused", .tasks = {std::move(task)}};
}

absl::Status CheckAssignment(const Topology& topology,
                             const std::vector<base::TopicPartition>& assigned) {
  const std::vector<std::string> inputs = topology.source_topics();
  for (const base::TopicPartition& tp : assigned) {
    if (tp.partition == base::Partition(0)) continue;
    if (std::find(inputs.begin(), inputs.end(), tp.topic) == inputs.end()) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "partitions were added to input ", tp.topic, ": there is a partition ",
        tp.partition.value(), ", of which nothing has been read. ", kFusedOnly, ". Have the ",
        "records written to partition 0 of a topic of one partition, and those that are in ",
        "others copied there"));
  }
  return absl::OkStatus();
}

std::string ToText(const Plan& plan, const Topology& topology, const std::string& application_id) {
  std::string text = absl::StrCat("Plan: ", plan.name, "\n");
  const auto line = [&](const char* what, const std::vector<std::string>& topics) {
    absl::StrAppend(&text, "    ", what, ": ", absl::StrJoin(topics, ", "), "\n");
  };
  for (const PlannedTask& task : plan.tasks) {
    const std::string suffix = absl::StrCat("-", task.partition.value());
    absl::StrAppend(&text, "  Task of state partition ", task.partition.value(), "\n");
    std::vector<std::string> topics;
    for (const base::TopicPartition& input : task.inputs) topics.push_back(base::ToString(input));
    line("reads", topics);
    topics.clear();
    for (const std::string& name : topology.repartition_names()) {
      topics.push_back(RepartitionTopic(application_id, name) + suffix);
    }
    line("owns the state by", topics);
    topics.clear();
    for (const std::string& store : topology.store_names()) {
      topics.push_back(ChangelogTopic(application_id, store) + suffix);
    }
    line("changelogs", topics);
    line("writes", topology.sink_topics());
  }
  return text;
}

}  // namespace streams
