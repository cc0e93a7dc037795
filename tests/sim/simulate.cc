// simulate: runs many seeds and says which of them went wrong, and how to see it again.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/sim/bugs.h"
#include "tests/sim/plain_model.h"
#include "tests/sim/shared_totals.h"
#include "tests/sim/world.h"

ABSL_FLAG(std::string, seeds, "1..1000",
          "A..B, or one: the seeds to be run; \"new\": seeds that nobody has run yet, without "
          "end (with --minutes)");
ABSL_FLAG(double, minutes, 0, "stop after so many minutes of real time; 0: when done");
ABSL_FLAG(int, jobs, 1, "processes that share the seeds, up to 256");
ABSL_FLAG(int, workers, 0, "workers of each run; 0: one to three, by the seed");
ABSL_FLAG(int, records, 0, "input records of each run; 0: by the seed");
ABSL_FLAG(std::vector<std::string>, without, {},
          "faults to be left out, by name; \"list\" shows the names");
ABSL_FLAG(std::string, backend, "memory", "memory, or rocksdb: what the workers' disks are");
ABSL_FLAG(bool, model, true, "hold the outputs and the state of each run against the plain model");
ABSL_FLAG(bool, shrink, true, "show with how few records and faults a failing seed still fails");
ABSL_FLAG(bool, verbose, false, "show each event");
ABSL_FLAG(std::string, bug, "", "a bug to be planted, by its name; \"list\" shows the names");
ABSL_FLAG(int, failures, 10, "stop after so many failing seeds (of each job)");

namespace {

using simulation::Changes;
using simulation::Outcome;
using simulation::PlainModel;
using simulation::SharedTotals;

constexpr char kUsage[] =
    "simulate: workers, a broker, disks and a clock, all from one seed.\n"
    "\n"
    "Runs each seed, checks what must hold, and prints the seeds for which it did not, each\n"
    "with the command that repeats it. Exit status 1: there were some; 2: wrong flags.\n"
    "\n"
    "A night: build/tests/simulate --seeds new --minutes 480 --jobs $(nproc)";

struct Seeds {
  uint64_t first = 0;
  uint64_t last = 0;
};

bool ParseSeeds(const std::string& text, Seeds* seeds) {
  if (text == "new") {
    seeds->first = static_cast<uint64_t>(absl::ToUnixSeconds(absl::Now())) * 1'000'000;
    seeds->last = std::numeric_limits<uint64_t>::max() - 1'000;
    return absl::GetFlag(FLAGS_minutes) > 0;
  }
  const std::vector<std::string> ends = absl::StrSplit(text, "..");
  if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), &seeds->first)) return false;
  return absl::SimpleAtoi(ends.back(), &seeds->last) && seeds->first <= seeds->last;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What the flags say of a run.
struct Setup {
  std::string bug;
  simulation::Bugs bugs;
  Changes changes;
};

std::string Command(uint64_t seed, const Changes& changes) {
  std::string command = absl::StrCat("build/tests/simulate --verbose --seeds ", seed);
  if (changes.workers > 0) absl::StrAppend(&command, " --workers ", changes.workers);
  if (changes.records > 0) absl::StrAppend(&command, " --records ", changes.records);
  if (!changes.without.empty()) {
    absl::StrAppend(&command, " --without ", absl::StrJoin(changes.without, ","));
  }
  if (absl::GetFlag(FLAGS_backend) != "memory") {
    absl::StrAppend(&command, " --backend ", absl::GetFlag(FLAGS_backend));
  }
  const std::string bug = absl::GetFlag(FLAGS_bug);
  if (!bug.empty()) absl::StrAppend(&command, " --bug ", bug);
  return command;
}

// One process's share: every `step`th seed.
class Job {
 public:
  Job(const Setup& setup, uint64_t number, SharedTotals* totals, double ends_at)
      : setup_(setup), number_(number), totals_(totals), ends_at_(ends_at) {
    if (!setup.changes.account) return;
    auto model = PlainModel::Start();
    if (!model.ok()) {
      std::fprintf(stderr, "simulate: %s\n", std::string(model.status().message()).c_str());
      std::exit(2);
    }
    model_ = *std::move(model);
  }

  // `report` is called now and then.
  template <class ReportNow>
  void Run(const Seeds& seeds, uint64_t step, ReportNow report) {
    for (uint64_t seed = seeds.first; seed <= seeds.last && !Ends(); seed += step) {
      simulation::World::LogLine log;
      if (absl::GetFlag(FLAGS_verbose)) {
        log = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
      }
      totals_->seed_of[number_] = seed;
      const Outcome outcome = simulation::Simulate(seed, setup_.bugs, setup_.changes, log);
      totals_->Add(outcome);
      if (!outcome.wrong.empty()) Failed(seed, outcome.wrong);
      if (model_ != nullptr && outcome.wrong.empty()) model_->Ask(seed, outcome.account);
      TakeAnswers(/*all=*/false);
      report();
    }
    TakeAnswers(/*all=*/true);
  }

 private:
  bool Ends() const {
    return failed_ >= absl::GetFlag(FLAGS_failures) || (ends_at_ > 0 && Seconds() > ends_at_);
  }

  void TakeAnswers(bool all) {
    if (model_ == nullptr) return;
    for (const PlainModel::Answer& answer : model_->Answers(all)) {
      if (!answer.wrong.empty()) Failed(answer.seed, "the plain model: " + answer.wrong);
    }
  }

  void Failed(uint64_t seed, const std::string& wrong) {
    ++failed_;
    ++totals_->failed;
    std::string text = absl::StrCat("seed ", seed, ": ", wrong,
                                    "\n  repeat: ", Command(seed, setup_.changes), "\n");
    if (absl::GetFlag(FLAGS_shrink) && !absl::GetFlag(FLAGS_verbose)) {
      const Changes smallest = simulation::Shrink(
          seed, setup_.bugs, setup_.changes,
          [this, seed](const Outcome& outcome) { return FailsToo(seed, outcome); });
      absl::StrAppend(&text, "  shrunk: ", Command(seed, smallest), "\n");
    }
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  bool FailsToo(uint64_t seed, const Outcome& outcome) {
    if (!outcome.wrong.empty() || model_ == nullptr) return !outcome.wrong.empty();
    TakeAnswers(/*all=*/true);
    model_->Ask(seed, outcome.account);
    return !model_->Answers(/*all=*/true).back().wrong.empty();
  }

  const Setup& setup_;
  const uint64_t number_;
  SharedTotals* const totals_;
  const double ends_at_;
  std::unique_ptr<PlainModel> model_;
  int failed_ = 0;
};

void Report(const SharedTotals& totals, double seconds) {
  std::fprintf(stderr, "%s\n", totals.Text(seconds).c_str());
}

// Forked before anything else runs; this process reports.
void RunJobs(const Setup& setup, const Seeds& seeds, SharedTotals* totals, double begin) {
  const double minutes = absl::GetFlag(FLAGS_minutes);
  const double ends_at = minutes > 0 ? begin + 60 * minutes : 0;
  const auto jobs = static_cast<uint64_t>(absl::GetFlag(FLAGS_jobs));
  double told = begin;
  const auto report = [&] {
    if (Seconds() - told < 10) return;
    told = Seconds();
    Report(*totals, told - begin);
  };
  // One seed runs here, for a debugger.
  if (seeds.first == seeds.last) return Job(setup, 0, totals, ends_at).Run(seeds, 1, report);
  std::map<pid_t, uint64_t> running;
  for (uint64_t i = 0; i < jobs; ++i) {
    totals->seed_of[i] = seeds.first + i;
    const pid_t process = ::fork();
    if (process == 0) {
      Job(setup, i, totals, ends_at).Run({seeds.first + i, seeds.last}, jobs, [] {});
      std::fflush(stdout);
      ::_exit(0);
    }
    running[process] = i;
  }
  while (!running.empty()) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended > 0 && status != 0 && running.contains(ended)) {
      ++totals->failed;
      const uint64_t seed = totals->seed_of[running[ended]];
      std::printf(
          "seed %llu: its job has crashed, with wait status %d; of the seeds after it, "
          "one in %llu was not run\n  repeat: %s\n",
          static_cast<unsigned long long>(seed), status, static_cast<unsigned long long>(jobs),
          Command(seed, setup.changes).c_str());
      std::fflush(stdout);
    }
    running.erase(ended);
    if (ended <= 0) absl::SleepFor(absl::Milliseconds(100));
    report();
  }
}

// Where RocksDB's disks are: memory, where there is a file system of it.
std::string NewDirectory() {
  std::string name = std::filesystem::is_directory("/dev/shm")
                         ? "/dev/shm"
                         : std::filesystem::temp_directory_path().string();
  name += "/party-simulation-XXXXXX";
  return ::mkdtemp(name.data()) == nullptr ? "" : name;
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(kUsage);
  absl::ParseCommandLine(argc, argv);
  Seeds seeds;
  if (!ParseSeeds(absl::GetFlag(FLAGS_seeds), &seeds)) {
    std::fprintf(stderr, "simulate: --seeds is A..B or one number, or new with --minutes\n");
    return 2;
  }
  Setup setup;
  const std::string bug = absl::GetFlag(FLAGS_bug);
  const simulation::NamedBug* const planted = bug.empty() ? nullptr : simulation::FindBug(bug);
  if (!bug.empty() && planted == nullptr) {
    for (const simulation::NamedBug& named : simulation::AllBugs()) {
      std::printf("%s: %s\n", named.name, named.what);
    }
    return bug == "list" ? 0 : 2;
  }
  if (planted != nullptr) setup.bugs = planted->bugs;
  setup.changes = {.workers = static_cast<size_t>(absl::GetFlag(FLAGS_workers)),
                   .records = static_cast<size_t>(absl::GetFlag(FLAGS_records)),
                   .without = absl::GetFlag(FLAGS_without),
                   .medium = simulation::InMemory(),
                   .account = absl::GetFlag(FLAGS_model)};
  for (const std::string& fault : setup.changes.without) {
    if (simulation::Plan(0).Without(fault)) continue;
    for (const std::string& name : simulation::Plan::Faults()) std::printf("%s\n", name.c_str());
    return fault == "list" ? 0 : 2;
  }
  const std::string backend = absl::GetFlag(FLAGS_backend);
  if ((backend != "memory" && backend != "rocksdb") || absl::GetFlag(FLAGS_jobs) < 1 ||
      absl::GetFlag(FLAGS_jobs) > static_cast<int>(SharedTotals::kMostJobs)) {
    std::fprintf(stderr, "simulate: --backend is memory or rocksdb, --jobs 1 to %zu\n",
                 SharedTotals::kMostJobs);
    return 2;
  }
  std::string directory;
  if (backend == "rocksdb") {
    directory = NewDirectory();
    setup.changes.medium = simulation::OnRocksDb(directory, 20);
  }
  const double begin = Seconds();
  std::fprintf(stderr, "from seed %llu on\n", static_cast<unsigned long long>(seeds.first));
  SharedTotals* const totals = SharedTotals::New();
  RunJobs(setup, seeds, totals, begin);
  Report(*totals, Seconds() - begin);
  if (!directory.empty()) std::filesystem::remove_all(directory);
  return totals->failed == 0 ? 0 : 1;
}
