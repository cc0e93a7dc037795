// What `--verify` has found, and its print: a table for people, or JSON lines.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/kafka_types.h"
#include "base/record.h"
#include "state/changelog_check.h"
#include "streams/broker.h"
#include "tools/dump/output.h"

namespace dump {

// One store of one state partition.
struct VerifiedStore {
  std::string name;
  base::Offset position;
  streams::LogRange log;
  state::StoreFindings findings;
  // What would differ, where the log is not decided up to the position.
  std::vector<state::StoreDifference> undecided;
  absl::Status unread;  // not OK: the store could be read in part or not at all
};

// A transaction that is not decided, open or without its marker, hides records that the store
// has taken in.
inline bool StandsBehindDecidedEnd(const VerifiedStore& store) {
  return store.position > store.log.stable_end;
}

// The rules over all objects at one point.
struct VerifiedRules {
  std::string not_checked;  // why; empty: they were
  size_t characters = 0;
  size_t parties = 0;
  std::vector<std::string> violations;
};

struct VerifiedPartition {
  base::Partition partition;
  std::string not_compared;  // why the stores were not held against the logs
  bool damaged = false;      // files of the stores cannot be read, and were named
  base::Timestamp as_of{0};  // of the checkpoint
  std::vector<VerifiedStore> stores;
  VerifiedRules in_checkpoint;
  VerifiedRules at_end;
};

// True where nothing is wrong and all that was looked at could be read.
bool IsRight(const VerifiedPartition& partition);

// `shown`: so many of each store's entries that cannot be checked.
void PrintTable(const std::vector<VerifiedPartition>& partitions, size_t shown, Output* output);
void PrintJson(const std::vector<VerifiedPartition>& partitions, Output* output);

}  // namespace dump
