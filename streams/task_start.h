// How a task comes to run: what it finds is held against each other, its replica is
// brought to the end of its changelogs, and its inputs get their starts.
//
//   offsets   the group's committed offsets. Only then
//   ranges    the changelogs' ends: a predecessor may have sent its offsets and not yet
//             committed; the fetch of the offsets waits for that
//   identity  the first record of each changelog
//   restore   from the replica's positions to the ends
//   done
//
// Step does a little of it and returns, so that the group is served meanwhile. Errors:
// FailedPrecondition is for the operator, who must decide; Unavailable and
// DeadlineExceeded are for another try of the same step; anything else for a new start of
// the thread. Whatever happens, the replica remains a prefix of its changelogs.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "state/replica.h"
#include "streams/broker.h"
#include "streams/config.h"
#include "streams/lost_markers.h"
#include "streams/provenance.h"
#include "streams/replicas.h"

namespace streams {

class TaskStart {
 public:
  struct Environment {
    GroupConsumer* consumer;
    LogReader* reader;
    Replicas* replicas;
    const base::Clock* clock;
    // Ends the open transaction of a producer that died or was left behind.
    std::function<absl::Status(const std::string& transactional_id)> end_transactions_of;
    // Writes the end that the broker owes a transaction of that producer into these changelogs
    // and, with a commit, the group's offsets.
    std::function<absl::Status(const std::string& transactional_id,
                               const std::vector<base::TopicPartition>& changelogs, bool commit)>
        complete_transactions_of;
    std::string transactional_id;  // ours
  };

  // `stores`: name and changelog of each, in the order of their declaration.
  TaskStart(Environment environment, const EngineConfig& config, base::Partition partition,
            std::vector<std::pair<std::string, base::TopicPartition>> stores,
            std::vector<base::TopicPartition> inputs, base::TopicPartition repartition);
  // Parks the replica, wherever the start stood.
  ~TaskStart();

  // True when done.
  absl::StatusOr<bool> Step();

  // What has been read of the changelogs. Not before a restore has begun.
  struct Progress {
    int64_t offsets = 0;             // to be read, at its start
    std::vector<int64_t> remaining;  // of them, by store
    size_t records = 0;              // read
  };
  std::optional<Progress> progress() const;

  // When done:
  std::unique_ptr<state::Replica> TakeReplica() { return std::move(replica_); }
  const std::vector<PartitionStart>& starts() const { return starts_; }
  // Not empty where the task begins the state: to be written with its first transaction.
  const std::vector<ChangelogIdentity>& founding() const { return founding_; }

 private:
  enum class Phase { kOffsets, kRanges, kIdentity, kRestore, kInputs, kDone };
  struct Log {
    ChangelogEvidence evidence;
    bool identity_read = false;
    bool at_end = false;
  };

  absl::Status ReadOffsets();
  absl::Status EndPredecessor();
  absl::Status CompleteIfHeldLong();
  absl::StatusOr<HeldEvidence> FindHeld();
  bool IsFounded() const;
  void StopBeingHeld();
  const char* HeldByOthers() const;
  absl::Status Complete(const std::vector<base::TopicPartition>& changelogs, LostEnd end);
  absl::StatusOr<bool> GroupIsAhead() const;
  std::vector<base::TopicPartition> Changelogs() const;
  absl::Status ReadRanges();
  absl::Status StartIdentities();
  absl::Status ReadIdentities();
  absl::Status Plan();
  absl::Status ReadLocal();
  absl::Status UseAside(const std::string& why);
  void FoundState();
  absl::Status StartRestore();
  absl::Status Restore();
  absl::Status ApplyProgress();
  absl::Status FinishRestore();
  absl::Status ChooseInputs();
  absl::Status PutInPlace();
  void LogProgress(bool last);
  int64_t RecordsLeft(const Log& log) const;
  int64_t RecordsLeft() const;
  Log* FindLog(const base::TopicPartition& changelog);
  Log* FindLog(const base::RecordView& record);
  state::StoreIndex IndexOf(const Log* log) const;
  base::Offset Position(const Log& log) const;
  void MarkIfAtEnd(Log* log, base::Offset position);

  Environment environment_;
  const EngineConfig& config_;
  base::Partition partition_;
  std::vector<base::TopicPartition> inputs_;
  base::TopicPartition repartition_;

  Phase phase_ = Phase::kOffsets;
  std::map<base::TopicPartition, CommittedOffset> committed_;
  std::map<base::TopicPartition, LogRange> input_ranges_;
  std::vector<Log> logs_;  // by store
  base::Timestamp ends_taken_{0};
  std::unique_ptr<state::Replica> replica_;
  std::unique_ptr<state::Replica> first_;  // stands while replica_ is filled aside
  bool aside_ = false;                     // replica_ is filled aside
  std::vector<PartitionStart> starts_;
  std::vector<ChangelogIdentity> founding_;

  LogReader::Progress progress_;
  int64_t to_restore_ = 0;  // offsets, at its start
  size_t restored_ = 0;     // records
  absl::Duration restore_began_;
  absl::Duration progress_logged_;
  absl::Duration step_began_;
  absl::Duration identities_began_;
  absl::Duration progressed_;                 // when the last record or end came
  std::string predecessor_;                   // whose transactions were ended; empty: nobody's
  std::optional<absl::Duration> held_since_;  // by an open transaction
  absl::Duration complete_at_;                // what is held, not before
  absl::Duration completion_pause_;           // until the next attempt
  bool reading_identities_ = false;
};

}  // namespace streams
