#include "tests/sim/shared_totals.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace simulation {

SharedTotals* SharedTotals::New() {
  void* const memory = ::mmap(nullptr, sizeof(SharedTotals), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return new (memory) SharedTotals;
}

void SharedTotals::Add(const Outcome& outcome) {
  ++seeds_;
  records_ += outcome.records;
  commits_ += outcome.commits;
  virtual_seconds_ += absl::ToInt64Seconds(outcome.virtual_time);
  const int64_t recovery = absl::ToInt64Seconds(outcome.recovery);
  int64_t longest = longest_recovery_;
  while (recovery > longest && !longest_recovery_.compare_exchange_weak(longest, recovery)) {
  }
}

std::string SharedTotals::Text(double seconds) const {
  return absl::StrCat(
      seeds_.load(), " seeds, ", failed.load(), " failed, ",
      absl::StrFormat("%.0f", static_cast<double>(seeds_) / std::max(seconds, 0.001)), " seeds/s, ",
      records_.load(), " records, ", commits_.load(), " commits, ",
      absl::FormatDuration(absl::Seconds(virtual_seconds_.load())), " virtual, longest recovery ",
      longest_recovery_.load(), " s");
}

}  // namespace simulation
