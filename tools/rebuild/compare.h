// Holds what a replay made against what is live.
//
// State: object by object. Outputs: in their order, topic by topic; where one side has some
// more or less, the comparison finds its way back within a thousand records. A replay from
// the middle has no output of what came before it: then live outputs older than the inputs
// that were replayed are left out, and those of the very first millisecond may be.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/record.h"
#include "state/replica.h"
#include "tools/rebuild/connection.h"
#include "tools/rebuild/differences.h"
#include "tools/rebuild/output_record.h"

namespace tools {

// How many objects were compared.
absl::StatusOr<int64_t> CompareState(const std::vector<std::string>& stores,
                                     const state::Replica& live, const state::Replica& replayed,
                                     Differences* differences);

struct OutputWindow {
  // Live outputs before it are none of the replay's; none: all are.
  base::Timestamp from = base::kNoTimestamp;
  // Live outputs behind the last one of the replay are differences. Not where the live
  // application has gone on.
  bool ends_together = true;
  // A record of the replay with this time or a later one has the present as its timestamp,
  // since its cause had none, and may differ in it.
  base::Timestamp present{0};
};

struct OutputsCompared {
  int64_t records = 0;
  int64_t beyond = 0;  // live ones behind the last that was compared
};

absl::StatusOr<OutputsCompared> CompareOutputs(const std::string& topic,
                                               const std::vector<OutputRecord>& replayed,
                                               const OutputWindow& window, const Connection& kafka,
                                               Differences* differences);

// The part of it that needs no broker. `live` begins at the window.
OutputsCompared CompareSequences(const std::vector<OutputRecord>& live,
                                 const std::vector<OutputRecord>& replayed,
                                 const OutputWindow& window, Differences* differences);

}  // namespace tools
