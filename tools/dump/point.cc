#include "tools/dump/point.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tools/moment.h"

namespace dump {
namespace {

absl::Status NoPoint(const std::string& text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no point of the changelogs, allowed are: ", tools::kTimes,
                   ", or positions (store=offset,store=offset,...)"));
}

}  // namespace

absl::StatusOr<Point> ParsePoint(const std::string& text, const std::vector<std::string>& stores) {
  if (const auto time = tools::ParseTime(text)) return Point{.time = time, .positions = {}};
  Point point;
  for (const std::string& one : std::vector<std::string>(absl::StrSplit(text, ','))) {
    const std::pair<std::string, std::string> named = absl::StrSplit(one, absl::MaxSplits('=', 1));
    int64_t offset = 0;
    if (!absl::SimpleAtoi(named.second, &offset) || offset < 0) return NoPoint(text);
    if (std::find(stores.begin(), stores.end(), named.first) == stores.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", named.first, "\" is none of the stores: ", absl::StrJoin(stores, ", ")));
    }
    if (!point.positions.emplace(named.first, base::Offset(offset)).second) return NoPoint(text);
  }
  return point;
}

std::string ToString(base::Timestamp time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(time.value()),
                          absl::UTCTimeZone());
}

std::string ToString(const Point& point) {
  if (point.time.has_value()) return ToString(*point.time);
  return absl::StrJoin(point.positions, ",", [](std::string* out, const auto& one) {
    absl::StrAppend(out, one.first, "=", one.second.value());
  });
}

}  // namespace dump
