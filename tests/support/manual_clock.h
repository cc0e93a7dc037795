// A clock that stands where a test puts it.
#pragma once

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/record.h"

namespace testing_support {

class ManualClock final : public base::Clock {
 public:
  base::Timestamp Now() const override { return now; }
  absl::Duration Elapsed() const override { return elapsed; }

  base::Timestamp now{2'000'000'000'000};
  absl::Duration elapsed;
};

}  // namespace testing_support
