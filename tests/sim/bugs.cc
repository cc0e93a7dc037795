#include "tests/sim/bugs.h"

namespace simulation {

using streams::sim::Plant;

const std::vector<NamedBug>& AllBugs() {
  static const std::vector<NamedBug> all = {
      {"checkpoint-before-commit",
       "state is taken for committed before the transaction is decided",
       {.broker = Plant::kCheckpointBeforeCommit}},
      {"position-not-in-batch",
       "a checkpoint's positions reach the disk apart from its keys",
       {.disk = DiskBug::kPositionsApart}},
      {"checkpoint-in-two-batches",
       "a checkpoint puts down one store and the positions before the other stores",
       {.disk = DiskBug::kInTwoBatches}},
      {"checkpoint-without-flush",
       "a checkpoint counts as durable and was not flushed",
       {.disk = DiskBug::kFlushForgotten}},
      {"failed-checkpoint-is-done",
       "a checkpoint that could not be written is taken for written",
       {.disk = DiskBug::kFailureHidden}},
      {"checkpoint-done-too-early",
       "a checkpoint counts as done, and is forgotten in memory, before reads find it on disk",
       {.disk = DiskBug::kReadsTooEarly}},
      {"new-folder-in-parts",
       "a store that was restored in full takes the old one's place store by store",
       {.disk = DiskBug::kReplacedInParts}},
      {"identity-unchecked",
       "local state that was begun with other changelogs is used",
       {.disk = DiskBug::kIdentityLost}},
      {"consistent-in-mid-restore",
       "a state in the middle of a restore is marked as that of a transaction's end",
       {.disk = DiskBug::kAlwaysConsistent}},
      {"offsets-not-in-transaction",
       "the input offsets are committed beside the transaction",
       {.broker = Plant::kOffsetsOutside}},
      {"restore-to-stable-end",
       "a restore ends at the last stable offset",
       {.broker = Plant::kRestoreToStableEnd}},
      {"restore-trusts-trailing-marker",
       "a restore takes the last offset for a marker while a transaction is open",
       {.broker = Plant::kTrailingMarkersTrusted}},
      {"ends-before-offsets",
       "a restore's ends are taken before the committed offsets, which it only waits for",
       {.broker = Plant::kEndsBeforeOffsets}},
      {"nobodys-group-metadata",
       "offsets are sent without a member and a generation",
       {.broker = Plant::kNobodysMetadata}},
      {"stale-group-metadata",
       "offsets are sent as the member that the process was at its first assignment",
       {.broker = Plant::kFirstMetadataKept}},
      {"predecessor-left",
       "a predecessor's open transaction is left to time out",
       {.broker = Plant::kPredecessorLeft}},
      {"input-end-unproven",
       "an input without records is taken to have ended",
       {.broker = Plant::kEndsUnproven}},
      {"aborted-applied", "changelogs are read uncommitted", {.broker = Plant::kAbortedApplied}},
      {"cache-kept-after-abort",
       "an abort leaves the open versions in the stores' caches",
       {.cache_kept = true}},
      {"inputs-not-rewound",
       "after an abort the inputs go on where they are",
       {.broker = Plant::kInputsNotRewound}},
      {"revoked-task-goes-on",
       "revocations and lost sessions are not heard of",
       {.broker = Plant::kRevokedGoesOn}},
      {"unknown-commit-is-success",
       "a commit of unknown outcome is taken for made",
       {.broker = Plant::kUnknownIsSuccess}},
      {"unknown-commit-is-failure",
       "a commit of unknown outcome is taken for aborted",
       {.broker = Plant::kUnknownIsFailure}},
      {"outputs-not-awaited",
       "a commit does not wait for the outputs that a plain producer writes",
       {.broker = Plant::kOutputsNotAwaited}},
      {"parked-without-delta",
       "a store that was parked is used without its delta",
       {.broker = Plant::kParkedWithoutDelta}},
      {"old-store-with-delta-only",
       "a store older than the tombstones is given only its delta",
       {.tombstones_ignored = true}}};
  return all;
}

const NamedBug* FindBug(std::string_view name) {
  for (const NamedBug& bug : AllBugs()) {
    if (name == bug.name) return &bug;
  }
  return nullptr;
}

}  // namespace simulation
