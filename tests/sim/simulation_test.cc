// Some thousand seeds, the bugs that must be found, and that a seed repeats itself.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/sim/bugs.h"
#include "tests/sim/world.h"

namespace simulation {
namespace {

constexpr uint64_t kSeeds = 4000;
constexpr uint64_t kBugSeeds = 1000;
// Of real time, where the machine or the build is slow.
constexpr double kMostSeconds = 40;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TEST(SimulationTest, EverySeedHolds) {
  const double begin = Seconds();
  Tally tally;
  absl::Duration virtual_time;
  uint64_t seed = 0;
  while (seed < kSeeds && Seconds() - begin < kMostSeconds) {
    ++seed;
    const Outcome outcome = Simulate(seed, {});
    ASSERT_EQ(outcome.wrong, "") << "build/tests/simulate --verbose --seeds " << seed;
    virtual_time += outcome.virtual_time;
    for (const auto& [what, count] : outcome.tally) tally[what] += count;
  }
  std::printf("%llu seeds, %.0f seeds/s, %s virtual\n", static_cast<unsigned long long>(seed),
              static_cast<double>(seed) / (Seconds() - begin),
              absl::FormatDuration(absl::Trunc(virtual_time, absl::Seconds(1))).c_str());
  for (const auto& [what, count] : tally) {
    std::printf("  %-32s %llu\n", what.c_str(), static_cast<unsigned long long>(count));
  }
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
