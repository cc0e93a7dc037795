// The folders of the stores: one for each name in one directory, replaced and removed so
// that a crash between two steps does no harm.
//
//   <name>           the store
//   <name>.next      a store that takes the place of <name>: from the moment it bears
//                    this name it is what counts, whatever else is there
//   <name>.removed   waits for its removal
//
// Settle ends what a crash interrupted. Knows files only, nothing of RocksDB but the names
// that it gives to its files.
//
// Thread safety: one call at a time for a name.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace state {

enum class FolderContent {
  kNothing,  // no folder, or an empty one
  kUnmade,   // what a crash while making a store leaves; never held any data
  kStore,
  kDamaged,  // data without the file that says which of it counts
};

// What lies in the folder. Files that are no store's are an error.
absl::StatusOr<FolderContent> LookIntoFolder(const std::string& path);

// The folder that counts for the store in `path`: itself, or the one that replaces it.
std::string FolderThatCounts(const std::string& path);

class StoreFolders {
 public:
  // `directory` exists.
  explicit StoreFolders(std::string directory) : directory_(std::move(directory)) {}

  std::string Path(std::string_view name) const;

  // Before anything else is done with a name that is not open. Refuses names that are not
  // plain file names or end like the ones above.
  absl::Status Settle(const std::string& name) const;

  // Makes an empty folder, if it is not there. Sync makes it durable.
  absl::Status Make(const std::string& name) const;

  absl::StatusOr<bool> Exists(const std::string& name) const;
  absl::Status Replace(const std::string& from, const std::string& to) const;
  absl::Status Remove(const std::string& name) const;

  // Makes the names in the directory durable.
  absl::Status Sync() const;

 private:
  absl::Status PutAway(const std::string& name) const;
  absl::Status RemovePutAway(const std::string& name) const;
  absl::Status Rename(const std::string& from, const std::string& to) const;

  std::string directory_;
};

}  // namespace state
