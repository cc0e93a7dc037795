// The stores of one state partition, as state-dump looks at them: what the last checkpoint
// left, opened for reading only.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "state/replica.h"

namespace dump {

struct Source {
  base::Partition partition;
  std::string path;  // of the store's folder; empty: the changelogs alone
  // Where there is no local store, or it is of no use: what the changelogs give, in memory.
  std::unique_ptr<state::MemoryBackendFactory> memory;
  std::unique_ptr<state::Replica> replica;
  // Files of the store cannot be read, and were named: the replica has what the others hold,
  // or nothing.
  bool damaged = false;
};

// Whether the folder was looked into and has none.
inline bool HasNoStore(const Source& source) {
  return source.memory != nullptr && !source.path.empty() && !source.damaged;
}

// `stores`: their names, in the order of their declaration. `executor` outlives the source.
absl::StatusOr<Source> EmptySource(base::Partition partition,
                                   const std::vector<std::string>& stores,
                                   state::Executor* executor);

// One for each state partition that has a store in the folder `stores_path`; an empty one of
// partition 0 where none has. Damaged files are named on standard error.
absl::StatusOr<std::vector<Source>> OpenSources(const std::string& stores_path,
                                                const std::vector<std::string>& stores,
                                                state::Executor* executor);

}  // namespace dump
