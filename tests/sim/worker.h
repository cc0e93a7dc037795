// One simulated worker: a disk, and most of the time a process with the real stream thread,
// replicas and topology over a simulated broker. It is what goes wrong with them, too.
//
// Not thread-safe: belongs to the simulation.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "streams/replicas.h"
#include "streams/sim/sim_broker.h"
#include "streams/stream_thread.h"
#include "tests/sim/background.h"
#include "tests/sim/disk.h"
#include "tests/sim/plan.h"

namespace simulation {

// What a worker needs of the world around it.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual const Plan& plan() const = 0;
  virtual const Bugs& bugs() const = 0;
  virtual const streams::Topology& topology() const = 0;
  virtual streams::sim::Cluster& cluster() = 0;
  virtual Random& random() = 0;
  virtual bool faults() const = 0;
  virtual std::unique_ptr<Medium> NewMedium() = 0;
  // Lets others run for so long.
  virtual void RunOthers(absl::Duration duration) = 0;
  virtual void Count(const char* what) = 0;
  virtual bool LogsEvents() const = 0;
  virtual void LogEvent(const std::string& line) = 0;
};

class Worker final : public streams::sim::Hooks, public base::Clock, private DiskUser {
 public:
  Worker(Surroundings* world, size_t number);
  ~Worker() override;

  // ------------------------------------------------------------------ the process
  bool has_process() const { return process_ != nullptr; }
  bool on_stack() const { return on_stack_; }
  bool alive() const { return alive_; }
  // Has a task. There is a process.
  bool running() const;
  // With what the operator has decided.
  void Start(const streams::OperatorChoices& choices);
  // One step; an error has ended the process.
  absl::Status Step();
  // A piece of the checkpoint that it writes beside its steps.
  void StepInBackground();
  // In order; false where it died meanwhile.
  bool Stop();
  // Nothing that it does has an effect from here on. TakeAway follows when it is not in the
  // middle of a step.
  void Die();
  void TakeAway();

  // Not long ago: it may hold what it read before against what was written since.
  bool has_stalled() const;

  // What it asked for last.
  streams::sim::Call last_call() const { return last_call_; }

  absl::Duration next_turn() const { return next_turn_; }
  // When the checkpoint goes on; never, where there is none.
  absl::Duration next_background_turn() const;
  void set_next_turn(absl::Duration turn) { next_turn_ = turn; }

  // --------------------------------------------------------------------- the disk
  Disk& disk() { return *disk_; }
  // There is no process.
  void LoseDisk();
  void UseDisk(std::unique_ptr<Disk> disk) { disk_ = std::move(disk); }

  void set_wall_skew(absl::Duration skew) { wall_skew_ = skew; }
  const std::string& name() const { return name_; }

 private:
  struct Process;

  // base::Clock
  base::Timestamp Now() const override;
  absl::Duration Elapsed() const override;
  void Sleep(absl::Duration duration) const override;

  // streams::sim::Hooks
  streams::sim::Verdict Before(streams::sim::Call call) override;
  bool Pause(absl::Duration longest) override;
  bool Beats() const override { return alive_ && !frozen_; }
  void LeftUnpolled() override { world_->Count("max.poll.interval.ms passed"); }
  bool FencesItself() override;
  bool SendsEarly() override;
  bool LosesReport() override;
  size_t Batch(size_t max) override;

  // DiskUser
  void BeforeRead() override;
  absl::Status BeforeWrite() override;

  void PlanBackground();
  void MaybeStepInBackground();
  void Stall(bool beats);
  streams::sim::Verdict Judge(streams::sim::Call call);
  void Log(const std::string& what) const;

  Surroundings* const world_;
  const std::string name_;
  size_t disks_ = 0;
  size_t processes_ = 0;
  std::unique_ptr<Disk> disk_;
  absl::Duration wall_skew_;

  std::unique_ptr<Process> process_;
  bool alive_ = false;
  bool frozen_ = false;
  bool on_stack_ = false;
  streams::sim::Call last_call_ = streams::sim::Call::kAdmin;
  size_t checkpoint_steps_ = 0;  // of the process, since its checkpoint began
  absl::Duration next_turn_;
  absl::Duration next_background_turn_;
  absl::Duration stalled_ = -absl::InfiniteDuration();  // when it was last
  mutable absl::Duration waits_;                        // after this step
};

}  // namespace simulation
