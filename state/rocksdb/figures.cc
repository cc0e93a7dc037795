#include "state/rocksdb/figures.h"

#include <cstdint>
#include <utility>

namespace state {
namespace {

using Properties = rocksdb::DB::Properties;

struct Figure {
  base::MetricName name;
  const std::string* property;
};

// Of each store.
const std::vector<Figure>& OfStores() {
  static const auto& figures = *new std::vector<Figure>{
      {{"rocksdb_estimated_keys", "Keys in a store on disk, as RocksDB estimates it."},
       &Properties::kEstimateNumKeys},
      {{"rocksdb_sst_files_bytes", "Size of a store's live files."},
       &Properties::kLiveSstFilesSize},
      {{"rocksdb_memtables_bytes", "Memory of a store's memtables, unflushed and pinned ones."},
       &Properties::kSizeAllMemTables},
      {{"rocksdb_pending_compaction_bytes",
        "About how much a store's compactions have to rewrite to catch up."},
       &Properties::kEstimatePendingCompactionBytes},
  };
  return figures;
}

// Of each database.
const std::vector<Figure>& OfDatabases() {
  static const auto& figures = *new std::vector<Figure>{
      {{"rocksdb_background_errors", "Errors of background work since the database was opened."},
       &Properties::kBackgroundErrors},
      {{"rocksdb_writes_stopped", "1 while RocksDB takes no writes, because compactions lag."},
       &Properties::kIsWriteStopped},
      {{"rocksdb_delayed_write_bytes_per_second",
        "To what RocksDB slows writes down because compactions lag; 0: not at all."},
       &Properties::kActualDelayedWriteRate},
  };
  return figures;
}

constexpr base::MetricName kCacheUsage{"rocksdb_block_cache_usage_bytes",
                                       "Memory of the block cache that is in use."};
constexpr base::MetricName kCacheCapacity{"rocksdb_block_cache_capacity_bytes",
                                          "Memory that the block cache may take."};

}  // namespace

void OpenDatabases::Add(const Database* database, const std::string& name,
                        const std::vector<std::string>& stores) {
  absl::MutexLock lock(&mutex_);
  open_[database] = {.name = name, .stores = stores};
}

void OpenDatabases::Remove(const Database* database) {
  absl::MutexLock lock(&mutex_);
  open_.erase(database);
}

void OpenDatabases::Collect(base::MetricSnapshot* snapshot) const {
  snapshot->AddGauge(kCacheUsage, {}, static_cast<double>(block_cache_->GetUsage()));
  snapshot->AddGauge(kCacheCapacity, {}, static_cast<double>(block_cache_->GetCapacity()));
  absl::MutexLock lock(&mutex_);
  for (const auto& entry : open_) {
    const Database* const database = entry.first;
    const Names& names = entry.second;
    uint64_t value = 0;
    const auto add = [&](const Figure& figure, rocksdb::ColumnFamilyHandle* family,
                         base::MetricLabels labels) {
      if (!database->db()->GetIntProperty(family, *figure.property, &value)) return;
      snapshot->AddGauge(figure.name, std::move(labels), static_cast<double>(value));
    };
    for (const Figure& figure : OfDatabases()) {
      add(figure, database->marks(), {{"database", names.name}});
    }
    for (size_t i = 0; i < database->stores(); ++i) {
      for (const Figure& figure : OfStores()) {
        add(figure, database->store(i), {{"database", names.name}, {"store", names.stores[i]}});
      }
    }
  }
}

}  // namespace state
