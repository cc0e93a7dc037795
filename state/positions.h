// Where a replica stands: the mark that every checkpoint writes beside its keys.
// docs/state-format.md gives its bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "base/record.h"

namespace state {

struct Positions {
  // By store index: the next changelog offset to be applied.
  std::vector<base::Offset> next;

  // The stores stand at the end of a transaction, so that rules that span objects hold.
  bool consistent = false;

  // When the end that the replica has since reached was taken; in a replay from 0, when
  // the replay began. Tombstones may be gone from the log that a replica needs whose age
  // passes the log's delete.retention.ms.
  base::Timestamp current_as_of{0};

  friend bool operator==(const Positions&, const Positions&) = default;
};

inline constexpr std::string_view kPositionsMark = "positions";

std::string EncodePositions(const Positions& positions);

// Error: not such a mark, one written by a newer version, or for other stores.
absl::StatusOr<Positions> DecodePositions(std::string_view bytes, size_t stores);

}  // namespace state
