// The state directory of an application, as the programs that rebuild look at it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tools {

struct LocalState {
  std::string directory;            // <state dir>/<application id>
  bool exists = false;              // it is a state directory of the application
  std::vector<std::string> stores;  // by state partition; none where nothing is stored
};

// Changes nothing. Error: the directory is another application's, or cannot be read.
absl::StatusOr<LocalState> FindLocalState(const std::string& state_dir,
                                          const std::string& application_id);

// Deletes the stores, under the directory's lock; the instance id remains. Error: a process
// works there; some may be deleted.
absl::Status DeleteLocalState(const std::string& state_dir, const std::string& application_id);

}  // namespace tools
