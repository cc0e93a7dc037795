// Some thousand seeds, the bugs that must be found, and that a seed repeats itself.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/sim/bugs.h"
#include "tests/sim/plain_model.h"
#include "tests/sim/world.h"

namespace simulation {
namespace {

constexpr uint64_t kSeeds = 8000;
constexpr uint64_t kBugSeeds = 1000;
constexpr uint64_t kRocksDbSeeds = 250;
// Of real time, where the machine or the build is slow; but not before so many seeds.
constexpr double kMostSeconds = 40;
constexpr uint64_t kLeastSeeds = 1000;
constexpr uint64_t kLeastRocksDbSeeds = 30;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void ExpectNothingWrong(const std::vector<PlainModel::Answer>& answers) {
  for (const PlainModel::Answer& answer : answers) {
    EXPECT_EQ(answer.wrong, "") << "build/tests/simulate --verbose --seeds " << answer.seed;
  }
}

TEST(SimulationTest, EverySeedHolds) {
  const double begin = Seconds();
  const auto model = PlainModel::Start();
  ASSERT_TRUE(model.ok()) << model.status();
  Changes changes;
  changes.account = true;
  Tally tally;
  absl::Duration virtual_time;
  uint64_t seed = 0;
  while (seed < kSeeds && (seed < kLeastSeeds || Seconds() - begin < kMostSeconds)) {
    ++seed;
    const Outcome outcome = Simulate(seed, {}, changes);
    ASSERT_EQ(outcome.wrong, "") << "build/tests/simulate --verbose --seeds " << seed;
    (*model)->Ask(seed, outcome.account);
    ExpectNothingWrong((*model)->Answers(/*all=*/false));
    virtual_time += outcome.virtual_time;
    for (const auto& [what, count] : outcome.tally) tally[what] += count;
  }
  std::printf("%llu seeds, %.0f seeds/s, %s virtual\n", static_cast<unsigned long long>(seed),
              static_cast<double>(seed) / (Seconds() - begin),
              absl::FormatDuration(absl::Trunc(virtual_time, absl::Seconds(1))).c_str());
  for (const auto& [what, count] : tally) {
    std::printf("  %-32s %llu\n", what.c_str(), static_cast<unsigned long long>(count));
  }
  ExpectNothingWrong((*model)->Answers(/*all=*/true));
  // What is meant to be hit is hit.
  for (const char* what : kTallied) EXPECT_GT(tally[what], 0u) << what;
}

TEST(SimulationTest, ASeedIsTheSameEachTime) {
  for (const uint64_t seed : {3, 7, 145, 366}) {
    std::string logs[2];
    for (std::string& log : logs) {
      Simulate(seed, {}, {},
               [&log](const std::string& line) { absl::StrAppend(&log, line, "\n"); });
    }
    EXPECT_GT(logs[0].size(), 1000u);
    EXPECT_TRUE(logs[0] == logs[1]) << "seed " << seed;
  }
}

TEST(SimulationTest, SomeSeedsHoldOnRocksDb) {
  std::string directory =
      std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : testing::TempDir();
  directory += "/party-simulation-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const double begin = Seconds();
  Tally tally;
  uint64_t seed = 0;
  while (seed < kRocksDbSeeds &&
         (seed < kLeastRocksDbSeeds || Seconds() - begin < kMostSeconds / 2)) {
    ++seed;
    // Sorted files from few keys on, in every second run.
    Changes changes;
    changes.medium = OnRocksDb(directory, seed % 2 == 0 ? 20 : 5000);
    const Outcome outcome = Simulate(seed, {}, changes);
    ASSERT_EQ(outcome.wrong, "") << "build/tests/simulate --verbose --backend rocksdb --seeds "
                                 << seed;
    for (const auto& [what, count] : outcome.tally) tally[what] += count;
  }
  std::printf("%llu seeds\n", static_cast<unsigned long long>(seed));
  for (const char* what : {"killed", "disk checked", "killed at a checkpoint"}) {
    EXPECT_GT(tally[what], 0u) << what;
  }
  std::filesystem::remove_all(directory);
}

// A checkpoint's keys and its positions fall together: without a flush a store is further
// behind, and that is all.
TEST(SimulationTest, NothingButTheDeltaHangsOnAFlush) {
  for (uint64_t seed = 1; seed <= kBugSeeds; ++seed) {
    const Outcome outcome = Simulate(seed, {.disk = DiskBug::kNothingFlushed});
    ASSERT_EQ(outcome.wrong, "") << seed;
  }
}

TEST(SimulationTest, ThePlainModelSeesWhatIsWrong) {
  const auto model = PlainModel::Start();
  ASSERT_TRUE(model.ok()) << model.status();
  Changes changes;
  changes.account = true;
  const std::string account = Simulate(1, {}, changes).account;
  const auto with = [&](const char* text, const char* other) {
    const std::string changed = absl::StrReplaceAll(account, {{text, other}});
    EXPECT_NE(changed, account) << text;
    return changed;
  };
  (*model)->Ask(0, account);
  (*model)->Ask(1, with("ERROR_UNEXPECTED", "ERROR_EXPECTED"));
  (*model)->Ask(2, with("nextId", "lastId"));
  const auto answers = (*model)->Answers(/*all=*/true);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].wrong, "");
  EXPECT_NE(answers[1].wrong, "");
  EXPECT_NE(answers[2].wrong, "");
}

class PlantedBug : public testing::TestWithParam<NamedBug> {};

TEST_P(PlantedBug, IsFound) {
  for (uint64_t seed = 1; seed <= kBugSeeds; ++seed) {
    const Outcome outcome = Simulate(seed, GetParam().bugs);
    if (outcome.wrong.empty()) continue;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), outcome.wrong.c_str());
    return;
  }
  FAIL() << GetParam().what << ": not found within " << kBugSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBug, testing::ValuesIn(AllBugs()),
                         [](const testing::TestParamInfo<NamedBug>& info) {
                           std::string name = info.param.name;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace simulation
