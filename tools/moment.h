// A time as an operator names it, alike in all programs:
//
//   2026-11-24T10:00:00Z, 2026-11-24T11:00:00.5+01:00
//   2026-11-24T10:00:00, 2026-11-24     in UTC
//   1795514400000                       milliseconds since 1970, as Kafka has them
#pragma once

#include <optional>
#include <string>

#include "base/record.h"

namespace tools {

// What is allowed, for errors.
inline constexpr char kTimes[] =
    "a time (2026-11-24T10:00:00Z, in UTC where it names no zone; or milliseconds since 1970)";

// None: it is no time. Numbers that must be seconds or a date's digits are none: as
// milliseconds they would lie in the 1970s.
std::optional<base::Timestamp> ParseTime(const std::string& text);

}  // namespace tools
