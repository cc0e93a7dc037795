#include "state/rocksdb/store_folders.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace state {
namespace {

namespace fs = std::filesystem;

constexpr char kNext[] = ".next";
constexpr char kRemoved[] = ".removed";

absl::Status FileError(std::string_view what, const std::string& path, std::string_view why) {
  return absl::InternalError(absl::StrCat("cannot ", std::string(what), " ", path, ": ",
                                          std::string(why),
                                          ". Check the disk and the permissions"));
}

absl::Status CheckName(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || absl::StrContains(name, '/') ||
      absl::EndsWith(name, kNext) || absl::EndsWith(name, kRemoved)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", name, "\" cannot name a store: it must be a plain file name that does not end in ",
        kNext, " or ", kRemoved));
  }
  return absl::OkStatus();
}

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

// What RocksDB has made by the time CURRENT comes, which makes the database.
bool BelongsToMaking(const std::string& file) {
  return file == "LOCK" || file == "IDENTITY" || absl::StartsWith(file, "LOG") ||
         absl::StartsWith(file, "MANIFEST-") || absl::StartsWith(file, "OPTIONS-") ||
         absl::EndsWith(file, ".dbtmp") || absl::EndsWith(file, ".log");
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? FileError("remove", path, error.message()) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<FolderContent> LookIntoFolder(const std::string& path) {
  if (!IsThere(path)) return FolderContent::kNothing;
  bool empty = true;
  bool has_current = false;
  bool has_data = false;
  std::string foreign;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const std::string file = at->path().filename().string();
    empty = false;
    has_current |= file == "CURRENT";
    has_data |= absl::EndsWith(file, ".sst");
    if (!BelongsToMaking(file)) foreign = file;
  }
  if (error) return FileError("look into", path, error.message());
  if (has_current) return FolderContent::kStore;
  if (has_data) return FolderContent::kDamaged;
  if (empty) return FolderContent::kNothing;
  if (foreign.empty()) return FolderContent::kUnmade;
  return absl::FailedPreconditionError(
      absl::StrCat(path, " holds ", foreign, ", which belongs to no store. Use another directory"));
}

std::string FolderThatCounts(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const std::string plain = end == std::string::npos ? path : path.substr(0, end + 1);
  return IsThere(plain + kNext) ? plain + kNext : plain;
}

std::string StoreFolders::Path(std::string_view name) const {
  return absl::StrCat(directory_, "/", std::string(name));
}

absl::Status StoreFolders::Settle(const std::string& name) const {
  RETURN_IF_ERROR(CheckName(name));
  if (IsThere(Path(name + kNext))) {
    RETURN_IF_ERROR(PutAway(name));
    RETURN_IF_ERROR(Rename(name + kNext, name));
  }
  return RemovePutAway(name);
}

absl::Status StoreFolders::Make(const std::string& name) const {
  std::error_code error;
  fs::create_directory(Path(name), error);
  return error ? FileError("make", Path(name), error.message()) : absl::OkStatus();
}

absl::StatusOr<bool> StoreFolders::Exists(const std::string& name) const {
  RETURN_IF_ERROR(CheckName(name));
  ASSIGN_OR_RETURN(const FolderContent content, LookIntoFolder(FolderThatCounts(Path(name))));
  return content == FolderContent::kStore || content == FolderContent::kDamaged;
}

absl::Status StoreFolders::Replace(const std::string& from, const std::string& to) const {
  RETURN_IF_ERROR(Settle(from));
  RETURN_IF_ERROR(Settle(to));
  if (from == to) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool exists, Exists(from));
  if (!exists) return absl::NotFoundError(absl::StrCat("there is no store in ", Path(from)));
  RETURN_IF_ERROR(Rename(from, to + kNext));  // from here on it is the new one
  return Settle(to);
}

absl::Status StoreFolders::Remove(const std::string& name) const {
  RETURN_IF_ERROR(Settle(name));
  RETURN_IF_ERROR(PutAway(name));
  return RemovePutAway(name);
}

// A removal takes many steps, a rename one: no half of a store ever bears its name.
absl::Status StoreFolders::PutAway(const std::string& name) const {
  if (!IsThere(Path(name))) return absl::OkStatus();
  RETURN_IF_ERROR(RemovePutAway(name));
  return Rename(name, name + kRemoved);
}

absl::Status StoreFolders::RemovePutAway(const std::string& name) const {
  return RemoveAll(Path(name + kRemoved));
}

absl::Status StoreFolders::Rename(const std::string& from, const std::string& to) const {
  if (::rename(Path(from).c_str(), Path(to).c_str()) != 0) {
    const std::string why = std::strerror(errno);
    return FileError("rename", Path(from), absl::StrCat("to ", to, ": ", why));
  }
  return Sync();
}

absl::Status StoreFolders::Sync() const {
  const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open", directory_, std::strerror(errno));
  const int synced = ::fsync(fd);
  const int why = errno;
  ::close(fd);
  return synced == 0 ? absl::OkStatus() : FileError("sync", directory_, std::strerror(why));
}

}  // namespace state
