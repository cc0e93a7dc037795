#include "tests/sim/plan.h"

#include <algorithm>
#include <utility>

namespace simulation {
namespace {

const std::vector<std::pair<std::string, double Plan::*>>& Rates() {
  static const std::vector<std::pair<std::string, double Plan::*>> rates = {
      {"killed", &Plan::killed},
      {"frozen", &Plan::frozen},
      {"slow", &Plan::slow},
      {"retriable", &Plan::retriable},
      {"abortable", &Plan::abortable},
      {"fatal", &Plan::fatal},
      {"lost", &Plan::lost},
      {"killed-at-checkpoint", &Plan::killed_at_checkpoint},
      {"write-fails", &Plan::write_fails},
      {"disk-gone", &Plan::disk_gone},
      {"old-disk", &Plan::old_disk},
      {"foreign-disk", &Plan::foreign_disk},
      {"report-missing", &Plan::report_missing},
      {"sends-early", &Plan::sends_early},
      {"small-batches", &Plan::small_batches},
      {"held-up-inputs", &Plan::held_up_inputs}};
  return rates;
}

const std::vector<std::pair<std::string, uint64_t Plan::*>>& Weights() {
  static const std::vector<std::pair<std::string, uint64_t Plan::*>> weights = {
      {"rebalance", &Plan::rebalance},   {"outage", &Plan::outage},
      {"compaction", &Plan::compaction}, {"trim", &Plan::trim},
      {"wall-clock", &Plan::wall_clock}, {"stop", &Plan::stop},
      {"absence", &Plan::absence},       {"expiry", &Plan::expiry}};
  return weights;
}

}  // namespace

const std::vector<std::string>& Plan::Faults() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, rate] : Rates()) all.push_back(name);
    for (const auto& [name, weight] : Weights()) all.push_back(name);
    return all;
  }();
  return names;
}

bool Plan::Without(std::string_view fault) {
  for (const auto& [name, rate] : Rates()) {
    if (name == fault) return this->*rate = 0, true;
  }
  for (const auto& [name, weight] : Weights()) {
    if (name == fault) return this->*weight = 0, true;
  }
  return false;
}

Plan::Plan(uint64_t seed) {
  Random random(seed ^ 0x506c616e);
  workers = random.Pick<size_t>({1, 2, 2, 3});
  static_members = random.Chance(0.5);
  session_timeout = random.Pick({absl::Seconds(6), absl::Seconds(10), absl::Seconds(45)});
  transaction_timeout = random.Pick({absl::Seconds(10), absl::Seconds(60)});
  records = random.Between(20, 90);
  between_records = random.Pick({absl::Milliseconds(5), absl::Milliseconds(60), absl::Seconds(1)});
  commit_floor = random.Pick({absl::Milliseconds(2), absl::Milliseconds(300), absl::Seconds(5)});
  checkpoint_keys = random.Pick<size_t>({1, 8, 40, 100'000});
  checkpoint_interval = random.Pick({absl::Milliseconds(50), absl::Seconds(1), absl::Seconds(30)});
  cache_bytes = random.Pick<size_t>({1, 4096, 1 << 20});
  marker_delay = random.Pick(
      {absl::ZeroDuration(), absl::Milliseconds(5), absl::Seconds(2), absl::Seconds(15)});

  const auto rate = [&](double most) {
    return random.Pick<double>({0, 0, most / 20, most / 4, most});
  };
  killed = rate(0.01);
  frozen = rate(0.015);
  retriable = rate(0.1);
  abortable = rate(0.04);
  fatal = rate(0.01);
  lost = rate(0.01);
  killed_at_checkpoint = rate(0.2);
  disk_gone = rate(0.3);
  old_disk = rate(0.4);
  report_missing = rate(0.05);
  sends_early = random.Pick<double>({0, 0.1, 1});
  small_batches = random.Pick<double>({0, 0.2, 1});
  slow = rate(0.01);
  write_fails = rate(0.2);
  foreign_disk = random.Pick<double>({0, 0, 0, 0.15});
  held_up_inputs = random.Pick<double>({0, 0, 0.02, 0.1});
  max_poll_interval = std::max(session_timeout, random.Pick({absl::Seconds(30), absl::Minutes(5)}));
  restore_bytes = random.Pick<size_t>({1, 3000, 256 << 20});
  checkpoint_delay = random.Pick(
      {absl::ZeroDuration(), absl::Milliseconds(5), absl::Seconds(1), absl::Seconds(20)});

  between_disturbances =
      random.Pick({absl::Milliseconds(300), absl::Seconds(1), absl::Seconds(4), absl::Hours(1)});
  const auto weight = [&](uint64_t most) {
    return random.Chance(0.5) ? random.Below(most + 1) : 0;
  };
  rebalance = weight(6);
  outage = weight(3);
  compaction = weight(6);
  trim = weight(3);
  wall_clock = weight(2);
  stop = weight(8);
  absence = weight(3);
  expiry = random.Chance(0.05) ? 1 : 0;
  at_least_once = random.Chance(0.15);

  // What takes several things together is seldom met by chance alone.
  switch (random.Below(12)) {
    case 0:
      BeAboutHandovers();
      break;
    case 1:
      BeAboutStalls();
      break;
    case 2:
      BeAboutAbsences();
      break;
    case 3:
      BeAboutRestores();
      break;
    default:
      break;
  }
}

// One member leaves in order and another goes on at once, while markers are still to come.
void Plan::BeAboutHandovers() {
  BeCalm();
  workers = 3;
  static_members = false;
  marker_delay = absl::Seconds(15);
  commit_floor = absl::Milliseconds(300);
  between_records = absl::Milliseconds(200);
  between_disturbances = absl::Seconds(2);
  stop = 1;
}

// Members stop in the middle of their commits, for longer than a session.
void Plan::BeAboutStalls() {
  BeCalm();
  workers = 2;
  session_timeout = absl::Seconds(6);
  transaction_timeout = absl::Seconds(60);
  between_records = absl::Seconds(1);
  frozen = 0.02;
}

// Members and their disks are away while tombstones go.
void Plan::BeAboutAbsences() {
  BeCalm();
  workers = 2;
  between_records = absl::Seconds(1);
  between_disturbances = absl::Seconds(10);
  checkpoint_interval = absl::Milliseconds(50);
  killed_at_checkpoint = 0.1;
  absence = 1;
}

// Restores, in full and of a delta, that do not come to their end at once.
void Plan::BeAboutRestores() {
  BeCalm();
  workers = 2;
  between_records = absl::Seconds(1);
  between_disturbances = absl::Seconds(4);
  restore_bytes = 1;
  checkpoint_interval = absl::Milliseconds(50);
  checkpoint_delay = absl::Seconds(1);
  small_batches = 1;
  killed = 0.003;
  killed_at_checkpoint = 0.1;
  disk_gone = foreign_disk = old_disk = 0.25;
  stop = 3;
  rebalance = absence = 1;
}

void Plan::BeCalm() {
  for (const auto& [name, rate] : Rates()) this->*rate = 0;
  for (const auto& [name, weight] : Weights()) this->*weight = 0;
}

}  // namespace simulation
