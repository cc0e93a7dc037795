#include "tools/rebuild/local_state.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/state_directory.h"

namespace tools {
namespace {

// Stores are named by their state partition's number; what is set aside or half restored has
// more to its name.
bool NamesAStore(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

}  // namespace

absl::StatusOr<LocalState> FindLocalState(const std::string& state_dir,
                                          const std::string& application_id) {
  LocalState found{.directory = state::ApplicationDirectory(state_dir, application_id),
                   .exists = false,
                   .stores = {}};
  const absl::Status ours = state::CheckInstanceFile(found.directory, application_id);
  if (absl::IsNotFound(ours)) return found;
  RETURN_IF_ERROR(ours);
  found.exists = true;
  std::error_code error;
  const std::string stores = found.directory + "/stores";
  for (std::filesystem::directory_iterator at(stores, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (NamesAStore(name)) found.stores.push_back(name);
  }
  if (error) {
    return absl::InternalError(absl::StrCat("cannot look into ", stores, ": ", error.message()));
  }
  std::sort(found.stores.begin(), found.stores.end());
  return found;
}

absl::Status DeleteLocalState(const std::string& state_dir, const std::string& application_id) {
  ASSIGN_OR_RETURN(const auto directory, state::StateDirectory::Open(state_dir, application_id));
  ASSIGN_OR_RETURN(const LocalState found, FindLocalState(state_dir, application_id));
  state::RocksDbBackendFactory disk(directory->stores_path(), state::RocksDbOptions{});
  for (const std::string& store : found.stores) RETURN_IF_ERROR(disk.Remove(store));
  return absl::OkStatus();
}

}  // namespace tools
