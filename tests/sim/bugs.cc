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
       {.positions_apart = true}},
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
