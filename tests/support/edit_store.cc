// Changes one entry of a local store behind its worker's back, for tests of what is then
// found.
//
//   edit_store FOLDER STORE KEY VALUE    KEY and VALUE in hexadecimal; without VALUE: deletes
//
// The positions stay as they are. The store must not be open.

#include <cstdio>
#include <string>

#include "absl/strings/escaping.h"
#include "state/rocksdb/rocksdb_backend.h"

namespace {

absl::Status Edit(const std::string& folder, const std::string& store, const std::string& key,
                  std::optional<std::string_view> value) {
  const std::vector<std::string> stores = {"characters", "parties", "party-sequence"};
  const size_t slash = folder.rfind('/');
  state::RocksDbBackendFactory factory(folder.substr(0, slash), {});
  const auto backend = factory.Open(folder.substr(slash + 1), stores);
  if (!backend.ok()) return backend.status();
  state::Batch batch;
  batch.stores.resize(stores.size());
  for (size_t i = 0; i < stores.size(); ++i) {
    if (stores[i] == store) batch.stores[i].push_back({.key = key, .value = value});
  }
  const absl::Status applied = (*backend)->Apply(batch);
  return applied.ok() ? (*backend)->Flush() : applied;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "edit_store FOLDER STORE KEY [VALUE]\n");
    return 2;
  }
  const std::string key = absl::HexStringToBytes(argv[3]);
  const std::string value = argc == 5 ? absl::HexStringToBytes(argv[4]) : "";
  const absl::Status done = Edit(argv[1], argv[2], key,
                                 argc == 5 ? std::optional<std::string_view>(value) : std::nullopt);
  if (done.ok()) return 0;
  std::fprintf(stderr, "edit_store: %s\n", std::string(done.message()).c_str());
  return 1;
}
