// What a seed stands for: the shape of a run and how often which fault comes. The faults:
//
//   at any call of the broker, before it is done
//     killed        the process dies; its disk keeps what was flushed
//     frozen        it stops, does not beat, and goes on later, in the middle of its step;
//                   briefly, for about a session, or for minutes; others run meanwhile
//     slow          the same, but its library goes on: it beats, hears of rebalances, and
//                   leaves the group when it was not polled for max.poll.interval.ms
//     retriable     the broker does not answer the question; a fetch brings nothing
//     abortable     of a transaction's calls: it must be aborted
//     fatal         nothing was done, the handles are of no more use; a commit's outcome is
//                   unknown, and it has not committed
//     lost          it was done, and answered as if fatal: a commit has committed; or the
//                   process dies just then
//   at a checkpoint   the process dies before its batch, or before the flush; a write fails
//                     (a full disk), and works again later
//   at a death        its disk is as it was flushed; or gone, with the worker's name; or an
//                     older copy of it comes in its place; or what was begun with other
//                     changelogs, and the operator is asked
//   at a commit       the broker does not say where the records were written
//   always            markers come late, one by one; records go out early or late; answers
//                     bring few records or many; a checkpoint is written beside the records,
//                     its batch and its flush each at some later moment, between two steps
//                     of the process or in the middle of one
//   in an input       aborted records; records of a transaction that stays open for a while,
//                     with others behind it, and then commits or aborts
//   now and then      a rebalance; the broker away, for shorter or longer than the sessions;
//                     the changelogs compacted up to some point; processed inputs deleted; a
//                     worker's wall clock wrong by up to half an hour; a worker stopped
//                     and started; one away while days pass, with compactions; all away
//                     until the group's offsets have expired
//
// After some time the faults end: the dead are started, and everything must be processed
// within Recovery(). A seed has some of the faults and not others; one in three is about a
// single situation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "streams/sim/hooks.h"
#include "tests/sim/disk.h"
#include "tests/sim/random.h"

namespace simulation {

// What is planted, to be found.
struct Bugs {
  streams::sim::Plant broker = streams::sim::Plant::kNone;
  DiskBug disk = DiskBug::kNone;
  bool cache_kept = false;          // an abort leaves the stores' open versions
  bool tombstones_ignored = false;  // a store is never too old for its delta
};

struct Plan {
  explicit Plan(uint64_t seed);

  // A fault by name, to be switched off. False where there is none of this name.
  bool Without(std::string_view fault);
  static const std::vector<std::string>& Faults();

  // In virtual time after the last fault. The dead, and those that a rebalance waits for, are
  // out of the group after a session. A successor has then ended the open transaction of the
  // owner that the committed offsets name; that of one who never came to commit has to time
  // out.
  absl::Duration Takeover() const { return 2 * session_timeout + absl::Seconds(30); }
  absl::Duration Recovery() const { return Takeover() + transaction_timeout; }

  void BeAboutHandovers();
  void BeAboutStalls();
  void BeAboutAbsences();
  void BeAboutRestores();
  void BeCalm();

  size_t workers;
  bool static_members;
  absl::Duration session_timeout;
  absl::Duration transaction_timeout;
  absl::Duration max_poll_interval;
  size_t records;
  absl::Duration between_records;  // at most
  absl::Duration commit_floor;     // and, where it is more, the interval
  size_t checkpoint_keys;
  absl::Duration checkpoint_interval;
  size_t restore_bytes;             // gathered in a restore: a checkpoint
  absl::Duration checkpoint_delay;  // at most, of each of its two steps
  size_t cache_bytes;
  absl::Duration marker_delay;  // at most
  bool at_least_once;           // the outputs

  // Of each call.
  double killed;
  double frozen;
  double slow;
  double retriable;
  double abortable;
  double fatal;
  double lost;
  // Of each occasion.
  double killed_at_checkpoint;
  double write_fails;
  double disk_gone;
  double old_disk;
  double foreign_disk;
  double report_missing;
  double sends_early;
  double small_batches;
  double held_up_inputs;
  // Of each disturbance, by weight.
  absl::Duration between_disturbances;
  uint64_t rebalance;
  uint64_t outage;
  uint64_t compaction;
  uint64_t trim;
  uint64_t wall_clock;
  uint64_t stop;
  uint64_t absence;
  uint64_t expiry;
};

}  // namespace simulation
