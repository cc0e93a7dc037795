// When to commit. Pure.
//
// As soon as the inputs are drained, so that a quiet system answers within milliseconds;
// at the latest at the interval, so that a busy one works in large transactions.
#pragma once

#include <algorithm>
#include <cstddef>

#include "absl/time/time.h"
#include "streams/config.h"

namespace streams {

struct OpenTransaction {
  size_t records = 0;  // processed since the last commit
  size_t outputs = 0;
  size_t keys = 0;       // changed in the stores
  bool drained = false;  // all that is known to be in the inputs is processed
  absl::Duration since_commit;
};

inline bool ShouldCommit(const OpenTransaction& open, const CommitLimits& limits) {
  if (open.records == 0) return false;
  if (open.outputs == 0 && open.keys == 0) return open.since_commit >= limits.skipped_interval;
  if (open.keys >= limits.keys || open.outputs >= limits.outputs) return true;
  if (open.drained) return open.since_commit >= limits.floor;
  return open.since_commit >= limits.interval;
}

// How long until ShouldCommit turns true with nothing new. Of no meaning without records.
inline absl::Duration NextCommitIn(const OpenTransaction& open, const CommitLimits& limits) {
  const bool skipped = open.outputs == 0 && open.keys == 0;
  const absl::Duration after = skipped        ? limits.skipped_interval
                               : open.drained ? limits.floor
                                              : limits.interval;
  return std::max(absl::ZeroDuration(), after - open.since_commit);
}

}  // namespace streams
