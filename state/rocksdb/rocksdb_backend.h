// Stores on disk: one RocksDB a name, one column family a store, the marks in one of
// their own.
//
// There is no write-ahead log: the changelog topics are that. A small batch goes through
// the memtables, which one atomic flush puts down for all families together; a large one,
// as a restore makes, is written as sorted files that are taken in together. After a large
// one Apply is durable already.
//
// Errors name the directory and what to do. A damaged store (DataLoss) can be removed: it
// is then restored from the changelogs. After a full disk (ResourceExhausted) Apply and
// Flush work again as soon as there is room.
//
// An iterator must not outlive its backend. Closing a backend flushes; a failure of that
// is as a crash before the flush.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "state/backend.h"

namespace state {

struct RocksDbOptions {
  size_t block_cache_bytes = 32 << 20;   // for all stores of the factory together
  size_t write_buffer_bytes = 64 << 20;  // the same; above it they flush by themselves
  // Batches of as many keys and more are taken in as files. Measured (random keys, 80
  // bytes, two stores, with the flush): files cost 1.5 times as much at 300 keys, the same
  // at 2,000-3,000, 0.6 times at 10,000 and a third at 100,000.
  size_t ingest_keys = 5'000;
  // False, for tests: closing a backend is as a crash, what was not flushed is lost.
  bool flush_on_close = true;
};

std::string RocksDbVersion();

// Thread-safe, one call at a time for a name.
class RocksDbBackendFactory final : public BackendFactory {
 public:
  // `directory` exists; each store is a folder in it.
  RocksDbBackendFactory(std::string directory, const RocksDbOptions& options);
  ~RocksDbBackendFactory() override;

  // A store that this has made is durable. DataLoss where what is there is damaged,
  // FailedPrecondition where it is open already or has stores that are not named.
  absl::StatusOr<std::unique_ptr<Backend>> Open(const std::string& name,
                                                const std::vector<std::string>& stores) override;
  absl::StatusOr<bool> Exists(const std::string& name) const override;
  // An error may leave either in the place of `to`; the next call for that name settles it.
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& name) override;

  // Adds figures of the stores that are open. From any thread.
  void Collect(base::MetricSnapshot* snapshot) const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

// What the last flush left of the store in the folder `path`, without its lock and without
// changing anything there: beside a running worker, on a stopped one, a copy or a read-only
// disk. Later flushes do not show. Apply and Flush fail. A store that is named and not there is
// empty, one that is there and not named is an error. NotFound: there is none.
absl::StatusOr<std::unique_ptr<Backend>> OpenRocksDbReadOnly(
    const std::string& path, const std::vector<std::string>& stores);

// What is left of a store that the above calls damaged. Nothing is changed there.
struct SalvagedStore {
  std::unique_ptr<Backend> backend;  // for reading only
  std::vector<std::string> damaged;  // each file that cannot be read: its path, and why
};

// Reads a store without those of its files that cannot be opened: what they held is missing, or
// as it was in files that are older. A lost or damaged CURRENT is done without. Error: what
// says which files count is damaged itself (MANIFEST), or it is no damage.
absl::StatusOr<SalvagedStore> SalvageRocksDb(const std::string& path,
                                             const std::vector<std::string>& stores);

// The names of the stores that are there, looked up in the same way, in ascending order.
absl::StatusOr<std::vector<std::string>> ListRocksDbStores(const std::string& path);

}  // namespace state
