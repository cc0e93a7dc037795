// Opening a database for reading only, a whole one or what is left of one. Inside of
// state/rocksdb only.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "state/backend.h"
#include "state/rocksdb/database.h"

namespace state {

// All files are opened at once, and nothing is written.
rocksdb::DBOptions ReadOnlyOptions();

// A store that is named and not there is null.
absl::StatusOr<std::unique_ptr<Database>> OpenDatabaseReadOnly(
    const std::string& path, const std::vector<std::string>& stores,
    const rocksdb::DBOptions& options);

// `env`: by which the files are read, kept with the backend; null: the usual one.
std::unique_ptr<Backend> MakeReadOnlyBackend(std::unique_ptr<Database> database,
                                             std::shared_ptr<rocksdb::Env> env);

}  // namespace state
