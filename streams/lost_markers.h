// How a transaction ended whose markers the broker has lost, as far as what is there tells
// (docs/decisions/0014-lost-markers.md). Pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/kafka_types.h"

namespace streams {

// Changelogs that stay held open after all who may have a transaction in them were ended. The
// group's offsets wait for nothing any more.
struct HeldEvidence {
  std::vector<base::TopicPartition> held;
  bool first_is_held = false;    // the first store's, which has a record of each transaction
  bool group_is_ahead = false;   // of the input positions in the state
  bool local_is_beyond = false;  // the local state includes what is held
};

enum class LostEnd { kCommit, kAbort, kUnknown };

LostEnd TellLostEnd(const HeldEvidence& evidence);

// What the operator is told of kUnknown.
std::string AskForLostEnd(const HeldEvidence& evidence);

}  // namespace streams
