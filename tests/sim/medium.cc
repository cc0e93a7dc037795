#include "tests/sim/medium.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "state/memory/memory_backend.h"
#include "state/positions.h"
#include "state/rocksdb/rocksdb_backend.h"

namespace simulation {
namespace {

namespace fs = std::filesystem;

// The store that workers have: there is one state partition.
constexpr char kStore[] = "0";

class Memory final : public Medium {
 public:
  state::BackendFactory& stores() override { return memory_; }
  void LoseUnflushed() override { memory_.LoseUnflushed(); }

  std::unique_ptr<Medium> Copy(const std::vector<std::string>& stores) override {
    auto copy = std::make_unique<Memory>();
    if (!*memory_.Exists(kStore)) return copy;
    const auto from = *memory_.Open(kStore, stores);
    const auto to = *copy->memory_.Open(kStore, stores);
    std::string positions;
    if (!*from->GetMark(state::kPositionsMark, &positions)) return copy;
    std::vector<std::vector<std::pair<std::string, std::string>>> bytes(stores.size());
    state::Batch batch;
    batch.stores.resize(stores.size());
    for (size_t i = 0; i < stores.size(); ++i) {
      const auto at = from->Iterate(state::StoreIndex(static_cast<uint8_t>(i)), "");
      for (; at->Valid(); at->Next()) bytes[i].emplace_back(at->key(), at->value());
      for (const auto& [key, value] : bytes[i]) batch.stores[i].push_back({key, value});
    }
    batch.marks.emplace_back(state::kPositionsMark, positions);
    (void)to->Apply(batch);
    (void)to->Flush();
    return copy;
  }

 private:
  state::MemoryBackendFactory memory_;
};

// Where a run's folders are, and how they are used.
struct Folders {
  std::string directory;
  size_t ingest_keys;
  size_t made = 0;

  std::string New() {
    const std::string folder = absl::StrCat(directory, "/disk-", ++made);
    fs::create_directories(folder);
    return folder;
  }
};

class RocksDb final : public Medium {
 public:
  explicit RocksDb(std::shared_ptr<Folders> folders)
      : folders_(std::move(folders)),
        folder_(folders_->New()),
        factory_(folder_, {.block_cache_bytes = 1 << 20,
                           .write_buffer_bytes = 8 << 20,
                           .ingest_keys = folders_->ingest_keys,
                           .flush_on_close = false}) {}
  ~RocksDb() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  state::BackendFactory& stores() override { return factory_; }
  void LoseUnflushed() override {}  // closing has done it

  std::unique_ptr<Medium> Copy(const std::vector<std::string>&) override {
    auto copy = std::make_unique<RocksDb>(folders_);
    const std::string from = absl::StrCat(folder_, "/", kStore);
    const std::string to = absl::StrCat(copy->folder_, "/", kStore);
    if (fs::exists(from)) fs::copy(from, to, fs::copy_options::recursive);
    return copy;
  }

 private:
  const std::shared_ptr<Folders> folders_;
  const std::string folder_;
  state::RocksDbBackendFactory factory_;
};

}  // namespace

MakeMedium InMemory() {
  return [] { return std::make_unique<Memory>(); };
}

MakeMedium OnRocksDb(const std::string& directory, size_t ingest_keys) {
  auto folders = std::make_shared<Folders>(Folders{directory, ingest_keys});
  return [folders] { return std::make_unique<RocksDb>(folders); };
}

}  // namespace simulation
