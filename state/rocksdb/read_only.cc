// Reading beside a running worker.
//
// RocksDB's read-only opening, not its secondary instance. Where a compaction removes a file
// between the reading of the manifest and the opening of the file, the former fails, and
// another try succeeds. The latter takes a missing or a damaged file for a reason to show an
// older version of that column family (VersionEditHandlerPointInTime), each by itself: what
// it shows need not be one moment, and damage would not be told. All files are opened at
// once and stay readable after their removal.
#include "state/rocksdb/read_only.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <cstdarg>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/rocksdb/store_folders.h"

namespace state {
namespace {

// RocksDB would else write its log into the folder.
class NoLog final : public rocksdb::Logger {
 public:
  NoLog() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class ReadOnlyBackend final : public Backend {
 public:
  ReadOnlyBackend(std::unique_ptr<Database> database, std::shared_ptr<rocksdb::Env> env)
      : env_(std::move(env)), database_(std::move(database)) {}

  absl::StatusOr<bool> Get(StoreIndex store, std::string_view key,
                           std::string* value) const override {
    return database_->Get(store, key, value);
  }
  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    return database_->GetMark(name, value);
  }
  std::unique_ptr<Iterator> Iterate(StoreIndex store, std::string_view from) const override {
    return database_->Iterate(store, from);
  }
  absl::Status Apply(const Batch&) override { return Refused(); }
  absl::Status Flush() override { return Refused(); }

 private:
  absl::Status Refused() const {
    return absl::FailedPreconditionError(
        absl::StrCat("the store in ", database_->path(), " was opened for reading only"));
  }

  std::shared_ptr<rocksdb::Env> env_;  // outlives the database
  std::unique_ptr<Database> database_;
};

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::StatusOr<std::vector<std::string>> Families(const std::string& path,
                                                  const rocksdb::DBOptions& options) {
  std::vector<std::string> found;
  RETURN_IF_ERROR(ToOpenStatus(rocksdb::DB::ListColumnFamilies(options, path, &found), path));
  return found;
}

absl::Status CheckIsStore(const std::string& path) {
  ASSIGN_OR_RETURN(const FolderContent content, LookIntoFolder(path));
  if (content == FolderContent::kDamaged) return Damaged(path, "it has no file CURRENT");
  if (content != FolderContent::kStore) {
    return absl::NotFoundError(absl::StrCat("there is no store in ", path));
  }
  return absl::OkStatus();
}

// A running worker may remove files between two of our looks: that looks like damage, and
// does not last.
template <class Result, class Look>
absl::StatusOr<Result> UntilItStandsStill(const std::string& path, Look look) {
  constexpr int kTries = 50;
  for (int tries = 1;; ++tries) {
    absl::StatusOr<Result> result = look(FolderThatCounts(path));
    if (result.ok() || tries == kTries) return result;
    if (result.status().code() != absl::StatusCode::kDataLoss && tries > 2) return result;
    absl::SleepFor(absl::Milliseconds(std::min(tries, 20)));
  }
}

}  // namespace

rocksdb::DBOptions ReadOnlyOptions() {
  rocksdb::DBOptions options;
  options.info_log = std::make_shared<NoLog>();
  options.max_open_files = -1;  // all are opened at once
  options.paranoid_checks = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

absl::StatusOr<std::unique_ptr<Database>> OpenDatabaseReadOnly(
    const std::string& path, const std::vector<std::string>& stores,
    const rocksdb::DBOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> found, Families(path, options));
  RETURN_IF_ERROR(CheckFamilies(path, found, stores));
  std::vector<std::string> there;
  for (const std::string& store : stores) {
    if (Has(found, store)) there.push_back(store);
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> opened;
  RETURN_IF_ERROR(
      ToOpenStatus(rocksdb::DB::OpenForReadOnly(options, path, Descriptors(there, FamilyOptions()),
                                                &opened, &db),
                   path));
  std::vector<rocksdb::ColumnFamilyHandle*> families{opened[0]};
  size_t next = 1;
  for (const std::string& store : stores) {
    families.push_back(Has(there, store) ? opened[next++] : nullptr);
  }
  return std::make_unique<Database>(path, db, std::move(families));
}

std::unique_ptr<Backend> MakeReadOnlyBackend(std::unique_ptr<Database> database,
                                             std::shared_ptr<rocksdb::Env> env) {
  return std::make_unique<ReadOnlyBackend>(std::move(database), std::move(env));
}

absl::StatusOr<std::unique_ptr<Backend>> OpenRocksDbReadOnly(
    const std::string& path, const std::vector<std::string>& stores) {
  return UntilItStandsStill<std::unique_ptr<Backend>>(
      path, [&](const std::string& folder) -> absl::StatusOr<std::unique_ptr<Backend>> {
        RETURN_IF_ERROR(CheckIsStore(folder));
        ASSIGN_OR_RETURN(auto database, OpenDatabaseReadOnly(folder, stores, ReadOnlyOptions()));
        return MakeReadOnlyBackend(std::move(database), nullptr);
      });
}

absl::StatusOr<std::vector<std::string>> ListRocksDbStores(const std::string& path) {
  ASSIGN_OR_RETURN(
      std::vector<std::string> names,
      (UntilItStandsStill<std::vector<std::string>>(
          path, [](const std::string& folder) -> absl::StatusOr<std::vector<std::string>> {
            RETURN_IF_ERROR(CheckIsStore(folder));
            return Families(folder, ReadOnlyOptions());
          })));
  names.erase(std::remove(names.begin(), names.end(), MarksFamily()), names.end());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace state
