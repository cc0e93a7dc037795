#include "base/log_limit.h"

#include <utility>

#include "base/log.h"

namespace base {

LogLimit::~LogLimit() {
  for (const auto& [cause, of] : causes_) {
    if (of.left_out == 0) continue;
    Log(LogLevel::kInfo, "lines were left out", {{"cause", cause}, {"left_out", of.left_out}});
  }
}

std::optional<uint64_t> LogLimit::Pass(std::string_view cause) {
  constexpr size_t kMostCauses = 1000;
  const absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_.Elapsed();
  auto found = causes_.find(cause);
  if (found == causes_.end()) {
    const std::string_view key = causes_.size() < kMostCauses ? cause : std::string_view();
    found = causes_.try_emplace(std::string(key), Cause{.period_began = now}).first;
  }
  Cause& of = found->second;
  if (now - of.period_began >= period_) of = {.period_began = now, .left_out = of.left_out};
  if (of.written >= lines_) {
    ++of.left_out;
    return std::nullopt;
  }
  ++of.written;
  return std::exchange(of.left_out, 0);
}

}  // namespace base
