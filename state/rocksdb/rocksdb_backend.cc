#include "state/rocksdb/rocksdb_backend.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace state {
namespace {

namespace fs = std::filesystem;

// RocksDB insists on a family of this name: it is where the marks are.
const std::string& MarksFamily() { return rocksdb::kDefaultColumnFamilyName; }

constexpr char kIngestFolder[] = "ingest";

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status ToStatus(const rocksdb::Status& status, const std::string& what,
                      const std::string& path) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(what, " ", path, ": ", status.ToString());
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(message);
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat(
        message, ". The store is damaged: remove it, and it is restored from the changelogs"));
  }
  return absl::InternalError(message);
}

class DbIterator final : public Iterator {
 public:
  DbIterator(std::unique_ptr<rocksdb::Iterator> iterator, std::string path, std::string_view from)
      : iterator_(std::move(iterator)), path_(std::move(path)) {
    iterator_->Seek(ToSlice(from));
  }
  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  absl::Status status() const override {
    return ToStatus(iterator_->status(), "cannot read", path_);
  }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
  std::string path_;
};

class RocksDbBackend final : public Backend {
 public:
  RocksDbBackend(std::string path, rocksdb::DB* db,
                 std::vector<rocksdb::ColumnFamilyHandle*> families, size_t ingest_keys,
                 std::string private_folder)
      : path_(std::move(path)),
        db_(db),
        families_(std::move(families)),
        ingest_keys_(ingest_keys),
        private_folder_(std::move(private_folder)) {}

  ~RocksDbBackend() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
    }
    db_.reset();
    std::error_code ignored;
    if (!private_folder_.empty()) fs::remove_all(private_folder_, ignored);
  }

  absl::StatusOr<bool> Get(StoreIndex store, std::string_view key,
                           std::string* value) const override {
    return Find(StoreFamily(store), key, value);
  }

  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    return Find(families_[0], name, value);
  }

  std::unique_ptr<Iterator> Iterate(StoreIndex store, std::string_view from) const override {
    rocksdb::ColumnFamilyHandle* family = StoreFamily(store);
    std::unique_ptr<rocksdb::Iterator> iterator(
        family == nullptr ? rocksdb::NewEmptyIterator()
                          : db_->NewIterator(rocksdb::ReadOptions(), family));
    return std::make_unique<DbIterator>(std::move(iterator), path_, from);
  }

  absl::Status Apply(const Batch& batch) override {
    if (ingest_keys_ == 0) {
      return absl::FailedPreconditionError(absl::StrCat(path_, " is open for reading only"));
    }
    size_t keys = 0;
    for (const auto& writes : batch.stores) keys += writes.size();
    return keys >= ingest_keys_ ? Ingest(batch) : WriteThroughMemtables(batch);
  }

  absl::Status Flush() override {
    if (ingest_keys_ == 0) {
      return absl::FailedPreconditionError(absl::StrCat(path_, " is open for reading only"));
    }
    rocksdb::FlushOptions options;
    options.allow_write_stall = true;
    return ToStatus(db_->Flush(options, families_), "cannot flush", path_);
  }

 private:
  // Null: a store that the files do not have yet.
  rocksdb::ColumnFamilyHandle* StoreFamily(StoreIndex store) const {
    const size_t at = store.value() + 1u;
    return at < families_.size() ? families_[at] : nullptr;
  }

  absl::StatusOr<bool> Find(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                            std::string* value) const {
    if (family == nullptr) return false;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, ToSlice(key), value);
    if (status.IsNotFound()) return false;
    RETURN_IF_ERROR(ToStatus(status, "cannot read", path_));
    return true;
  }

  absl::Status WriteThroughMemtables(const Batch& batch) {
    rocksdb::WriteBatch writes;
    for (size_t i = 0; i < batch.stores.size(); ++i) {
      rocksdb::ColumnFamilyHandle* family = families_[i + 1];
      for (const Write& write : batch.stores[i]) {
        const rocksdb::Status added =
            write.value.has_value() ? writes.Put(family, ToSlice(write.key), ToSlice(*write.value))
                                    : writes.Delete(family, ToSlice(write.key));
        RETURN_IF_ERROR(ToStatus(added, "cannot write to", path_));
      }
    }
    for (const auto& [name, value] : batch.marks) {
      RETURN_IF_ERROR(ToStatus(writes.Put(families_[0], ToSlice(name), ToSlice(value)),
                               "cannot write to", path_));
    }
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status written = db_->Write(options, &writes);
    // After a full disk the database refuses writes until it is told to go on.
    if (!written.ok() && db_->Resume().ok()) {
      return ToStatus(db_->Write(options, &writes), "cannot write to", path_);
    }
    return ToStatus(written, "cannot write to", path_);
  }

  absl::Status Ingest(const Batch& batch) {
    const std::string folder = absl::StrCat(path_, "/", kIngestFolder);
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
      return absl::InternalError(absl::StrCat("cannot make ", folder, ": ", error.message()));
    std::vector<rocksdb::IngestExternalFileArg> files;
    absl::Status outcome;
    for (size_t i = 0; outcome.ok() && i < batch.stores.size(); ++i) {
      outcome = WriteFile(folder, i + 1, batch.stores[i], &files);
    }
    std::vector<Write> marks;
    for (const auto& [name, value] : batch.marks) marks.push_back({name, value});
    std::sort(marks.begin(), marks.end(),
              [](const Write& a, const Write& b) { return a.key < b.key; });
    if (outcome.ok()) outcome = WriteFile(folder, 0, marks, &files);
    if (outcome.ok()) {
      outcome = ToStatus(db_->IngestExternalFiles(files), "cannot take files into", path_);
    }
    fs::remove_all(folder, error);
    return outcome;
  }

  absl::Status WriteFile(const std::string& folder, size_t family, const std::vector<Write>& writes,
                         std::vector<rocksdb::IngestExternalFileArg>* files) {
    if (writes.empty()) return absl::OkStatus();
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db_->GetOptions(families_[family]),
                                  families_[family]);
    const std::string file = absl::StrCat(folder, "/", family, ".sst");
    rocksdb::Status status = writer.Open(file);
    for (const Write& write : writes) {
      if (!status.ok()) break;
      status = write.value.has_value() ? writer.Put(ToSlice(write.key), ToSlice(*write.value))
                                       : writer.Delete(ToSlice(write.key));
    }
    if (status.ok()) status = writer.Finish();
    RETURN_IF_ERROR(ToStatus(status, "cannot write", file));
    rocksdb::IngestExternalFileArg arg;
    arg.column_family = families_[family];
    arg.external_files = {file};
    arg.options.move_files = true;
    files->push_back(std::move(arg));
    return absl::OkStatus();
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // the marks', then the stores'
  size_t ingest_keys_;                                  // 0: read only
  std::string private_folder_;                          // of a read-only one
};

absl::Status CheckFamilies(const std::string& path, const std::vector<std::string>& found,
                           const std::vector<std::string>& stores) {
  for (const std::string& name : found) {
    if (name == MarksFamily() || std::find(stores.begin(), stores.end(), name) != stores.end()) {
      continue;
    }
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has a store \"", name, "\" that this program does not know (it knows ",
                     absl::StrJoin(stores, ", "), "). Use the program that wrote it"));
  }
  return absl::OkStatus();
}

std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors(
    const std::vector<std::string>& stores, const rocksdb::ColumnFamilyOptions& options) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(MarksFamily(), options);
  for (const std::string& store : stores) descriptors.emplace_back(store, options);
  return descriptors;
}

}  // namespace

struct RocksDbBackendFactory::Shared {
  RocksDbOptions options;
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;

  rocksdb::DBOptions Db() const {
    rocksdb::DBOptions db;
    db.create_if_missing = true;
    db.create_missing_column_families = true;
    db.atomic_flush = true;
    db.avoid_flush_during_shutdown = true;  // what was not flushed is not committed state
    db.write_buffer_manager = write_buffers;
    db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    db.keep_log_file_num = 3;
    db.max_background_jobs = 2;
    return db;
  }

  rocksdb::ColumnFamilyOptions Family() const {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = block_cache;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    rocksdb::ColumnFamilyOptions family;
    family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    family.compression = rocksdb::kLZ4Compression;
    return family;
  }
};

RocksDbBackendFactory::RocksDbBackendFactory(std::string directory, const RocksDbOptions& options)
    : directory_(std::move(directory)), shared_(std::make_unique<Shared>()) {
  shared_->options = options;
  shared_->block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  shared_->write_buffers =
      std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
}

RocksDbBackendFactory::~RocksDbBackendFactory() = default;

absl::StatusOr<std::unique_ptr<Backend>> RocksDbBackendFactory::Open(
    const std::string& name, const std::vector<std::string>& stores) {
  const std::string path = absl::StrCat(directory_, "/", name);
  std::error_code ignored;
  fs::remove_all(absl::StrCat(path, "/", kIngestFolder), ignored);  // a crash's
  const rocksdb::DBOptions options = shared_->Db();
  if (fs::exists(path + "/CURRENT", ignored)) {
    std::vector<std::string> found;
    RETURN_IF_ERROR(
        ToStatus(rocksdb::DB::ListColumnFamilies(options, path, &found), "cannot open", path));
    RETURN_IF_ERROR(CheckFamilies(path, found, stores));
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  RETURN_IF_ERROR(ToStatus(
      rocksdb::DB::Open(options, path, Descriptors(stores, shared_->Family()), &families, &db),
      "cannot open", path));
  return std::make_unique<RocksDbBackend>(path, db, std::move(families),
                                          shared_->options.ingest_keys, "");
}

absl::StatusOr<bool> RocksDbBackendFactory::Exists(const std::string& name) const {
  std::error_code error;
  const bool exists = fs::exists(absl::StrCat(directory_, "/", name, "/CURRENT"), error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot look into ", directory_, ": ", error.message()));
  }
  return exists;
}

absl::Status RocksDbBackendFactory::Replace(const std::string& from, const std::string& to) {
  const std::string source = absl::StrCat(directory_, "/", from);
  const std::string target = absl::StrCat(directory_, "/", to);
  std::error_code error;
  // An exchange is one step: there is a whole store under the name at any moment.
  const bool exists = fs::exists(target, error);
  const int renamed =
      exists ? ::renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE)
             : ::rename(source.c_str(), target.c_str());
  if (renamed != 0) {
    return absl::InternalError(absl::StrCat("cannot put ", source, " in the place of ", target,
                                            ": ", std::strerror(errno)));
  }
  const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
  return Remove(from);
}

absl::Status RocksDbBackendFactory::Remove(const std::string& name) {
  const std::string path = absl::StrCat(directory_, "/", name);
  std::error_code error;
  fs::remove_all(path, error);
  if (error)
    return absl::InternalError(absl::StrCat("cannot remove ", path, ": ", error.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Backend>> OpenRocksDbReadOnly(
    const std::string& path, const std::vector<std::string>& stores) {
  std::error_code error;
  if (!fs::exists(path + "/CURRENT", error)) {
    return absl::NotFoundError(absl::StrCat("there is no store in ", path));
  }
  std::string scratch = (fs::temp_directory_path(error) / "party-state-XXXXXX").string();
  if (::mkdtemp(scratch.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make ", scratch, ": ", std::strerror(errno)));
  }
  rocksdb::Options options;
  options.max_open_files = -1;  // so that a file that is removed beneath us stays readable
  options.info_log_level = rocksdb::InfoLogLevel::FATAL_LEVEL;
  std::vector<std::string> found;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> opened;
  std::vector<std::string> there;
  rocksdb::Status status;
  // A running worker may replace files between our looks at them.
  for (int attempt = 0; attempt < 20; ++attempt) {
    status = rocksdb::DB::ListColumnFamilies(options, path, &found);
    if (!status.ok()) continue;
    if (absl::Status known = CheckFamilies(path, found, stores); !known.ok()) {
      fs::remove_all(scratch, error);
      return known;
    }
    there.clear();
    for (const std::string& store : stores) {
      if (std::find(found.begin(), found.end(), store) != found.end()) there.push_back(store);
    }
    status = rocksdb::DB::OpenAsSecondary(options, path, scratch, Descriptors(there, options),
                                          &opened, &db);
    if (status.ok()) break;
  }
  if (!status.ok()) {
    fs::remove_all(scratch, error);
    return ToStatus(status, "cannot open", path);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> families{opened[0]};
  for (const std::string& store : stores) {
    const auto at = std::find(there.begin(), there.end(), store);
    families.push_back(at == there.end() ? nullptr
                                         : opened[1 + static_cast<size_t>(at - there.begin())]);
  }
  return std::make_unique<RocksDbBackend>(path, db, std::move(families), 0, scratch);
}

}  // namespace state
