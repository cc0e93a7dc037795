// One simulated run: the cluster, the workers, who writes the inputs, and what befalls them.
//
// A single thread. Whoever is due first has its turn; a worker's turn is one RunOnce, and it
// may be interrupted in any call of the broker, where the others have their turns (RunOthers,
// which nests). The same seed and bugs give the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "streams/sim/cluster.h"
#include "tests/sim/judge.h"
#include "tests/sim/plan.h"
#include "tests/sim/worker.h"
#include "tests/sim/workload.h"

namespace simulation {

// How often what happened.
using Tally = std::map<std::string, uint64_t>;
// What runs are meant to see.
inline constexpr const char* kTallied[] = {"killed",
                                           "killed at a checkpoint",
                                           "dies while a checkpoint is written",
                                           "checkpoint beside records",
                                           "disk full",
                                           "frozen",
                                           "slow",
                                           "max.poll.interval.ms passed",
                                           "call retriable",
                                           "call abort",
                                           "call fatal",
                                           "call lost",
                                           "outputs at least once",
                                           "outputs exactly once",
                                           "commit unknown, made",
                                           "commit unknown, not made",
                                           "disk gone",
                                           "old disk",
                                           "foreign disk",
                                           "foreign disk refused",
                                           "disk checked",
                                           "rebalance",
                                           "rebalance while starting",
                                           "rebalance in a restore",
                                           "input held up by a transaction",
                                           "broker away",
                                           "compaction",
                                           "processed inputs deleted",
                                           "wall clock wrong",
                                           "stopped in order",
                                           "away for days",
                                           "offsets expired",
                                           "engine: aborted",
                                           "engine: restart",
                                           "engine: restored in full",
                                           "engine: session lost"};

struct Outcome {
  std::string wrong;  // empty: all held
  absl::Duration virtual_time;
  absl::Duration recovery;  // from the end of the faults until all was processed
  size_t commits = 0;
  size_t records = 0;
  Tally tally;
  std::string account;  // for the plain model, where it was wanted
};

// What a run is changed by, to look at it more closely.
struct Changes {
  size_t workers = 0;  // 0: as the seed has it
  size_t records = 0;
  std::vector<std::string> without;  // names of Plan::Faults
  MakeMedium medium = InMemory();    // of the disks
  bool account = false;              // wanted
};

class World final : private Surroundings {
 public:
  using LogLine = std::function<void(const std::string& line)>;

  // `log`: where each event goes; may be empty.
  World(uint64_t seed, const Bugs& bugs, const Changes& changes, LogLine log);
  ~World() override;

  // Once.
  Outcome Run();

 private:
  struct Place {  // of a worker
    std::unique_ptr<Worker> worker;
    absl::Duration start_at;  // where it has no process
    std::unique_ptr<Disk> old_disk;
    streams::OperatorChoices choices;  // until a start has come to an end with them
  };

  // Surroundings
  const Plan& plan() const override { return plan_; }
  const Bugs& bugs() const override { return bugs_; }
  const streams::Topology& topology() const override { return topology_; }
  streams::sim::Cluster& cluster() override { return cluster_; }
  Random& random() override { return random_; }
  bool faults() const override { return faults_; }
  std::unique_ptr<Medium> NewMedium() override { return medium_(); }
  void RunOthers(absl::Duration duration) override;
  void Count(const char* what) override { ++tally_[what]; }
  bool LogsEvents() const override { return static_cast<bool>(log_); }
  void LogEvent(const std::string& line) override;

  void OnEngineLog(std::string_view line);
  void SetUpTopics();
  void RunUntil(absl::Duration until, const std::function<bool()>& done);
  absl::Duration NextTurn() const;
  absl::Duration DueAt(const Place& place) const;
  void TakeTurns();
  void TakeTurn(Place* place);
  void Bury(Place* place);
  void OnStopped(Place* place, const absl::Status& status);
  void AdvanceTo(absl::Duration time);
  void Heal();
  absl::Duration Recover();
  void CheckPredecessors();
  void Finish();

  // ------------------------------------------------------------------ the inputs
  void WriteInput();
  Input NextInput();
  void HoldUp(const std::string& topic);
  void LetGo();
  // Records that no reader of committed ones sees.
  void WriteAborted(const std::string& topic);

  // -------------------------------------------------------------- what befalls them
  void Disturb();
  void Rebalance();
  void Compact();
  void Trim();
  void StopOne();
  void AwayForDays();
  void LetOffsetsExpire();
  void ReplaceDisk(Place* place);
  void KillAll(absl::Duration start_at);
  Place* AnyPlace(bool running);

  Plan plan_;
  const Bugs bugs_;
  const LogLine log_;
  const MakeMedium medium_;
  const bool wants_account_;
  std::string account_;
  streams::Topology topology_;
  Random random_;
  Random uuids_;
  streams::sim::VirtualClock clock_;
  streams::sim::Cluster cluster_;
  Judge judge_;
  std::vector<Place> places_;

  Place* turn_ = nullptr;  // whose turn it is
  bool faults_ = true;
  int depth_ = 0;
  bool expired_ = false;
  absl::Duration disturbed_;  // when something happened last that recovery begins with
  Workload workload_;
  std::vector<Judge::Written> written_;
  std::map<std::string, base::Offset> ends_;  // of what is to be processed
  base::Timestamp last_timestamp_;
  uint64_t own_transactions_ = 0;
  struct Held {  // a foreign transaction that is open at the end of an input
    std::string topic;
    streams::sim::TransactionNumber number;
    bool commit;
    size_t records;  // so many more are written before it ends
  };
  std::optional<Held> held_;
  size_t turns_ = 0;
  Tally tally_;
  absl::Duration next_input_;
  absl::Duration next_disturbance_;
};

// A run of one seed.
Outcome Simulate(uint64_t seed, const Bugs& bugs, const Changes& changes = {},
                 World::LogLine log = nullptr);

// Fewer records and fewer faults with which the seed still goes wrong, as `is_wrong` has it.
Changes Shrink(uint64_t seed, const Bugs& bugs, const Changes& changes,
               const std::function<bool(const Outcome& outcome)>& is_wrong);

}  // namespace simulation
