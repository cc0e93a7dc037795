// Reading what is left of a damaged store.
//
// The manifest says which files make up each column family, and in what order their entries
// count. So it is opened as it is, and only what a file that cannot be opened would give is
// replaced, in memory: by a file of the same size that deletes the smallest key of the one
// that is lost (a file without any entry cannot be written). RocksDB's own ways are none:
// best_efforts_recovery and a secondary instance go back to an older version of the whole
// family; RepairDB changes the folder, takes files in that no longer count, and cannot know
// the order of those that were ingested.
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "state/rocksdb/database.h"
#include "state/rocksdb/read_only.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/rocksdb/store_folders.h"

namespace state {
namespace {

namespace fs = std::filesystem;

constexpr char kManifest[] = "MANIFEST-";

// The files as they are, but for some that are in memory instead.
class PatchedFiles final : public rocksdb::FileSystemWrapper {
 public:
  PatchedFiles()
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()),
        memory_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {}

  static const char* kClassName() { return "PatchedFiles"; }
  const char* Name() const override { return kClassName(); }

  rocksdb::Env* memory() const { return memory_.get(); }

  rocksdb::Status Replace(const std::string& path, const std::string& content) {
    const std::string name = absl::StrCat("/", replaced_.size());
    const rocksdb::Status written = rocksdb::WriteStringToFile(memory_.get(), content, name);
    if (written.ok()) replaced_[path] = name;
    return written;
  }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override {
    const auto found = replaced_.find(path);
    if (found == replaced_.end()) return target()->NewSequentialFile(path, options, file, debug);
    return memory_->GetFileSystem()->NewSequentialFile(found->second, options, file, debug);
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    const auto found = replaced_.find(path);
    if (found == replaced_.end()) return target()->NewRandomAccessFile(path, options, file, debug);
    return memory_->GetFileSystem()->NewRandomAccessFile(found->second, options, file, debug);
  }

 private:
  std::unique_ptr<rocksdb::Env> memory_;
  std::map<std::string, std::string> replaced_;  // by path: its name in memory
};

// A file that deletes one key. A file's end says where its parts begin, so what is missing to
// the size that the manifest has goes before it.
rocksdb::Status WritePlaceholder(rocksdb::Env* memory, const rocksdb::SstFileMetaData& lost,
                                 std::string* content) {
  constexpr size_t kFooter = 53;  // of format 5
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  rocksdb::Options options;
  options.env = memory;
  options.compression = rocksdb::kNoCompression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
  const std::string path = "/placeholder";
  rocksdb::Status status = writer.Open(path);
  if (status.ok()) status = writer.Delete(lost.smallestkey);
  if (status.ok()) status = writer.Finish();
  if (status.ok()) status = rocksdb::ReadFileToString(memory, path, content);
  if (!status.ok()) return status;
  if (content->size() > lost.size) return rocksdb::Status::NoSpace("the file was too small");
  content->insert(content->size() - kFooter, lost.size - content->size(), '\0');
  return rocksdb::Status::OK();
}

std::vector<std::string> Manifests(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (absl::StartsWith(name, kManifest)) names.push_back(name);
  }
  std::sort(names.rbegin(), names.rend());  // their numbers have six digits or more
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return names;
}

class Salvage {
 public:
  Salvage(std::string path, const std::vector<std::string>& stores)
      : path_(std::move(path)),
        stores_(stores),
        files_(std::make_shared<PatchedFiles>()),
        env_(rocksdb::NewCompositeEnv(files_)),
        options_(ReadOnlyOptions()) {
    options_.env = env_.get();
    options_.paranoid_checks = false;                   // opens though a file is lost
    options_.verify_sst_unique_id_in_manifest = false;  // placeholders have ids of their own
  }

  absl::StatusOr<SalvagedStore> Run() {
    ASSIGN_OR_RETURN(std::unique_ptr<Database> database, OpenByManifest());
    if (ReplaceLost(*database)) {
      database.reset();
      ASSIGN_OR_RETURN(database, OpenDatabaseReadOnly(path_, stores_, options_));
    }
    salvaged_.backend = MakeReadOnlyBackend(std::move(database), env_);
    return std::move(salvaged_);
  }

 private:
  std::string InFolder(const std::string& name) const { return absl::StrCat(path_, "/", name); }
  void AddDamaged(const std::string& name, std::string_view why) {
    salvaged_.damaged.push_back(absl::StrCat(InFolder(name), ": ", std::string(why)));
  }

  // By the one that CURRENT names, else by the newest that can be read.
  absl::StatusOr<std::unique_ptr<Database>> OpenByManifest() {
    std::vector<std::string> manifests = Manifests(path_);
    std::string current;
    const rocksdb::Status read =
        rocksdb::ReadFileToString(rocksdb::Env::Default(), InFolder("CURRENT"), &current);
    const auto named = std::find_if(manifests.begin(), manifests.end(),
                                    [&](const auto& name) { return current == name + "\n"; });
    if (named != manifests.end()) {
      std::rotate(manifests.begin(), named, named + 1);
    } else {
      AddDamaged("CURRENT", read.ok() ? "names no manifest that is there" : read.ToString());
    }
    absl::Status why = Damaged(path_, "it has no manifest");
    for (const std::string& manifest : manifests) {
      const rocksdb::Status replaced = files_->Replace(InFolder("CURRENT"), manifest + "\n");
      RETURN_IF_ERROR(ToStatus(replaced, "read", path_));
      auto opened = OpenDatabaseReadOnly(path_, stores_, options_);
      if (opened.ok()) return opened;
      why = base::Annotate(opened.status(), InFolder(manifest));
      if (!absl::IsDataLoss(why)) return why;
      AddDamaged(manifest, std::string(why.message()));
    }
    return why;
  }

  // Whether there are any.
  bool ReplaceLost(const Database& database) {
    std::vector<rocksdb::LiveFileMetaData> live;
    database.db()->GetLiveFilesMetaData(&live);
    bool any = false;
    for (const rocksdb::LiveFileMetaData& file : live) {
      const std::string path = InFolder(file.relative_filename);
      rocksdb::SstFileReader reader(rocksdb::Options(rocksdb::DBOptions(), FamilyOptions()));
      rocksdb::Status status = reader.Open(path);
      std::error_code error;
      if (status.ok() && fs::file_size(path, error) != file.size) {
        status = rocksdb::Status::Corruption("its size is not the one that it was written with");
      }
      if (status.ok()) continue;
      any = true;
      AddDamaged(file.relative_filename, status.ToString());
      std::string placeholder;
      if (WritePlaceholder(files_->memory(), file, &placeholder).ok()) {
        // Where it fails, its column family cannot be read, which reading then tells.
        files_->Replace(path, placeholder).PermitUncheckedError();
      }
    }
    return any;
  }

  const std::string path_;
  const std::vector<std::string>& stores_;
  const std::shared_ptr<PatchedFiles> files_;
  const std::shared_ptr<rocksdb::Env> env_;
  rocksdb::DBOptions options_;
  SalvagedStore salvaged_;
};

}  // namespace

absl::StatusOr<SalvagedStore> SalvageRocksDb(const std::string& path,
                                             const std::vector<std::string>& stores) {
  return Salvage(FolderThatCounts(path), stores).Run();
}

}  // namespace state
