// Does the state belong to the log, and do the input offsets belong to the state?
//
// What a task finds at its start is held against each other here, before anything is
// processed. What does not fit is a stop that names what, and the flag that decides:
// never is it guessed. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "base/record.h"
#include "streams/broker.h"
#include "streams/engine_records.h"
#include "streams/lost_markers.h"

namespace streams {

// What the operator has decided, by flags.
struct OperatorChoices {
  enum class Offsets { kUndecided, kFromState, kFromGroup };
  // --offsets: which counts where the group's offsets and those in the state differ.
  Offsets offsets = Offsets::kUndecided;
  // --changelogs=from-log: the changelogs as they now are count, local state does not.
  bool changelogs_from_log = false;
  // --lost_inputs=skip: where input records are gone, go on behind them.
  bool skip_lost_inputs = false;
  // --lost_markers: how a transaction ended, where only its coordinator's log tells.
  LostEnd lost_end = LostEnd::kUnknown;
};

// ------------------------------------------------------------- changelogs

// What is known of one store's changelog partition.
struct ChangelogEvidence {
  base::TopicPartition changelog;
  std::string store;
  LogRange range;
  std::optional<ChangelogIdentity> identity;        // as its first record gives it
  std::optional<ChangelogIdentity> local_identity;  // as the local store gives it
  base::Offset local_position;                      // 0 where there is no local state
};

struct RestorePlan {
  enum class Kind {
    kFound,     // nothing exists yet: this task begins the state
    kDelta,     // read the changelogs from the local positions
    kFullAside  // the local state must not be used: read all into a new place
  };
  Kind kind = Kind::kDelta;
  std::string why;  // of kFullAside; of kFound where the operator has decided it
};

struct ReplicaAge {
  bool is_new = true;  // no local state
  base::Timestamp current_as_of{0};
  base::Timestamp now{0};
  absl::Duration tombstone_retention;
};

// What was deleted since may have left no trace in the changelogs.
bool IsTooOld(const ReplicaAge& age);

absl::StatusOr<RestorePlan> PlanRestore(const std::string& application_id,
                                        std::span<const ChangelogEvidence> changelogs,
                                        const ReplicaAge& age, bool group_has_offsets,
                                        const OperatorChoices& choices);

// ----------------------------------------------------------------- inputs

struct InputEvidence {
  base::TopicPartition input;
  LogRange range;
  std::optional<base::Offset> in_group;  // committed
  std::optional<base::Offset> in_state;  // recorded with the state
};

// Where to start each input.
absl::StatusOr<std::vector<PartitionStart>> PlanInputs(std::span<const InputEvidence> inputs,
                                                       const OperatorChoices& choices);

}  // namespace streams
