#include "state/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/uuid.h"

namespace state {
namespace {

constexpr int kFormat = 1;

absl::Status SystemError(const std::string& what, int error) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(error)));
}

// Makes a rename or a new file in `directory` outlast a power cut.
absl::Status SyncDirectory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError(absl::StrCat("cannot open ", directory), errno);
  const int synced = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  return synced == 0 ? absl::OkStatus()
                     : SystemError(absl::StrCat("cannot sync ", directory), error);
}

absl::Status WriteWhole(int fd, const std::string& path, const std::string& text) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(fd, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(absl::StrCat("cannot write ", path), errno);
    written += static_cast<size_t>(n);
  }
  if (::fsync(fd) != 0) return SystemError(absl::StrCat("cannot sync ", path), errno);
  return absl::OkStatus();
}

// All or nothing, also across a crash.
absl::Status WriteFileAtomically(const std::string& directory, const std::string& name,
                                 const std::string& text) {
  const std::string path = absl::StrCat(directory, "/", name);
  const std::string draft = absl::StrCat(path, ".new");
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError(absl::StrCat("cannot make ", draft), errno);
  const absl::Status written = WriteWhole(fd, draft, text);
  ::close(fd);
  RETURN_IF_ERROR(written);
  if (::rename(draft.c_str(), path.c_str()) != 0) {
    return SystemError(absl::StrCat("cannot rename ", draft), errno);
  }
  return SyncDirectory(directory);
}

using Fields = std::map<std::string, std::string>;

absl::StatusOr<Fields> ReadFields(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("there is no ", path));
  Fields fields;
  std::string line;
  while (std::getline(file, line)) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) {
      return absl::DataLossError(absl::StrCat(path, " has a line without '=': \"", line, "\""));
    }
    fields[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return fields;
}

absl::Status CheckFields(const std::string& path, const Fields& fields,
                         const std::string& application_id) {
  const auto field = [&](const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  };
  if (field("format") != absl::StrCat(kFormat)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " has format \"", field("format"), "\", this program knows ", kFormat,
                     ". Use the program that wrote it, or another state directory"));
  }
  if (field("application_id") != application_id) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " belongs to application id \"", field("application_id"), "\", not to \"",
        application_id, "\". Use the directory of this application, or remove it"));
  }
  if (!base::ParseUuid(field("instance_id")).has_value()) {
    return absl::DataLossError(absl::StrCat(path, " has no instance id. Remove the directory ",
                                            "to have its state restored from the changelogs"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ApplicationDirectory(const std::string& state_dir, const std::string& application_id) {
  return absl::StrCat(state_dir, "/", application_id);
}

absl::Status CheckInstanceFile(const std::string& directory, const std::string& application_id) {
  const std::string path = directory + "/instance";
  ASSIGN_OR_RETURN(const Fields fields, ReadFields(path));
  return CheckFields(path, fields, application_id);
}

absl::StatusOr<std::unique_ptr<StateDirectory>> StateDirectory::Open(
    const std::string& state_dir, const std::string& application_id) {
  const std::string path = ApplicationDirectory(state_dir, application_id);
  std::error_code error;
  std::filesystem::create_directories(path + "/stores", error);
  if (error) {
    return absl::InternalError(
        absl::StrCat("cannot make the state directory ", path, ": ", error.message()));
  }
  std::unique_ptr<StateDirectory> directory(new StateDirectory(path));
  RETURN_IF_ERROR(directory->Lock());
  RETURN_IF_ERROR(directory->ReadOrMakeInstance(application_id));
  return directory;
}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

absl::Status StateDirectory::Lock() {
  const std::string path = path_ + "/lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return SystemError(absl::StrCat("cannot open ", path), errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError(absl::StrCat("cannot lock ", path), errno);
    char holder[32] = {};
    const ssize_t size = ::pread(lock_, holder, sizeof(holder) - 1, 0);
    return absl::FailedPreconditionError(
        absl::StrCat("state directory ", path_, " is in use by process ",
                     size > 0 ? std::string(holder, static_cast<size_t>(size)) : "(unknown)",
                     ". Stop it, or give this worker a STATE_DIR of its own"));
  }
  // The holder's id is for people; a failure to write it costs only that.
  const std::string holder = absl::StrCat(::getpid());
  if (::ftruncate(lock_, 0) == 0) {
    [[maybe_unused]] const ssize_t n = ::pwrite(lock_, holder.data(), holder.size(), 0);
  }
  return absl::OkStatus();
}

absl::Status StateDirectory::ReadOrMakeInstance(const std::string& application_id) {
  const std::string path = path_ + "/instance";
  auto fields = ReadFields(path);
  if (absl::IsNotFound(fields.status())) {
    instance_id_ = base::ToString(base::RandomUuid());
    return WriteFileAtomically(path_, "instance",
                               absl::StrCat("format=", kFormat, "\napplication_id=", application_id,
                                            "\ninstance_id=", instance_id_, "\n"));
  }
  RETURN_IF_ERROR(fields.status());
  RETURN_IF_ERROR(CheckFields(path, *fields, application_id));
  instance_id_ = fields->at("instance_id");
  return absl::OkStatus();
}

}  // namespace state
