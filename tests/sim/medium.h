// What a simulated disk is made of: memory, or RocksDB in a folder of its own.
//
// Not thread-safe: belongs to the simulation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "state/backend.h"

namespace simulation {

class Medium {
 public:
  virtual ~Medium() = default;
  virtual state::BackendFactory& stores() = 0;
  // A process that dies: what was written and not flushed is gone. No store is open.
  virtual void LoseUnflushed() = 0;
  // Everything that is flushed, as it is now. No store is open.
  virtual std::unique_ptr<Medium> Copy(const std::vector<std::string>& stores) = 0;
};

using MakeMedium = std::function<std::unique_ptr<Medium>()>;

MakeMedium InMemory();

// Each in a new folder of `directory`, removed with it. Batches of as many keys and more are
// written as sorted files.
MakeMedium OnRocksDb(const std::string& directory, size_t ingest_keys);

}  // namespace simulation
