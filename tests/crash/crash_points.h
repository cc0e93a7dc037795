// The points at which a worker can be made to die, or to stand still, in the middle of what
// it does: for tests on a real broker.
//
// The environment arms them, each by a point's name and at which of its hits (the first,
// where nothing is said), counted from the start of the process:
//
//   PARTY_WORKER_CRASH_AT=committed:3   kill -9 of itself
//   PARTY_WORKER_STOP_AT=committed:3    SIGSTOP; it goes on when it gets SIGCONT
//
// Before it does so it writes "crash point committed reached" (or "stop point ...") to
// standard error. Nothing of this is in the program that ships: what reaches the points are
// decorators around its broker and disk (crashing_broker.h, crashing_stores.h) and calls of
// the C library (crashing_calls.cc).
//
// Thread-safe, but for ArmPoints, which comes before all else.
#pragma once

#include <span>

#include "absl/status/status.h"

namespace crash {

enum class Point {
  // the topics
  kTopicsMaking,
  kTopicsMade,
  // the start of a task
  kInitialized,
  kAssigned,
  kPredecessorEnded,
  kOffsetsRead,
  kRangesRead,
  kStoreOpening,
  kStoreOpened,
  kRestoreRecord,
  kRestored,
  kInputsAssigned,
  // the same, into a new folder
  kAsideOpened,
  kAsideApplied,
  kAsideFlushed,
  kReplaceCalled,
  kReplaceCounts,
  kReplaceOldAway,
  kReplaceNewPlaced,
  kReplaced,
  // a transaction
  kFetched,
  kProcessed,
  kOutputProduced,
  kChangelogProduced,
  kOutputsFlushed,
  kOffsetsSent,
  kCommitCalled,
  kWritten,
  kCommitInFlight,
  kCommitted,
  // a checkpoint
  kCheckpointBegun,
  kApplySync,
  kCheckpointApplied,
  kFlushSync,
  kCheckpointFlushed,
  // a revocation
  kRevoked,
  kRevokeOffsetsSent,
  kRevokeCommitted,
  kUnassigned,
  // the stop
  kLastOffsetsSent,
  kLastCommitted,
  kClosing,
};

struct PointInfo {
  Point point;
  const char* name;
  const char* when;
};

// In the order of Point.
std::span<const PointInfo> AllPoints();

// What the environment says. An unknown name or count is an error, which lists the names.
absl::Status ArmPoints();

// The worker is there: dies, stands still, or goes on.
void Reach(Point point);

}  // namespace crash
