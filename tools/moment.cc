#include "tools/moment.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace tools {

std::optional<base::Timestamp> ParseTime(const std::string& text) {
  constexpr int64_t kFirst = 100'000'000'000;  // in 1973
  int64_t milliseconds = 0;
  if (absl::SimpleAtoi(text, &milliseconds)) {
    if (milliseconds < kFirst) return std::nullopt;
    return base::Timestamp(milliseconds);
  }
  absl::Time time;
  std::string error;
  for (const char* format : {absl::RFC3339_full, "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error)) {
      return base::Timestamp(absl::ToUnixMillis(time));
    }
  }
  return std::nullopt;
}

}  // namespace tools
