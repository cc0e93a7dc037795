// Takes an application back to where it has processed nothing, or nothing before a point of
// its inputs: what there is, what would change, and the change.
//
// A reset to the earliest records leaves nothing of the application: no group, no internal
// topics, no local state. That is a first start. One to any other point founds the
// application anew, with empty stores and the group's offsets there: a worker that found
// offsets without the changelogs would stop, and one without offsets begin at the earliest
// records.
//
// A crash at any point of Execute leaves what a worker starts from as before or stops at,
// and what another Execute brings to its end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/rebuild/connection.h"
#include "tools/rebuild/input_point.h"
#include "tools/rebuild/local_state.h"
#include "tools/settings.h"

namespace tools {

struct ResetPlan {
  std::string application_id;
  std::vector<streams::kafka::GroupMember> members;
  std::map<base::TopicPartition, streams::CommittedOffset> committed;
  Ranges inputs;
  bool to_earliest = false;
  streams::InputPositions positions;  // where it will begin
  Ranges internal;                    // of the topics that are there: to be deleted
  LocalState local;
  bool delete_local_state = false;
};

// Changes nothing.
absl::StatusOr<ResetPlan> PlanReset(const Settings& settings, const streams::Topology& topology,
                                    const InputPoint& to, bool delete_local_state,
                                    const Connection& kafka);

// False where nothing of the application was found: its id may be wrong.
bool IsThere(const ResetPlan& plan);

// For people.
std::string Describe(const ResetPlan& plan);

// Why it may not be done now; OK where it may.
absl::Status CheckReset(const ResetPlan& plan, absl::Duration session_timeout);

// With a progress line.
absl::Status ExecuteReset(const Settings& settings, const streams::Topology& topology,
                          const ResetPlan& plan, const Connection& kafka);

}  // namespace tools
