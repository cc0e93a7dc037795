// Figures of the databases that are open, asked of RocksDB when somebody wants to see them.
//
// Thread-safe. A database is added while it is open: who takes it out again waits for a
// question that is just being answered, which are answered from memory.
#pragma once

#include <rocksdb/cache.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "state/rocksdb/database.h"

namespace state {

class OpenDatabases {
 public:
  explicit OpenDatabases(std::shared_ptr<rocksdb::Cache> block_cache)
      : block_cache_(std::move(block_cache)) {}

  // `stores`: the names, in the order of the database.
  void Add(const Database* database, const std::string& name,
           const std::vector<std::string>& stores);
  void Remove(const Database* database);

  void Collect(base::MetricSnapshot* snapshot) const;

 private:
  struct Names {
    std::string name;
    std::vector<std::string> stores;
  };

  const std::shared_ptr<rocksdb::Cache> block_cache_;
  mutable absl::Mutex mutex_;
  std::map<const Database*, Names> open_;
};

}  // namespace state
