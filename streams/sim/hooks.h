// What stands between a process and the simulated cluster: waiting, and whatever goes wrong.
//
// Each call of the broker interface asks Before once and then does what it is told. Before
// may let time pass and others run: that is how a process is frozen or overtaken in the
// middle of its step. A process that has died is told kFatal at every call.
//
// Not thread-safe.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace streams::sim {

enum class Call {
  kNewConsumer,
  kNewProducer,
  kNewReader,
  kPoll,
  kCommitted,
  kAssign,
  kSeek,
  kFetch,
  kClose,
  kInitTransactions,
  kBegin,
  kProduce,
  kFlush,
  kSendOffsets,
  kCommit,
  kAbort,
  kRanges,
  kStableEnds,
  kReaderAssign,
  kReaderPoll,
  kAdmin,
};
const char* Name(Call call);

enum class Verdict {
  kGo,
  kRetriable,  // nothing was done, and the caller may try again; where there is no such
               // answer to the call it brings nothing (a fetch, a poll), or is kGo
  kAbort,      // of a transaction's calls: nothing was done, the transaction must be aborted
  kFatal,      // nothing was done, and the handle is of no more use
  kLost,       // it was done, and the answer is kFatal's: nobody knows
};

class Hooks {
 public:
  virtual ~Hooks() = default;

  virtual Verdict Before(Call) { return Verdict::kGo; }
  // For a caller that waits for up to `longest`: true where time has passed and it should
  // look again, false where it should give up now (the time may pass after its step).
  virtual bool Pause(absl::Duration longest) = 0;
  // False: the process is dead or frozen; its library does nothing in the background.
  virtual bool Beats() const { return true; }
  // It was not polled for max.poll.interval.ms.
  virtual void LeftUnpolled() {}
  // Whether a static member whose session ended while the broker was away is fenced by itself.
  virtual bool FencesItself() { return true; }
  // Whether what was produced goes out before it must.
  virtual bool SendsEarly() { return false; }
  // Whether the broker does not say where a record was written.
  virtual bool LosesReport() { return false; }
  // How many of `max` records one answer brings.
  virtual size_t Batch(size_t max) { return max; }
};

// Bugs, for tests that show that a simulation sees them: what the broker's objects do wrong
// is what the engine would see if it made the mistake itself.
enum class Plant {
  kNone,
  kCheckpointBeforeCommit,  // Commit says so before the transaction is decided
  kOffsetsOutside,          // offsets are committed beside the transaction
  kRestoreToStableEnd,      // a log's end is taken to be its stable end
  kTrailingMarkersTrusted,  // the stable end is taken to be the end
  kEndsBeforeOffsets,       // a log's end is taken before the committed offsets
  kNobodysMetadata,         // offsets are committed by no member of no generation
  kAbortedApplied,          // changelogs are read uncommitted
  kInputsNotRewound,        // a seek does nothing
  kRevokedGoesOn,           // revocations and lost sessions are not heard of
  kUnknownIsSuccess,        // an unknown commit is taken for one that was made
  kUnknownIsFailure,        // an unknown commit is taken for one that was aborted
  kOutputsNotAwaited,       // a plain producer's Flush does not wait
  kFirstMetadataKept,       // offsets are committed as the member of a process's first assignment
  kPredecessorLeft,         // nobody ends a predecessor's open transaction
  kEndsUnproven,            // an input is taken to end where it has been read to
  kParkedWithoutDelta,      // a log's end is taken to be where its own producer wrote last
};

}  // namespace streams::sim
