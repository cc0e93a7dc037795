// The directory that holds one worker's state: its identity, a lock, and one store
// directory for each state partition.
//
//   <state dir>/<application id>/
//     instance     text: format version, application id, instance id
//     lock         held by the process that works here
//     stores/<n>/  the stores of state partition n
//
// The instance id is made at the first use and never changes: a worker that comes back
// to its directory comes back to its name, and so to its partitions.
//
// Thread safety: none needed; opened once at start, then constant.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace state {

class StateDirectory {
 public:
  // Makes what is missing and takes the lock, which lasts as long as the object. Errors:
  // another process works here (with its process id), the directory is of another
  // application id or of a newer format, or it cannot be made or written.
  static absl::StatusOr<std::unique_ptr<StateDirectory>> Open(const std::string& state_dir,
                                                              const std::string& application_id);
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  const std::string& instance_id() const { return instance_id_; }
  std::string stores_path() const { return path_ + "/stores"; }

 private:
  explicit StateDirectory(std::string path) : path_(std::move(path)) {}
  absl::Status Lock();
  absl::Status ReadOrMakeInstance(const std::string& application_id);

  std::string path_;
  std::string instance_id_;
  int lock_ = -1;
};

// The directory of an application below `state_dir`, without touching it.
std::string ApplicationDirectory(const std::string& state_dir, const std::string& application_id);

// Checks that `directory` is a state directory of this application, as Open does, without
// changing anything. NotFound: there is none.
absl::Status CheckInstanceFile(const std::string& directory, const std::string& application_id);

}  // namespace state
