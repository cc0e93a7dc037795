#include "streams/plan.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "streams/internal_topics.h"

namespace streams {

absl::StatusOr<Plan> MakePlan(const Topology& topology, const PartitionCounts& counts) {
  PlannedTask task{.partition = base::Partition(0), .inputs = {}};
  for (const std::string& topic : topology.source_topics()) {
    const int32_t partitions = counts.inputs.at(topic);
    if (partitions != 1) {
      return absl::FailedPreconditionError(
          absl::StrCat("input ", topic, " has ", partitions, " partitions. This version runs the ",
                       "fused plan only: inputs of one partition each"));
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
