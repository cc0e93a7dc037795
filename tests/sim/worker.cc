#include "tests/sim/worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace simulation {
namespace {

using streams::sim::Call;
using streams::sim::Verdict;

bool IsOfTransaction(Call call) {
  return call == Call::kProduce || call == Call::kSendOffsets || call == Call::kCommit;
}

streams::EngineConfig ConfigOf(const Plan& plan, const Bugs& bugs, const std::string& member_id,
                               const streams::OperatorChoices& choices) {
  streams::EngineConfig config;
  config.application_id = "party";
  config.member_id = member_id;
  if (plan.at_least_once) config.output_guarantee = streams::OutputGuarantee::kAtLeastOnce;
  config.commit.floor = plan.commit_floor;
  config.commit.interval = std::max(config.commit.interval, plan.commit_floor);
  config.checkpoint.keys = plan.checkpoint_keys;
  config.checkpoint.interval = plan.checkpoint_interval;
  config.checkpoint.restore_bytes = plan.restore_bytes;
  config.cache_bytes = plan.cache_bytes;
  config.leave_group_on_stop = !plan.static_members;
  config.choices = choices;
  config.tombstone_retention =
      bugs.tombstones_ignored ? absl::InfiniteDuration() : absl::Hours(168);
  return config;
}

}  // namespace

struct Worker::Process {
  Process(Worker* worker, streams::EngineConfig engine, streams::sim::Member member)
      : config(std::move(engine)),
        broker(&worker->world_->cluster(), std::move(member),
               static_cast<streams::sim::Hooks*>(worker), worker->world_->bugs().broker),
        background([worker] {
          worker->checkpoint_steps_ = 0;
          worker->PlanBackground();
        }),
        replicas(worker->disk_.get(), worker->world_->topology().store_names(), &background),
        thread(worker->world_->topology(), config, broker, replicas, *worker, metrics) {}

  const streams::EngineConfig config;
  streams::sim::SimBroker broker;
  Background background;
  streams::Replicas replicas;
  base::Metrics metrics;
  streams::StreamThread thread;
};

Worker::Worker(Surroundings* world, size_t number)
    : world_(world), name_(absl::StrCat("w", number)) {
  LoseDisk();
}

Worker::~Worker() = default;

void Worker::LoseDisk() {
  disk_ =
      std::make_unique<Disk>(absl::StrCat("0-", name_, "-", ++disks_), static_cast<DiskUser*>(this),
                             world_->NewMedium(), world_->bugs().disk);
}

void Worker::Log(const std::string& what) const {
  if (world_->LogsEvents()) world_->LogEvent(absl::StrCat(name_, " ", what));
}

// -------------------------------------------------------------------- the process

void Worker::Start(const streams::OperatorChoices& choices) {
  const Plan& plan = world_->plan();
  ++processes_;
  Log(absl::StrCat("starts with disk ", disk_->id()));
  alive_ = true;
  frozen_ = false;
  process_ = std::make_unique<Process>(
      this, ConfigOf(plan, world_->bugs(), disk_->id(), choices),
      streams::sim::Member{.group = "party",
                           .member_id = disk_->id(),
                           .client_id = absl::StrCat(name_, "/", processes_),
                           .is_static = plan.static_members,
                           .session_timeout = plan.session_timeout,
                           .transaction_timeout = plan.transaction_timeout,
                           .max_poll_interval = plan.max_poll_interval});
  next_turn_ = world_->cluster().now();
}

bool Worker::running() const { return process_->thread.running(); }

absl::Status Worker::Step() {
  on_stack_ = true;
  ++checkpoint_steps_;
  waits_ = absl::ZeroDuration();
  const absl::Status status = process_->thread.RunOnce();
  on_stack_ = false;
  const absl::Duration work =
      world_->random().Between(absl::Microseconds(50), absl::Milliseconds(1));
  next_turn_ = world_->cluster().now() + std::max(work, waits_);
  return alive_ ? status : absl::OkStatus();
}

void Worker::PlanBackground() {
  next_background_turn_ =
      Elapsed() + world_->random().Between(absl::ZeroDuration(), world_->plan().checkpoint_delay);
}

absl::Duration Worker::next_background_turn() const {
  const bool goes_on = process_ != nullptr && alive_ && !frozen_ && !process_->background.idle();
  return goes_on ? next_background_turn_ : absl::InfiniteDuration();
}

void Worker::StepInBackground() {
  if (checkpoint_steps_ > 0) world_->Count("checkpoint beside records");
  process_->background.RunOne();
  PlanBackground();
}

bool Worker::Stop() {
  Log("stops");
  on_stack_ = true;
  (void)process_->thread.Stop(absl::Seconds(4));
  (void)process_->replicas.CheckpointParked();
  on_stack_ = false;
  const bool in_order = alive_;
  if (in_order) Die();
  return in_order;
}

void Worker::Die() {
  if (!alive_) return;
  Log("dies");
  if (!process_->background.idle()) world_->Count("dies while a checkpoint is written");
  alive_ = false;
  disk_->Die();
}

void Worker::TakeAway() {
  process_.reset();
  disk_->Recover();
}

// ------------------------------------------------------------------------ the time

base::Timestamp Worker::Now() const {
  return base::Timestamp(world_->cluster().clock().Now().value() +
                         absl::ToInt64Milliseconds(wall_skew_));
}

absl::Duration Worker::Elapsed() const { return world_->cluster().now(); }

void Worker::Sleep(absl::Duration duration) const { waits_ = std::max(waits_, duration); }

// A step never waits: the time passes after it. What is waited for may come sooner.
bool Worker::Pause(absl::Duration longest) {
  Random& random = world_->random();
  Sleep(random.Chance(0.5) ? longest : random.Between(absl::ZeroDuration(), longest));
  return false;
}

// --------------------------------------------------------------------- what goes wrong

Verdict Worker::Before(Call call) {
  if (!alive_) return Verdict::kFatal;
  last_call_ = call;
  MaybeStepInBackground();
  if (!alive_) return Verdict::kFatal;
  if (!world_->faults()) return Verdict::kGo;
  const Verdict verdict = Judge(call);
  if (verdict != Verdict::kGo) {
    static constexpr const char* kNames[] = {"go", "retriable", "abort", "fatal", "lost"};
    static constexpr const char* kCounts[] = {"", "call retriable", "call abort", "call fatal",
                                              "call lost"};
    Log(absl::StrCat(streams::sim::Name(call), ": ", kNames[static_cast<size_t>(verdict)]));
    world_->Count(kCounts[static_cast<size_t>(verdict)]);
    if (call == Call::kCommit && verdict == Verdict::kFatal) {
      world_->Count("commit unknown, not made");
    }
    if (call == Call::kCommit && verdict == Verdict::kLost) world_->Count("commit unknown, made");
  }
  return verdict;
}

Verdict Worker::Judge(Call call) {
  const Plan& plan = world_->plan();
  Random& random = world_->random();
  // What matters most is tried more often than it is called.
  const bool rare = call == Call::kCommit || call == Call::kSendOffsets || call == Call::kAbort ||
                    call == Call::kInitTransactions || call == Call::kRanges ||
                    call == Call::kCommitted;
  const double often = rare ? 5 : call == Call::kPoll || call == Call::kFetch ? 0.2 : 1;
  if (random.Chance(plan.frozen * (call == Call::kCommit ? 15 : often))) Stall(/*beats=*/false);
  if (alive_ && random.Chance(plan.slow * often)) Stall(/*beats=*/true);
  if (!alive_) return Verdict::kFatal;
  if (random.Chance(plan.killed * often)) {
    Die();
    world_->Count("killed");
    return random.Chance(0.5) ? Verdict::kFatal : Verdict::kLost;
  }
  if (random.Chance(plan.lost * often)) return Verdict::kLost;
  if (random.Chance(plan.fatal * often)) return Verdict::kFatal;
  if (IsOfTransaction(call) && random.Chance(plan.abortable * often)) return Verdict::kAbort;
  if (!IsOfTransaction(call) && random.Chance(plan.retriable)) return Verdict::kRetriable;
  return Verdict::kGo;
}

bool Worker::has_stalled() const { return Elapsed() - stalled_ < absl::Minutes(1); }

// A process that is stopped as a whole, or one whose call takes so long.
void Worker::Stall(bool beats) {
  Random& random = world_->random();
  const absl::Duration longest = beats ? absl::Seconds(400) : absl::Seconds(150);
  const absl::Duration duration =
      random.Chance(0.4)   ? random.Between(absl::Milliseconds(1), absl::Milliseconds(300))
      : random.Chance(0.5) ? random.Between(absl::Seconds(1), absl::Seconds(15))
                           : random.Between(absl::Seconds(15), longest);
  Log(absl::StrCat(beats ? "is slow for " : "freezes for ", absl::FormatDuration(duration)));
  world_->Count(beats ? "slow" : "frozen");
  frozen_ = !beats;
  world_->RunOthers(duration);
  frozen_ = false;
  stalled_ = Elapsed();
  Log("goes on");
}

// The checkpoint's thread is in no step with the other one.
void Worker::MaybeStepInBackground() {
  if (!process_->background.idle() && world_->random().Chance(0.1)) StepInBackground();
}

void Worker::BeforeRead() {
  if (alive_ && process_ != nullptr) MaybeStepInBackground();
}

absl::Status Worker::BeforeWrite() {
  if (!alive_ || !world_->faults()) return absl::OkStatus();
  Random& random = world_->random();
  if (random.Chance(world_->plan().killed_at_checkpoint)) {
    Log("at a checkpoint");
    world_->Count("killed at a checkpoint");
    Die();
  } else if (random.Chance(world_->plan().write_fails)) {
    Log("a write to its disk fails");
    world_->Count("disk full");
    return absl::ResourceExhaustedError("simulated: no space left on the disk");
  }
  return absl::OkStatus();
}

bool Worker::FencesItself() { return world_->random().Chance(0.9); }

bool Worker::SendsEarly() { return world_->random().Chance(world_->plan().sends_early); }

bool Worker::LosesReport() {
  return world_->faults() && world_->random().Chance(world_->plan().report_missing);
}

size_t Worker::Batch(size_t max) {
  Random& random = world_->random();
  if (!random.Chance(world_->plan().small_batches)) return max;
  return std::min<size_t>(max, random.Between(1, 4));
}

}  // namespace simulation
