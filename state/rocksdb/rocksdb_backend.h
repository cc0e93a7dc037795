// Stores on disk: one RocksDB a name, one column family a store, the marks in one of
// their own.
//
// There is no write-ahead log: the changelog topics are that. A small batch goes through
// the memtables and atomic_flush puts all column families down together; a large one, as
// a restore makes, is written as sorted files and taken in atomically (several times
// faster, bench/state tells).
//
// Errors name the directory. A store that is damaged says so; it may be removed and is
// then restored from the changelogs. After a full disk has room again, Apply and Flush
// work again.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/backend.h"

namespace state {

struct RocksDbOptions {
  size_t block_cache_bytes = 32 << 20;   // for all stores of the process
  size_t write_buffer_bytes = 64 << 20;  // the same
  // Batches of as many keys are ingested as files.
  size_t ingest_keys = 20'000;
};

class RocksDbBackendFactory final : public BackendFactory {
 public:
  // `directory` exists; the stores are folders in it.
  RocksDbBackendFactory(std::string directory, const RocksDbOptions& options);
  ~RocksDbBackendFactory() override;

  absl::StatusOr<std::unique_ptr<Backend>> Open(const std::string& name,
                                                const std::vector<std::string>& stores) override;
  absl::StatusOr<bool> Exists(const std::string& name) const override;
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& name) override;

 private:
  struct Shared;
  std::string directory_;
  std::unique_ptr<Shared> shared_;
};

// The last checkpoint of the store in `path`, without its lock and without changing
// anything there, whether or not a worker runs on it. Apply and Flush fail. The stores
// that it has must be among `stores` and in their order.
absl::StatusOr<std::unique_ptr<Backend>> OpenRocksDbReadOnly(
    const std::string& path, const std::vector<std::string>& stores);

}  // namespace state
