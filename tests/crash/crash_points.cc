#include "tests/crash/crash_points.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"

namespace crash {
namespace {

constexpr auto kPoints = std::to_array<PointInfo>({
    {Point::kTopicsMaking, "topics-making", "before topics are made"},
    {Point::kTopicsMade, "topics-made", "topics have been made"},

    {Point::kInitialized, "initialized", "the producer has settled what an earlier one left"},
    {Point::kAssigned, "assigned", "the group has given partitions"},
    {Point::kPredecessorEnded, "predecessor-ended", "a dead predecessor's transaction is ended"},
    {Point::kOffsetsRead, "offsets-read", "the group's committed offsets are read"},
    {Point::kRangesRead, "ranges-read", "first the changelogs' ends are read, then the inputs'"},
    {Point::kStoreOpening, "store-opening", "the changelogs' identities are read"},
    {Point::kStoreOpened, "store-opened", "the local store is open"},
    {Point::kRestoreRecord, "restore-record", "one more record of a restore is in the replica"},
    {Point::kRestored, "restored", "the replica is at the end of its changelogs, in memory"},
    {Point::kInputsAssigned, "inputs-assigned", "after the first commit, before the first fetch"},

    {Point::kAsideOpened, "aside-opened", "the new folder is there, and empty"},
    {Point::kAsideApplied, "aside-applied", "all is written to the new folder"},
    {Point::kAsideFlushed, "aside-flushed", "and flushed"},
    {Point::kReplaceCalled, "replace-called", "before the first rename"},
    {Point::kReplaceCounts, "replace-counts", "the new folder is named 0.next"},
    {Point::kReplaceOldAway, "replace-old-away", "the old folder is named 0.removed"},
    {Point::kReplaceNewPlaced, "replace-new-placed", "the new folder has its name"},
    {Point::kReplaced, "replaced", "the old folder is gone"},

    {Point::kFetched, "fetched", "records have come, none is processed"},
    {Point::kProcessed, "processed", "records are processed, a transaction is to be opened"},
    {Point::kOutputProduced, "output-produced", "an output is in the producer's queue"},
    {Point::kChangelogProduced, "changelog-produced", "a changelog record is in the queue"},
    {Point::kOutputsFlushed, "outputs-flushed",
     "at_least_once: the outputs are acknowledged, nothing is committed"},
    {Point::kOffsetsSent, "offsets-sent", "the offsets are in the transaction"},
    {Point::kCommitCalled, "commit-called", "before the commit"},
    {Point::kWritten, "written", "all is acknowledged, the request to commit is not sent"},
    {Point::kCommitInFlight, "commit-in-flight", "the request to commit is sent, no answer read"},
    {Point::kCommitted, "committed", "it has committed, and the worker has not heard of it"},

    {Point::kCheckpointBegun, "checkpoint-begun", "before the batch"},
    {Point::kApplySync, "apply-sync", "before a file is synced while a batch is written"},
    {Point::kCheckpointApplied, "checkpoint-applied", "the batch is written, not flushed"},
    {Point::kFlushSync, "flush-sync", "before a file is synced in a flush"},
    {Point::kCheckpointFlushed, "checkpoint-flushed", "it is flushed"},

    {Point::kRevoked, "revoked", "the group takes the partitions away"},
    {Point::kRevokeOffsetsSent, "revoke-offsets-sent", "then: the offsets are sent"},
    {Point::kRevokeCommitted, "revoke-committed", "then: the last commit is made"},
    {Point::kUnassigned, "unassigned", "then: the partitions are given up"},

    {Point::kLastOffsetsSent, "last-offsets-sent", "at the stop: the offsets are sent"},
    {Point::kLastCommitted, "last-committed", "at the stop: before the last checkpoint"},
    {Point::kClosing, "closing", "the consumer is to be closed: at the stop, or at a new start"},
});

enum class Deed { kNone, kCrash, kStop };

// Of each point.
struct Armed {
  std::atomic<Deed> deed = Deed::kNone;
  int at = 0;  // constant once it is armed
  std::atomic<int> hits = 0;
};
std::array<Armed, kPoints.size()> armed;

// Once, and whole: other threads go on writing to the log.
void Say(Deed deed, const PointInfo& info) {
  const std::string line =
      absl::StrCat(deed == Deed::kCrash ? "crash" : "stop", " point ", info.name, " reached\n");
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) std::abort();
}

absl::Status ArmOne(const char* variable, Deed deed) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return absl::OkStatus();
  const std::pair<std::string, std::string> parts = absl::StrSplit(value, absl::MaxSplits(':', 1));
  int at = 1;
  if (!parts.second.empty() && (!absl::SimpleAtoi(parts.second, &at) || at < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat(variable, "=", value, ": the count must be 1 or more"));
  }
  for (const PointInfo& info : kPoints) {
    if (info.name != parts.first) continue;
    Armed& one = armed[static_cast<size_t>(info.point)];
    one.at = at;
    one.deed = deed;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(variable, "=", value, ": there is no such point. There are: ",
                   absl::StrJoin(kPoints, ", ", [](std::string* out, const PointInfo& info) {
                     absl::StrAppend(out, info.name);
                   })));
}

}  // namespace

std::span<const PointInfo> AllPoints() { return kPoints; }

absl::Status ArmPoints() {
  RETURN_IF_ERROR(ArmOne("PARTY_WORKER_CRASH_AT", Deed::kCrash));
  return ArmOne("PARTY_WORKER_STOP_AT", Deed::kStop);
}

void Reach(Point point) {
  Armed& one = armed[static_cast<size_t>(point)];
  const Deed deed = one.deed;
  if (deed == Deed::kNone || one.hits.fetch_add(1) + 1 != one.at) return;
  Say(deed, kPoints[static_cast<size_t>(point)]);
  if (deed == Deed::kCrash) {
    ::kill(::getpid(), SIGKILL);
  } else {
    ::raise(SIGSTOP);  // of this thread, so that it is the first to stand still
  }
}

}  // namespace crash
