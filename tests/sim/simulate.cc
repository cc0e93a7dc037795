// simulate: runs many seeds and says which of them went wrong, and how to see it again.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/sim/bugs.h"
#include "tests/sim/world.h"

ABSL_FLAG(std::string, seeds, "1..1000", "A..B, or one: the seeds to be run");
ABSL_FLAG(double, minutes, 0, "stop after so many minutes of real time; 0: when done");
ABSL_FLAG(int, workers, 0, "workers of each run; 0: one to three, by the seed");
ABSL_FLAG(int, records, 0, "input records of each run; 0: by the seed");
ABSL_FLAG(std::vector<std::string>, without, {},
          "faults to be left out, by name; \"list\" shows the names");
ABSL_FLAG(bool, shrink, true, "show with how few records and faults a failing seed still fails");
ABSL_FLAG(bool, verbose, false, "show each event");
ABSL_FLAG(std::string, bug, "", "a bug to be planted, by its name; \"list\" shows the names");
ABSL_FLAG(int, failures, 10, "stop after so many failing seeds");

namespace {

constexpr char kUsage[] =
    "simulate: workers, a broker, disks and a clock, all from one seed.\n"
    "\n"
    "Runs each seed, checks what must hold, and prints the seeds for which it did not, each\n"
    "with the command that repeats it. Exit status 1: there were some; 2: wrong flags.";

bool ParseSeeds(const std::string& text, uint64_t* first, uint64_t* last) {
  const std::vector<std::string> ends = absl::StrSplit(text, "..");
  if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), first)) return false;
  return absl::SimpleAtoi(ends.back(), last) && *first <= *last;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string Command(uint64_t seed, const simulation::Changes& changes, const std::string& bug) {
  std::string command = absl::StrCat("build/tests/simulate --verbose --seeds ", seed);
  if (changes.workers > 0) absl::StrAppend(&command, " --workers ", changes.workers);
  if (changes.records > 0) absl::StrAppend(&command, " --records ", changes.records);
  if (!changes.without.empty()) {
    absl::StrAppend(&command, " --without ", absl::StrJoin(changes.without, ","));
  }
  if (!bug.empty()) absl::StrAppend(&command, " --bug ", bug);
  return command;
}

struct Totals {
  uint64_t seeds = 0;
  uint64_t failed = 0;
  uint64_t records = 0;
  uint64_t commits = 0;
  absl::Duration virtual_time;
};

void Report(const Totals& totals, double seconds) {
  std::fprintf(
      stderr, "%llu seeds, %llu failed, %.0f seeds/s, %llu records, %llu commits, %s virtual\n",
      static_cast<unsigned long long>(totals.seeds), static_cast<unsigned long long>(totals.failed),
      static_cast<double>(totals.seeds) / std::max(seconds, 0.001),
      static_cast<unsigned long long>(totals.records),
      static_cast<unsigned long long>(totals.commits),
      absl::FormatDuration(absl::Trunc(totals.virtual_time, absl::Seconds(1))).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(kUsage);
  absl::ParseCommandLine(argc, argv);
  uint64_t first = 0;
  uint64_t last = 0;
  if (!ParseSeeds(absl::GetFlag(FLAGS_seeds), &first, &last)) {
    std::fprintf(stderr, "simulate: --seeds is A..B or one number\n");
    return 2;
  }
  const std::string bug = absl::GetFlag(FLAGS_bug);
  const simulation::NamedBug* const planted = bug.empty() ? nullptr : simulation::FindBug(bug);
  if (!bug.empty() && planted == nullptr) {
    for (const simulation::NamedBug& named : simulation::AllBugs()) {
      std::printf("%s: %s\n", named.name, named.what);
    }
    return bug == "list" ? 0 : 2;
  }
  const simulation::Bugs bugs = planted == nullptr ? simulation::Bugs() : planted->bugs;
  const simulation::Changes changes{.workers = static_cast<size_t>(absl::GetFlag(FLAGS_workers)),
                                    .records = static_cast<size_t>(absl::GetFlag(FLAGS_records)),
                                    .without = absl::GetFlag(FLAGS_without)};
  for (const std::string& fault : changes.without) {
    if (simulation::Plan(0).Without(fault)) continue;
    for (const std::string& name : simulation::Plan::Faults()) std::printf("%s\n", name.c_str());
    return fault == "list" ? 0 : 2;
  }
  simulation::World::LogLine log;
  if (absl::GetFlag(FLAGS_verbose)) {
    log = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  }
  const double limit = absl::GetFlag(FLAGS_minutes) * 60;
  const double begin = Seconds();
  double told = begin;
  Totals totals;
  for (uint64_t seed = first; seed <= last; ++seed) {
    const simulation::Outcome outcome = simulation::Simulate(seed, bugs, changes, log);
    ++totals.seeds;
    totals.records += outcome.records;
    totals.commits += outcome.commits;
    totals.virtual_time += outcome.virtual_time;
    if (!outcome.wrong.empty()) {
      ++totals.failed;
      std::printf("seed %llu: %s\n  repeat: %s\n", static_cast<unsigned long long>(seed),
                  outcome.wrong.c_str(), Command(seed, changes, bug).c_str());
      if (absl::GetFlag(FLAGS_shrink) && !log) {
        std::printf("  shrunk: %s\n",
                    Command(seed, simulation::Shrink(seed, bugs, changes), bug).c_str());
      }
      std::fflush(stdout);
      if (totals.failed >= static_cast<uint64_t>(absl::GetFlag(FLAGS_failures))) break;
    }
    if (Seconds() - told > 10) {
      told = Seconds();
      Report(totals, told - begin);
    }
    if (limit > 0 && Seconds() - begin > limit) break;
  }
  Report(totals, Seconds() - begin);
  return totals.failed == 0 ? 0 : 1;
}
