// A moment of the changelogs' past, as an operator names it:
//
//   2026-11-24T10:00:00Z                   what had been appended by that time (tools/moment.h)
//   characters=120,parties=7               what lies below these offsets; a store that is
//                                          not named: all of it
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "base/record.h"

namespace dump {

struct Point {
  std::optional<base::Timestamp> time;
  std::map<std::string, base::Offset> positions;  // by store; where there is no time
};

// Error: it is neither, or names a store that is none of `stores`.
absl::StatusOr<Point> ParsePoint(const std::string& text, const std::vector<std::string>& stores);

// "2026-11-24T10:00:00.000Z"
std::string ToString(base::Timestamp time);
std::string ToString(const Point& point);

}  // namespace dump
