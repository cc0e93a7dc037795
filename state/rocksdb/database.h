// An open RocksDB with its column families, and what the writing and the reading backend
// have in common. Inside of state/rocksdb only.
//
// Thread-safe for reads, as RocksDB is.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/backend.h"

namespace state {

inline rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// The marks' column family: RocksDB insists on one of this name.
const std::string& MarksFamily();

// The same error with the path and what to do about it. `doing`: "flush", "read".
absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing,
                      const std::string& path);
// For errors of opening, where nearly everything that is not the disk's is damage.
absl::Status ToOpenStatus(const rocksdb::Status& status, const std::string& path);
absl::Status Damaged(const std::string& path, std::string_view why);

// An error that names the column families that are there and are no store of `stores`.
absl::Status CheckFamilies(const std::string& path, const std::vector<std::string>& found,
                           const std::vector<std::string>& stores);

// How the column families lie on disk, but for what is shared in memory.
rocksdb::ColumnFamilyOptions FamilyOptions();

// The marks' family, then the stores'.
std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors(
    const std::vector<std::string>& stores, const rocksdb::ColumnFamilyOptions& options);

class Database {
 public:
  // `families`: the marks', then the stores'; null for a store that is not there.
  Database(std::string path, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  rocksdb::DB* db() const { return db_.get(); }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }
  rocksdb::ColumnFamilyHandle* marks() const { return families_[0]; }
  rocksdb::ColumnFamilyHandle* store(size_t index) const { return families_[index + 1]; }
  size_t stores() const { return families_.size() - 1; }

  absl::StatusOr<bool> Get(StoreIndex store, std::string_view key, std::string* value) const;
  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const;
  std::unique_ptr<Iterator> Iterate(StoreIndex store, std::string_view from) const;

 private:
  absl::StatusOr<bool> Find(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                            std::string* value) const;

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace state
