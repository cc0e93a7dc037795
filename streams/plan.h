// The plan: which tasks there are, for so many partitions.
//
// The fused plan runs all sub-topologies in one task, and what goes through a repartition
// topic goes on in memory. It is the one that this version runs; partitions that want
// another are refused.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "streams/topology.h"

namespace streams {

struct PartitionCounts {
  std::map<std::string, int32_t> inputs;  // by topic; all sources'
  int32_t state = 1;                      // of the changelogs and repartition topics
};

struct PlannedTask {
  base::Partition partition;  // of the state, and of each input
  std::vector<base::TopicPartition> inputs;
};

struct Plan {
  std::string name;  // "fused"
  std::vector<PlannedTask> tasks;
};

// FailedPrecondition: there is no plan for these counts; names the topic.
absl::StatusOr<Plan> MakePlan(const Topology& topology, const PartitionCounts& counts);

// What the group gives a member is of a plan that there is: partitions may have been added
// since the plan was made. FailedPrecondition: names the partition.
absl::Status CheckAssignment(const Topology& topology,
                             const std::vector<base::TopicPartition>& assigned);

// For people: the tasks, what they read, keep and write. The topics' names with the
// application's id.
std::string ToText(const Plan& plan, const Topology& topology, const std::string& application_id);

}  // namespace streams
