#include "state/rocksdb/rocksdb_backend.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "state/rocksdb/database.h"
#include "state/rocksdb/figures.h"
#include "state/rocksdb/store_folders.h"

namespace state {
namespace {

namespace fs = std::filesystem;

// Where files are written that are about to be taken in.
constexpr char kIngestFolder[] = "ingest";

std::string IngestFolder(const std::string& path) { return absl::StrCat(path, "/", kIngestFolder); }

size_t Keys(const Batch& batch) {
  size_t keys = 0;
  for (const auto& writes : batch.stores) keys += writes.size();
  return keys;
}

// RocksDB's warnings go to our log. Its own log file in the store's folder ends the process
// when the disk is full: the library, as Debian builds it, asserts at the second line that
// it cannot write.
class WarningsToOurLog final : public rocksdb::Logger {
 public:
  explicit WarningsToOurLog(std::string path)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), path_(std::move(path)) {}

  void LogHeader(const char*, va_list) override {}
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level > rocksdb::InfoLogLevel::FATAL_LEVEL) {
      return;
    }
    char text[1024];
    std::vsnprintf(text, sizeof(text), format, arguments);
    // Said of each process's first file; nothing is wrong, and nothing can be done about it.
    if (std::strstr(text, "opened without unique ID to verify") != nullptr) return;
    base::Log(limit_, format,
              level == rocksdb::InfoLogLevel::WARN_LEVEL ? base::LogLevel::kWarning
                                                         : base::LogLevel::kError,
              "rocksdb", {{"store", path_}, {"message", text}});
  }

 private:
  const std::string path_;
  base::LogLimit limit_{base::SystemClock(), 5, absl::Seconds(10)};  // of each format
};

// The error that stopped RocksDB's background work, and so its writes. Thread-safe.
class BackgroundErrors final : public rocksdb::EventListener {
 public:
  rocksdb::Status last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    last_ = rocksdb::Status::OK();
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    const std::lock_guard lock(mutex_);
    last_ = *error;
  }
  // After a full disk it would look for room every few seconds, and refuse our own tries
  // until it does.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* automatic) override {
    *automatic = false;
  }

 private:
  mutable std::mutex mutex_;
  rocksdb::Status last_;
};

class RocksDbBackend final : public Backend {
 public:
  // `open`: where it is shown as long as it lives.
  RocksDbBackend(std::unique_ptr<Database> database, std::shared_ptr<BackgroundErrors> errors,
                 size_t ingest_keys, bool flush_on_close, std::shared_ptr<OpenDatabases> open)
      : database_(std::move(database)),
        errors_(std::move(errors)),
        ingest_keys_(ingest_keys),
        flush_on_close_(flush_on_close),
        open_(std::move(open)) {}

  ~RocksDbBackend() override {
    open_->Remove(database_.get());
    if (!flush_on_close_) return;
    const absl::Status flushed = ToStatus(FlushAll(), "flush", path());
    if (flushed.ok()) return;
    base::Log(base::LogLevel::kWarning, "closed without a flush", {{"error", flushed}});
  }

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

  absl::Status Apply(const Batch& batch) override {
    if (batch.stores.size() > database_->stores()) {
      return absl::InvalidArgumentError(absl::StrCat(path(), " was opened with ",
                                                     database_->stores(), " stores, a batch has ",
                                                     batch.stores.size()));
    }
    const bool large = Keys(batch) >= ingest_keys_;
    return ToStatus(Try([&] { return large ? Ingest(batch) : Put(batch); }), "write to", path());
  }

  absl::Status Flush() override {
    return ToStatus(Try([&] { return FlushAll(); }), "flush", path());
  }

 private:
  const std::string& path() const { return database_->path(); }
  rocksdb::DB* db() const { return database_->db(); }

  // After a full disk RocksDB refuses all writes until it is told to go on.
  template <class Operation>
  rocksdb::Status Try(Operation operation) {
    rocksdb::Status status = operation();
    if (status.ok() || !db()->Resume().ok()) return status;
    errors_->Forget();
    return operation();
  }

  rocksdb::Status FlushAll();
  bool HasUnflushed() const;
  rocksdb::Status Put(const Batch& batch);
  rocksdb::Status Ingest(const Batch& batch);
  rocksdb::Status WriteFiles(const Batch& batch,
                             std::vector<rocksdb::IngestExternalFileArg>* files);
  rocksdb::Status WriteFile(rocksdb::ColumnFamilyHandle* family, const std::vector<Write>& writes,
                            std::vector<rocksdb::IngestExternalFileArg>* files);

  std::unique_ptr<Database> database_;
  const std::shared_ptr<BackgroundErrors> errors_;
  const size_t ingest_keys_;
  const bool flush_on_close_;
  const std::shared_ptr<OpenDatabases> open_;
};

// Once it has been told to go on after an error, RocksDB 7.8 no longer waits for flushes: it
// returns OK at once (a flag stays set, ErrorHandler::is_db_stopped_). So we look ourselves
// whether anything is left.
rocksdb::Status RocksDbBackend::FlushAll() {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;  // else it may wait for compactions
  rocksdb::Status status = db()->Flush(options, database_->families());
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  while (status.ok() && HasUnflushed()) {
    status = errors_->last();
    if (status.ok() && absl::Now() > deadline) {
      status = rocksdb::Status::TimedOut("the flush does not come to an end");
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  return status;
}

bool RocksDbBackend::HasUnflushed() const {
  for (rocksdb::ColumnFamilyHandle* family : database_->families()) {
    for (const std::string& what : {rocksdb::DB::Properties::kNumImmutableMemTable,
                                    rocksdb::DB::Properties::kNumEntriesActiveMemTable}) {
      uint64_t left = 0;
      if (!db()->GetIntProperty(family, what, &left) || left > 0) return true;
    }
  }
  return false;
}

rocksdb::Status RocksDbBackend::Put(const Batch& batch) {
  rocksdb::WriteBatch writes;
  rocksdb::Status status;
  for (size_t i = 0; i < batch.stores.size(); ++i) {
    rocksdb::ColumnFamilyHandle* family = database_->store(i);
    for (const Write& write : batch.stores[i]) {
      status = write.value ? writes.Put(family, ToSlice(write.key), ToSlice(*write.value))
                           : writes.Delete(family, ToSlice(write.key));
      if (!status.ok()) return status;
    }
  }
  for (const auto& [name, value] : batch.marks) {
    status = writes.Put(database_->marks(), ToSlice(name), ToSlice(value));
    if (!status.ok()) return status;
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return db()->Write(options, &writes);
}

rocksdb::Status RocksDbBackend::Ingest(const Batch& batch) {
  // What is taken in is durable at once: what was applied before has to be, too. RocksDB
  // by itself flushes only where keys overlap.
  rocksdb::Status status = FlushAll();
  if (!status.ok()) return status;
  std::vector<rocksdb::IngestExternalFileArg> files;
  status = WriteFiles(batch, &files);
  if (status.ok() && !files.empty()) status = db()->IngestExternalFiles(files);
  std::error_code ignored;  // what stays is removed at the next opening
  fs::remove_all(IngestFolder(path()), ignored);
  return status;
}

rocksdb::Status RocksDbBackend::WriteFiles(const Batch& batch,
                                           std::vector<rocksdb::IngestExternalFileArg>* files) {
  rocksdb::Status status = db()->GetEnv()->CreateDirIfMissing(IngestFolder(path()));
  for (size_t i = 0; status.ok() && i < batch.stores.size(); ++i) {
    status = WriteFile(database_->store(i), batch.stores[i], files);
  }
  if (!status.ok()) return status;
  std::vector<Write> marks;
  for (const auto& [name, value] : batch.marks) marks.push_back({name, value});
  std::sort(marks.begin(), marks.end(),
            [](const Write& a, const Write& b) { return a.key < b.key; });
  return WriteFile(database_->marks(), marks, files);
}

rocksdb::Status RocksDbBackend::WriteFile(rocksdb::ColumnFamilyHandle* family,
                                          const std::vector<Write>& writes,
                                          std::vector<rocksdb::IngestExternalFileArg>* files) {
  if (writes.empty()) return rocksdb::Status::OK();
  const std::string file = absl::StrCat(IngestFolder(path()), "/", family->GetID(), ".sst");
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db()->GetOptions(family), family);
  rocksdb::Status status = writer.Open(file);
  for (size_t i = 0; status.ok() && i < writes.size(); ++i) {
    const Write& write = writes[i];
    status = write.value ? writer.Put(ToSlice(write.key), ToSlice(*write.value))
                         : writer.Delete(ToSlice(write.key));
  }
  if (status.ok()) status = writer.Finish();
  if (!status.ok()) return status;
  rocksdb::IngestExternalFileArg arg;
  arg.column_family = family;
  arg.external_files = {file};
  arg.options.move_files = true;
  arg.options.write_global_seqno = false;  // the manifest has it; saves a write and a sync
  files->push_back(std::move(arg));
  return rocksdb::Status::OK();
}

absl::Status CheckNames(const std::vector<std::string>& stores) {
  std::set<std::string> seen;
  for (const std::string& store : stores) {
    if (store.empty() || store == MarksFamily() || !seen.insert(store).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", store, "\" cannot name a store: it is empty, reserved or named twice"));
    }
  }
  if (stores.size() > std::numeric_limits<StoreIndex::rep>::max()) {
    return absl::InvalidArgumentError(absl::StrCat(stores.size(), " stores are too many"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string RocksDbVersion() {
  return absl::StrCat(ROCKSDB_MAJOR, ".", ROCKSDB_MINOR, ".", ROCKSDB_PATCH);
}

struct RocksDbBackendFactory::Shared {
  Shared(std::string directory, const RocksDbOptions& options)
      : folders(std::move(directory)),
        ingest_keys(options.ingest_keys),
        flush_on_close(options.flush_on_close),
        block_cache(rocksdb::NewLRUCache(options.block_cache_bytes)),
        write_buffers(std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes)),
        open(std::make_shared<OpenDatabases>(block_cache)) {}

  rocksdb::DBOptions Db(const std::string& path) const {
    rocksdb::DBOptions db;
    db.create_missing_column_families = true;
    db.atomic_flush = true;
    db.paranoid_checks = true;
    db.write_buffer_manager = write_buffers;
    db.allow_concurrent_memtable_write = false;  // there is one writer
    db.max_background_jobs = 2;
    db.max_bgerror_resume_count = 0;        // we resume, and see whether it worked
    db.avoid_flush_during_shutdown = true;  // we flush, and see whether it worked
    db.max_manifest_file_size = 4 << 20;
    db.skip_stats_update_on_db_open = true;
    db.stats_dump_period_sec = 0;  // an idle worker stays idle
    db.stats_persist_period_sec = 0;
    db.info_log = std::make_shared<WarningsToOurLog>(path);
    return db;
  }

  rocksdb::ColumnFamilyOptions Family() const {
    rocksdb::ColumnFamilyOptions family = FamilyOptions();
    auto* table = family.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
    table->block_cache = block_cache;
    family.force_consistency_checks = true;
    // Each checkpoint is flushed, so memtables stay small; a family that has few keys in
    // one should not take a megabyte for them.
    family.write_buffer_size = 16 << 20;
    family.arena_block_size = 64 << 10;
    // Files that a restore takes in overlap all there is and come to level 0: the levels
    // below it stay few.
    family.level_compaction_dynamic_level_bytes = true;
    return family;
  }

  StoreFolders folders;
  size_t ingest_keys;
  bool flush_on_close;
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  std::shared_ptr<OpenDatabases> open;
};

RocksDbBackendFactory::RocksDbBackendFactory(std::string directory, const RocksDbOptions& options)
    : shared_(std::make_unique<Shared>(std::move(directory), options)) {}

RocksDbBackendFactory::~RocksDbBackendFactory() = default;

absl::StatusOr<std::unique_ptr<Backend>> RocksDbBackendFactory::Open(
    const std::string& name, const std::vector<std::string>& stores) {
  RETURN_IF_ERROR(CheckNames(stores));
  RETURN_IF_ERROR(shared_->folders.Settle(name));
  const std::string path = shared_->folders.Path(name);
  ASSIGN_OR_RETURN(const FolderContent content, LookIntoFolder(path));
  rocksdb::DBOptions options = shared_->Db(path);
  const auto errors = std::make_shared<BackgroundErrors>();
  options.listeners = {errors};
  if (content == FolderContent::kDamaged) return Damaged(path, "it has no file CURRENT");
  if (content == FolderContent::kUnmade) RETURN_IF_ERROR(shared_->folders.Remove(name));
  if (content == FolderContent::kStore) {
    std::vector<std::string> found;
    RETURN_IF_ERROR(ToOpenStatus(rocksdb::DB::ListColumnFamilies(options, path, &found), path));
    RETURN_IF_ERROR(CheckFamilies(path, found, stores));
  } else {
    options.create_if_missing = true;
    RETURN_IF_ERROR(shared_->folders.Make(name));
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  RETURN_IF_ERROR(ToOpenStatus(
      rocksdb::DB::Open(options, path, Descriptors(stores, shared_->Family()), &families, &db),
      path));
  auto database = std::make_unique<Database>(path, db, std::move(families));
  // RocksDB makes durable what is in its folder, but not the folder's own name.
  if (options.create_if_missing) RETURN_IF_ERROR(shared_->folders.Sync());
  std::error_code ignored;  // a crash's; under the lock, so nobody uses it
  fs::remove_all(IngestFolder(path), ignored);
  shared_->open->Add(database.get(), name, stores);
  return std::make_unique<RocksDbBackend>(std::move(database), errors, shared_->ingest_keys,
                                          shared_->flush_on_close, shared_->open);
}

void RocksDbBackendFactory::Collect(base::MetricSnapshot* snapshot) const {
  shared_->open->Collect(snapshot);
}

absl::StatusOr<bool> RocksDbBackendFactory::Exists(const std::string& name) const {
  return shared_->folders.Exists(name);
}

absl::Status RocksDbBackendFactory::Replace(const std::string& from, const std::string& to) {
  return shared_->folders.Replace(from, to);
}

absl::Status RocksDbBackendFactory::Remove(const std::string& name) {
  return shared_->folders.Remove(name);
}

}  // namespace state
