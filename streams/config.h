// What the engine is told at start. Constant afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "streams/provenance.h"

namespace streams {

enum class OutputGuarantee {
  kExactlyOnce,
  // Outputs go by a plain producer, acknowledged before the commit; state, changelogs and
  // offsets stay transactional. After a crash some outputs come again.
  kAtLeastOnce,
};

struct CommitLimits {
  absl::Duration interval = absl::Milliseconds(100);   // at the latest
  absl::Duration floor = absl::Milliseconds(2);        // since the last commit, when drained
  absl::Duration skipped_interval = absl::Seconds(1);  // where only skipped records passed
  size_t keys = 10'000;
  size_t outputs = 20'000;
};

struct CheckpointLimits {
  size_t keys = 100'000;     // pending keys
  size_t records = 500'000;  // changelog records a restart would have to read
  absl::Duration interval = absl::Seconds(30);
  // A restore puts down what has gathered when it reaches this size.
  size_t restore_bytes = 256 << 20;
};

struct EngineConfig {
  std::string application_id;
  // Names this thread's member and transactions; its state directory's.
  std::string member_id;
  OutputGuarantee output_guarantee = OutputGuarantee::kExactlyOnce;
  CommitLimits commit;
  CheckpointLimits checkpoint;
  size_t cache_bytes = 64 << 20;
  bool leave_group_on_stop = false;
  OperatorChoices choices;
  absl::Duration tombstone_retention;  // of the changelogs
  // A changelog that is held up for so long is for the operator, where nothing tells how the
  // transaction ended.
  absl::Duration undecided = absl::Minutes(1);
};

}  // namespace streams
