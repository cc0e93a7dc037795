// The topics that an application needs, before it joins its group: found, made, or waited
// for, and checked.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streams/broker.h"
#include "streams/plan.h"
#include "streams/topology.h"

namespace streams {

struct TopicSetup {
  std::string application_id;
  bool create_topics = false;                               // make missing inputs and outputs
  int state_partitions = 0;                                 // 0: the largest input's partitions
  int replication_factor = -1;                              // -1: the broker's default
  absl::Duration changelog_history = absl::ZeroDuration();  // compaction leaves what is younger
  bool has_local_state = false;
  bool rebuild = false;              // the changelogs are to be restored from
  bool changelogs_from_log = false;  // the operator's word that a missing changelog may be made
};

struct TopicsFound {
  int32_t state_partitions = 0;
  absl::Duration tombstone_retention;
};

// One look at the topics, making what may be made. Unavailable: something has to be waited
// for, and the message says what; ask again. FailedPrecondition: a stop. What was made
// stays made.
absl::StatusOr<TopicsFound> SetUpTopics(const Topology& topology, const TopicSetup& setup,
                                        Admin& admin);

// What there is, for a plan; makes nothing. Without changelogs the state's partitions are
// those that they would be made with. Unavailable: an input is missing, or no broker answers.
absl::StatusOr<PartitionCounts> FindPartitions(const Topology& topology, const TopicSetup& setup,
                                               Admin& admin);

}  // namespace streams
