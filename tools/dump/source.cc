#include "tools/dump/source.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "tools/dump/output.h"

namespace dump {
namespace {

// A folder is named after its partition; beside it may lie what is to replace it.
std::set<int32_t> PartitionsIn(const std::string& stores_path) {
  std::set<int32_t> partitions;
  std::error_code error;
  for (std::filesystem::directory_iterator at(stores_path, error), end; !error && at != end;
       at.increment(error)) {
    int32_t partition = 0;
    if (absl::SimpleAtoi(at->path().stem().string(), &partition) && partition >= 0) {
      partitions.insert(partition);
    }
  }
  if (partitions.empty()) partitions.insert(0);
  return partitions;
}

// What is left of a store that cannot be opened, for the reason `why`.
absl::StatusOr<Source> Salvage(const std::string& path, base::Partition partition,
                               const std::vector<std::string>& stores, state::Executor* executor,
                               const absl::Status& why) {
  Complain(std::string(why.message()));
  auto salvaged = state::SalvageRocksDb(path, stores);
  if (salvaged.ok()) {
    for (const std::string& file : salvaged->damaged) Complain("cannot be read: " + file);
    auto replica = state::Replica::Open(std::move(salvaged->backend), stores.size(), executor);
    if (replica.ok()) {
      return Source{.partition = partition,
                    .path = path,
                    .memory = nullptr,
                    .replica = *std::move(replica),
                    .damaged = true};
    }
  }
  Complain(absl::StrCat(salvaged.ok() ? "" : std::string(salvaged.status().message()) + "; ", path,
                        ": which of its files count cannot be told, nothing of it is read"));
  ASSIGN_OR_RETURN(Source nothing, EmptySource(partition, stores, executor));
  nothing.path = path;
  nothing.damaged = true;
  return nothing;
}

absl::StatusOr<Source> OpenSource(const std::string& path, base::Partition partition,
                                  const std::vector<std::string>& stores,
                                  state::Executor* executor) {
  auto backend = state::OpenRocksDbReadOnly(path, stores);
  if (absl::IsNotFound(backend.status())) {
    ASSIGN_OR_RETURN(Source empty, EmptySource(partition, stores, executor));
    empty.path = path;
    return empty;
  }
  if (absl::IsDataLoss(backend.status())) {
    return Salvage(path, partition, stores, executor, backend.status());
  }
  RETURN_IF_ERROR(backend.status());
  Source source{.partition = partition,
                .path = path,
                .memory = nullptr,
                .replica = nullptr,
                .damaged = false};
  auto replica = state::Replica::Open(*std::move(backend), stores.size(), executor);
  RETURN_IF_ERROR(base::Annotate(replica.status(), path));
  source.replica = *std::move(replica);
  return source;
}

}  // namespace

absl::StatusOr<Source> EmptySource(base::Partition partition,
                                   const std::vector<std::string>& stores,
                                   state::Executor* executor) {
  Source source{.partition = partition,
                .path = {},
                .memory = std::make_unique<state::MemoryBackendFactory>(),
                .replica = nullptr,
                .damaged = false};
  ASSIGN_OR_RETURN(auto backend, source.memory->Open("0", stores));
  ASSIGN_OR_RETURN(source.replica,
                   state::Replica::Open(std::move(backend), stores.size(), executor));
  return source;
}

absl::StatusOr<std::vector<Source>> OpenSources(const std::string& stores_path,
                                                const std::vector<std::string>& stores,
                                                state::Executor* executor) {
  std::vector<Source> sources;
  for (const int32_t partition : PartitionsIn(stores_path)) {
    ASSIGN_OR_RETURN(Source source, OpenSource(absl::StrCat(stores_path, "/", partition),
                                               base::Partition(partition), stores, executor));
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace dump
