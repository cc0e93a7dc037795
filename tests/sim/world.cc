#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/uuid.h"
#include "streams/topic_setup.h"
#include "tests/sim/keeping_store.h"

namespace simulation {
namespace {

constexpr char kGroup[] = "party";
// Interrupted in the middle of a step at the same time, at most.
constexpr int kDeepest = 4;
// Turns without an end are a fault too.
constexpr size_t kMostTurns = 3'000'000;
// Inputs were written an hour ago, so that no clock is before them.
constexpr int64_t kInputAge = 3'600'000;
// Transactions of others, by numbers that the coordinator does not reach.
constexpr uint64_t kForeign = uint64_t{1} << 40;

streams::Topology TopologyWith(const Bugs& bugs) {
  streams::Topology topology = topology::PartyTopology(OuterTopics(), {});
  if (bugs.cache_kept) KeepCaches(&topology);
  return topology;
}

}  // namespace

World::World(uint64_t seed, const Bugs& bugs, const Changes& changes, LogLine log)
    : plan_(seed),
      bugs_(bugs),
      log_(std::move(log)),
      medium_(changes.medium),
      wants_account_(changes.account),
      topology_(TopologyWith(bugs)),
      random_(seed),
      uuids_(seed ^ 0x75756964),
      cluster_(&clock_),
      judge_(topology_, &cluster_),
      workload_(seed ^ 0x776f726b) {
  base::RedirectLogging(log_ ? base::LogLevel::kInfo : base::LogLevel::kWarning,
                        [this](base::LogLevel, std::string_view line) { OnEngineLog(line); });
  base::SetUuidSource([this] { return static_cast<uint32_t>(uuids_.Below(uint64_t{1} << 32)); });
  cluster_.set_marker_delay([this] {
    return random_.Chance(0.5) ? absl::ZeroDuration()
                               : random_.Between(absl::ZeroDuration(), plan_.marker_delay);
  });
  cluster_.set_on_decided([this](const streams::sim::Decided& decided) {
    if (log_) {
      LogEvent(absl::StrCat(decided.transactional_id, " ", decided.commit ? "commits" : "aborts",
                            " transaction ", decided.number.value(), " of ", decided.records.size(),
                            " records"));
    }
    judge_.OnDecided(decided);
    if (decided.commit) expired_ = false;
  });
  if (changes.workers > 0) plan_.workers = changes.workers;
  if (changes.records > 0) plan_.records = changes.records;
  for (const std::string& fault : changes.without) plan_.Without(fault);
  places_.resize(plan_.workers);
}

World::~World() {
  for (Place& place : places_) {
    if (place.worker != nullptr && place.worker->has_process()) place.worker->Die();
  }
  places_.clear();
  base::RedirectLogging(base::LogLevel::kDebug, nullptr);
  base::SetUuidSource(nullptr);
}

void World::OnEngineLog(std::string_view line) {
  static constexpr std::pair<std::string_view, const char*> kCounted[] = {
      {"transaction aborted", "engine: aborted"},
      {"starting this thread anew", "engine: restart"},
      {"local state is set aside", "engine: restored in full"},
      {"partitions lost", "engine: session lost"}};
  for (const auto& [prefix, what] : kCounted) {
    if (line.starts_with(prefix)) Count(what);
  }
  if (log_) LogEvent(absl::StrCat("   ", absl::string_view(line.data(), line.size())));
  // What was found by one that did not stall is true; and it must not be.
  const bool decides = line.starts_with("starting this thread anew") &&
                       line.find("Decide: ") != std::string_view::npos;
  if (decides && !expired_ && turn_ != nullptr && !turn_->worker->has_stalled() &&
      !turn_->worker->disk().foreign()) {
    judge_.Wrong(absl::StrCat(turn_->worker->name(), " finds what must not be: ",
                              absl::string_view(line.data(), line.size())));
  }
}

void World::LogEvent(const std::string& line) {
  log_(absl::StrFormat("%14.6f %s", absl::ToDoubleSeconds(cluster_.now()), line));
}

void World::SetUpTopics() {
  struct Calm final : streams::sim::Hooks {
    bool Pause(absl::Duration) override { return false; }
  } calm;
  streams::sim::SimBroker broker(&cluster_, {.group = kGroup, .member_id = {}, .client_id = {}},
                                 &calm);
  streams::TopicSetup setup;
  setup.application_id = kGroup;
  setup.create_topics = true;
  const auto made = streams::SetUpTopics(topology_, setup, broker.admin());
  if (!made.ok()) judge_.Wrong("making the topics: " + std::string(made.status().message()));
}

Outcome World::Run() {
  SetUpTopics();
  for (size_t i = 0; i < places_.size(); ++i) {
    places_[i].worker = std::make_unique<Worker>(static_cast<Surroundings*>(this), i);
    places_[i].start_at = random_.Chance(0.7)
                              ? absl::ZeroDuration()
                              : random_.Between(absl::Milliseconds(1), absl::Seconds(5));
  }
  next_disturbance_ = random_.Between(absl::ZeroDuration(), plan_.between_disturbances);
  Count(plan_.at_least_once ? "outputs at least once" : "outputs exactly once");
  RunUntil(absl::InfiniteDuration(), [this] { return written_.size() >= plan_.records; });
  // What was written last is to be disturbed too.
  RunUntil(cluster_.now() + random_.Between(absl::ZeroDuration(), absl::Seconds(2)), nullptr);
  Heal();
  const absl::Duration recovery = Recover();
  RunUntil(cluster_.now() + random_.Between(absl::ZeroDuration(), absl::Seconds(3)), nullptr);
  Finish();
  return {.wrong = judge_.wrong(),
          .virtual_time = cluster_.now(),
          .recovery = recovery,
          .commits = judge_.commits(),
          .records = written_.size(),
          .tally = tally_,
          .account = std::move(account_)};
}

// How long it took.
absl::Duration World::Recover() {
  const absl::Duration healed = disturbed_ = cluster_.now();
  const auto processed = [this] { return judge_.AllProcessed(ends_); };
  RunUntil(healed + plan_.Takeover(), processed);
  if (!processed() && disturbed_ == healed) CheckPredecessors();
  while (!processed() && judge_.wrong().empty()) {
    // The operator is asked by one worker after the other.
    const absl::Duration deadline = disturbed_ + plan_.Recovery();
    RunUntil(deadline, processed);
    if (processed() || cluster_.now() < disturbed_ + plan_.Recovery()) continue;
    judge_.Wrong(absl::StrCat("not everything is processed ",
                              absl::FormatDuration(plan_.Recovery()), " after the last fault"));
  }
  return cluster_.now() - disturbed_;
}

// Who owns the state now has ended the transaction of its last owner.
void World::CheckPredecessors() {
  bool pending = false;
  const auto committed = cluster_.groups().Offsets(
      kGroup, {{OuterTopics().party_commands, base::Partition(0)}}, &pending);
  for (const auto& [partition, offset] : committed) {
    const bool is_running = std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
      return place.worker->has_process() && place.worker->running() &&
             offset.metadata == absl::StrCat(kGroup, "-", place.worker->disk().id());
    });
    if (is_running || !cluster_.transactions().HasOpen(offset.metadata)) continue;
    judge_.Wrong(absl::StrCat("the open transaction of ", offset.metadata,
                              ", which committed last, holds up its successor"));
  }
}

void World::Heal() {
  if (log_) LogEvent("the faults end");
  faults_ = false;
  if (held_.has_value()) LetGo();
  for (Place& place : places_) {
    if (!place.worker->has_process()) place.start_at = cluster_.now();
  }
}

void World::Finish() {
  if (!judge_.wrong().empty()) return;
  for (Place& place : places_) {
    if (!place.worker->has_process()) continue;
    place.worker->Stop();
    Bury(&place);
  }
  // What was decided is there for all to see, and what was left open has timed out.
  AdvanceTo(cluster_.now() + plan_.transaction_timeout);
  AdvanceTo(cluster_.now() + plan_.marker_delay);
  // The undisturbed run is no event of this one.
  base::RedirectLogging(base::LogLevel::kError, [](base::LogLevel, std::string_view) {});
  if (judge_.wrong().empty()) judge_.CheckOutcome(written_, plan_.at_least_once);
  if (wants_account_ && judge_.wrong().empty()) account_ = judge_.Account(written_);
}

// --------------------------------------------------------------------------- turns

void World::RunOthers(absl::Duration duration) {
  if (depth_ >= kDeepest) return AdvanceTo(cluster_.now() + duration);
  ++depth_;
  RunUntil(cluster_.now() + duration, nullptr);
  --depth_;
}

void World::RunUntil(absl::Duration until, const std::function<bool()>& done) {
  while (judge_.wrong().empty() && !(done && done())) {
    const absl::Duration next = NextTurn();
    if (next > until || next == absl::InfiniteDuration()) {
      if (until != absl::InfiniteDuration()) AdvanceTo(until);
      return;
    }
    AdvanceTo(next);
    TakeTurns();
  }
}

absl::Duration World::DueAt(const Place& place) const {
  if (place.worker->on_stack()) return absl::InfiniteDuration();
  return place.worker->has_process() ? place.worker->next_turn() : place.start_at;
}

absl::Duration World::NextTurn() const {
  absl::Duration next = cluster_.NextDue();
  for (const Place& place : places_) {
    next = std::min({next, DueAt(place), place.worker->next_background_turn()});
  }
  if (written_.size() < plan_.records) next = std::min(next, next_input_);
  if (faults_) next = std::min(next, next_disturbance_);
  return next;
}

void World::AdvanceTo(absl::Duration time) {
  clock_.Advance(time - cluster_.now());
  cluster_.Tick();
}

// One of those that are due.
void World::TakeTurns() {
  if (++turns_ > kMostTurns) return judge_.Wrong("the run does not end");
  const absl::Duration now = cluster_.now();
  std::vector<std::function<void()>> due;
  if (faults_ && next_disturbance_ <= now) due.emplace_back([this] { Disturb(); });
  if (written_.size() < plan_.records && next_input_ <= now) {
    due.emplace_back([this] { WriteInput(); });
  }
  for (Place& place : places_) {
    if (DueAt(place) <= now) due.emplace_back([this, &place] { TakeTurn(&place); });
    if (place.worker->next_background_turn() <= now) {
      due.emplace_back([&place] { place.worker->StepInBackground(); });
    }
  }
  if (!due.empty()) due[random_.Below(due.size())]();
}

void World::TakeTurn(Place* place) {
  Worker& worker = *place->worker;
  if (!worker.has_process()) {
    worker.Start(place->choices);
    return;
  }
  if (worker.alive()) {
    Place* const interrupted = std::exchange(turn_, place);
    const absl::Status status = worker.Step();
    turn_ = interrupted;
    if (!status.ok()) OnStopped(place, status);
    if (worker.alive() && worker.running()) place->choices = {};
  }
  if (!worker.alive()) Bury(place);
}

void World::OnStopped(Place* place, const absl::Status& status) {
  const std::string why(status.message());
  disturbed_ = cluster_.now();
  if (log_) LogEvent(absl::StrCat(place->worker->name(), " has stopped: ", why));
  if (expired_ && absl::StrContains(why, "have expired")) {
    place->choices.offsets = streams::OperatorChoices::Offsets::kFromState;
  } else if (place->worker->disk().foreign() && absl::StrContains(why, "local state comes from")) {
    Count("foreign disk refused");
    place->choices.changelogs_from_log = true;
  } else {
    judge_.Wrong(absl::StrCat(place->worker->name(), " has stopped: ", why));
  }
  place->worker->Die();
}

// What is left of a worker that has died.
void World::Bury(Place* place) {
  Worker& worker = *place->worker;
  worker.TakeAway();
  if (*worker.disk().Exists("0")) Count("disk checked");
  judge_.CheckDisk(worker.name(), &worker.disk());
  place->start_at = cluster_.now() + random_.Between(absl::Milliseconds(10), absl::Seconds(20));
  if (faults_) ReplaceDisk(place);
}

void World::ReplaceDisk(Place* place) {
  Worker& worker = *place->worker;
  if (random_.Chance(plan_.disk_gone)) {
    if (log_) LogEvent(absl::StrCat(worker.name(), " loses its disk"));
    worker.LoseDisk();
    Count("disk gone");
  } else if (place->old_disk != nullptr && random_.Chance(plan_.old_disk)) {
    if (log_) LogEvent(absl::StrCat(worker.name(), " gets an old disk"));
    worker.UseDisk(std::move(place->old_disk));
    Count("old disk");
  } else if (random_.Chance(plan_.foreign_disk) &&
             worker.disk().BecomeForeign(topology_.store_names())) {
    if (log_) LogEvent(absl::StrCat(worker.name(), " gets the state of another application"));
    Count("foreign disk");
  } else if (place->old_disk == nullptr && random_.Chance(0.5)) {
    place->old_disk = worker.disk().Copy(topology_.store_names());
  }
}

// ---------------------------------------------------------------------- the inputs

// Where an input is held up by a transaction, those that follow it are written to that input:
// all others would overtake it, and the order of the inputs would be no longer theirs.
Input World::NextInput() {
  while (true) {
    Input input = workload_.Next(last_timestamp_);
    if (!held_.has_value() || input.topic == held_->topic) return input;
  }
}

void World::HoldUp(const std::string& topic) {
  Count("input held up by a transaction");
  held_ = Held{.topic = topic,
               .number = streams::sim::TransactionNumber(kForeign + ++own_transactions_),
               .commit = random_.Chance(0.5),
               .records = random_.Between(1, 6)};
}

void World::LetGo() {
  if (log_) LogEvent(absl::StrCat("the transaction on ", held_->topic, " ends"));
  cluster_.FindLog({held_->topic, base::Partition(0)})
      ->EndTransaction(held_->number, held_->commit, clock_.Now());
  held_.reset();
}

void World::WriteInput() {
  last_timestamp_ =
      base::Timestamp(std::max(last_timestamp_.value() + 1, clock_.Now().value() - kInputAge));
  Input input = NextInput();
  if (random_.Chance(0.05)) WriteAborted(input.topic);
  if (!held_.has_value() && random_.Chance(plan_.held_up_inputs)) HoldUp(input.topic);
  const base::TopicPartition partition{input.topic, base::Partition(0)};
  const bool begins = held_.has_value() && !cluster_.FindLog(partition)->IsOpen(held_->number);
  const bool in_held = held_.has_value() && (begins || random_.Chance(0.5));
  const bool in_transaction = in_held || random_.Chance(0.2);
  const streams::sim::TransactionNumber number =
      in_held          ? held_->number
      : in_transaction ? streams::sim::TransactionNumber(kForeign + ++own_transactions_)
                       : streams::sim::kNoTransaction;
  const auto entry = cluster_.Append(partition, input.record, number);
  if (in_transaction && !in_held) {
    cluster_.FindLog(partition)->EndTransaction(number, true, clock_.Now());
  }
  if (log_) {
    LogEvent(absl::StrCat("input ", written_.size(), ": ", base::ToString(partition), "@",
                          entry->offset.value(), in_held ? " (in an open transaction) " : " ",
                          input.record.value.value_or("(null)")));
  }
  if (!in_held || held_->commit) {
    ends_[input.topic] = base::Next(entry->offset);
    written_.push_back({std::move(input), entry->offset});
  }
  if (held_.has_value() && held_->records-- == 0) LetGo();
  next_input_ = cluster_.now() + random_.Between(absl::ZeroDuration(), plan_.between_records);
}

void World::WriteAborted(const std::string& topic) {
  const base::TopicPartition partition{topic, base::Partition(0)};
  const streams::sim::TransactionNumber number(kForeign + ++own_transactions_);
  cluster_.Append(partition, workload_.Next(last_timestamp_).record, number);
  cluster_.FindLog(partition)->EndTransaction(number, false, clock_.Now());
}

// ---------------------------------------------------------------- what befalls them

// Mostly one that runs a task, where that is wanted.
World::Place* World::AnyPlace(bool running) {
  if (running && random_.Chance(0.8)) {
    for (Place& place : places_) {
      if (place.worker->alive() && place.worker->running()) return &place;
    }
  }
  return &places_[random_.Below(places_.size())];
}

void World::Disturb() {
  next_disturbance_ =
      cluster_.now() + random_.Between(absl::Milliseconds(1), 2 * plan_.between_disturbances);
  const std::vector<std::pair<uint64_t, std::function<void()>>> kinds = {
      {plan_.rebalance, [this] { Rebalance(); }},
      {plan_.outage,
       [this] {
         const absl::Duration duration = random_.Between(absl::Seconds(1), absl::Seconds(80));
         if (log_) LogEvent("the broker is away for " + absl::FormatDuration(duration));
         Count("broker away");
         cluster_.Outage(duration);
       }},
      {plan_.compaction, [this] { Compact(); }},
      {plan_.trim, [this] { Trim(); }},
      {plan_.wall_clock,
       [this] {
         Count("wall clock wrong");
         AnyPlace(false)->worker->set_wall_skew(
             random_.Between(absl::Minutes(-30), absl::Minutes(30)));
       }},
      {plan_.stop, [this] { StopOne(); }},
      {plan_.absence, [this] { AwayForDays(); }},
      {plan_.expiry, [this] { LetOffsetsExpire(); }}};
  uint64_t all = 0;
  for (const auto& [weight, kind] : kinds) all += weight;
  if (all == 0) return;
  uint64_t pick = random_.Below(all);
  for (const auto& [weight, kind] : kinds) {
    if (pick < weight) return kind();
    pick -= weight;
  }
}

void World::Rebalance() {
  if (log_) LogEvent("rebalance");
  Count("rebalance");
  for (const Place& place : places_) {
    if (!place.worker->alive() || place.worker->running()) continue;
    Count("rebalance while starting");
    if (place.worker->last_call() == streams::sim::Call::kReaderPoll) {
      Count("rebalance in a restore");
    }
  }
  cluster_.groups().Rebalance(kGroup, cluster_.now());
}

void World::Compact() {
  if (log_) LogEvent("compaction");
  Count("compaction");
  cluster_.Compact([this](const base::TopicPartition&, const streams::sim::PartitionLog& log) {
    return base::Offset(
        static_cast<int64_t>(random_.Between(0, static_cast<uint64_t>(log.stable_end().value()))));
  });
}

// Inputs that are processed may be deleted.
void World::Trim() {
  for (const auto& [topic, end] : ends_) {
    const base::TopicPartition partition{topic, base::Partition(0)};
    bool pending = false;
    const auto offsets = cluster_.groups().Offsets(kGroup, {partition}, &pending);
    if (offsets.empty()) continue;
    if (log_) LogEvent("processed inputs are deleted");
    Count("processed inputs deleted");
    cluster_.FindLog(partition)->DeleteBefore(offsets.begin()->second.offset);
  }
}

void World::StopOne() {
  Place* const place = AnyPlace(/*running=*/true);
  Worker& worker = *place->worker;
  if (!worker.alive() || worker.on_stack()) return;
  if (worker.Stop()) Count("stopped in order");
  Bury(place);
}

// Its disk stays behind, and what the others delete meanwhile is compacted away.
void World::AwayForDays() {
  Place* const place = AnyPlace(/*running=*/true);
  Worker& worker = *place->worker;
  if (worker.on_stack() || depth_ > 0 || written_.size() >= plan_.records) return;
  Count("away for days");
  if (log_) LogEvent(absl::StrCat(worker.name(), " is away for days"));
  if (worker.alive()) {
    worker.Die();
    Bury(place);
  }
  place->start_at = absl::InfiniteDuration();
  const size_t enough = written_.size() + random_.Between(2, 20);
  ++depth_;
  RunUntil(cluster_.now() + absl::Minutes(1), [&] { return written_.size() >= enough; });
  RunUntil(cluster_.now() + random_.Between(absl::ZeroDuration(), absl::Seconds(20)), nullptr);
  --depth_;
  const auto clean_all = [](const base::TopicPartition&, const streams::sim::PartitionLog& log) {
    return log.stable_end();
  };
  cluster_.Compact(clean_all);
  AdvanceTo(cluster_.now() + random_.Between(absl::Hours(24), absl::Hours(240)));
  cluster_.Compact(clean_all);
  // Sometimes there is nobody else.
  if (random_.Chance(0.5)) KillAll(cluster_.now() + absl::Seconds(5));
  if (!worker.has_process()) place->start_at = cluster_.now();
}

void World::LetOffsetsExpire() {
  if (depth_ > 0 || ends_.empty() || judge_.commits() == 0) return;
  Count("offsets expired");
  KillAll(absl::InfiniteDuration());
  if (log_) LogEvent("all are away until the group's offsets have expired");
  AdvanceTo(cluster_.now() + absl::Hours(170));
  // Those that had waited for a rebalance are members until their sessions end.
  AdvanceTo(cluster_.now() + absl::Minutes(1));
  for (Place& place : places_) place.start_at = cluster_.now();
  expired_ = cluster_.groups().ExpireOffsets(kGroup) || expired_;
}

void World::KillAll(absl::Duration start_at) {
  for (Place& place : places_) {
    if (place.worker->has_process() && !place.worker->on_stack()) {
      place.worker->Die();
      Bury(&place);
    }
    place.start_at = start_at;
  }
}

Outcome Simulate(uint64_t seed, const Bugs& bugs, const Changes& changes, World::LogLine log) {
  return World(seed, bugs, changes, std::move(log)).Run();
}

Changes Shrink(uint64_t seed, const Bugs& bugs, const Changes& changes,
               const std::function<bool(const Outcome& outcome)>& is_wrong) {
  Changes smallest = changes;
  const auto try_out = [&](const Changes& smaller) {
    if (!is_wrong(Simulate(seed, bugs, smaller))) return false;
    smallest = smaller;
    return true;
  };
  for (const std::string& fault : Plan::Faults()) {
    Changes smaller = smallest;
    smaller.without.push_back(fault);
    try_out(smaller);
  }
  for (size_t records = 1; records < Plan(seed).records; records += 1 + records / 4) {
    Changes smaller = smallest;
    smaller.records = records;
    if (try_out(smaller)) break;
  }
  return smallest;
}

}  // namespace simulation
