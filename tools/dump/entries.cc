#include "tools/dump/entries.h"

#include <map>

#include "base/status.h"
#include "state/store.h"

namespace dump {
namespace {

state::StoreIndex Index(size_t store) { return state::StoreIndex(static_cast<uint8_t>(store)); }

absl::Status Scan(const Source& source, size_t index, const std::string& store,
                  const Filter& filter, const Visit& visit) {
  return source.replica->Scan(Index(index), [&](std::string_view key, std::string_view value) {
    if (key.size() >= state::kSmallestKey && filter.Passes(store, key)) visit(key, value);
    return true;
  });
}

}  // namespace

absl::Status ForEach(const std::vector<Source>& sources, size_t index, const std::string& store,
                     const Filter& filter, const Visit& visit) {
  if (sources.size() == 1) return Scan(sources[0], index, store, filter, visit);
  absl::Status status;
  std::map<std::string, std::string> all;
  for (const Source& source : sources) {
    status.Update(
        Scan(source, index, store, filter,
             [&](std::string_view key, std::string_view value) { all.emplace(key, value); }));
  }
  for (const auto& [key, value] : all) visit(key, value);
  return status;
}

absl::StatusOr<bool> Find(const std::vector<Source>& sources, size_t index, std::string_view key,
                          std::string* value) {
  for (const Source& source : sources) {
    ASSIGN_OR_RETURN(const bool found, source.replica->Get(Index(index), key, value));
    if (found) return true;
  }
  return false;
}

}  // namespace dump
