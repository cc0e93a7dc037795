#include "state/memory/memory_backend.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace state {
namespace {

using Map = std::map<std::string, std::string, std::less<>>;

// Shared with the iterators over it; copied before a write while there are any.
struct Store {
  std::shared_ptr<Map> map = std::make_shared<Map>();

  Map& ForWriting() {
    if (map.use_count() > 1) map = std::make_shared<Map>(*map);
    return *map;
  }
};

// What a key was before a write that has not been flushed.
struct Undo {
  Store* store;
  std::string key;
  std::optional<std::string> old;
};

// What reads see, and the way back to what was flushed.
struct Volume {
  std::map<std::string, Store> stores;
  Store marks;
  std::vector<Undo> undo;
  bool open = false;

  void Set(Store* store, std::string_view key, std::optional<std::string_view> value) {
    Map& map = store->ForWriting();
    const auto found = map.find(key);
    const bool there = found != map.end();
    undo.push_back({store, std::string(key),
                    there ? std::optional<std::string>(found->second) : std::nullopt});
    if (!value.has_value()) {
      if (there) map.erase(found);
    } else if (there) {
      found->second = *value;
    } else {
      map.emplace(key, *value);
    }
  }

  void FallBack() {
    for (; !undo.empty(); undo.pop_back()) {
      const Undo& last = undo.back();
      if (last.old.has_value()) {
        last.store->ForWriting().insert_or_assign(last.key, *last.old);
      } else {
        last.store->ForWriting().erase(last.key);
      }
    }
  }
};

class MapIterator final : public Iterator {
 public:
  MapIterator(std::shared_ptr<const Map> map, std::string_view from,
              std::shared_ptr<std::mutex> mutex)
      : map_(std::move(map)), at_(map_->lower_bound(from)), mutex_(std::move(mutex)) {}
  // Under the lock, so that who finds himself the only one left comes after all our reads.
  ~MapIterator() override {
    const std::lock_guard lock(*mutex_);
    map_.reset();
  }
  bool Valid() const override { return at_ != map_->end(); }
  void Next() override { ++at_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  std::shared_ptr<const Map> map_;
  Map::const_iterator at_;
  const std::shared_ptr<std::mutex> mutex_;
};

// Of a store that there is not.
class NoIterator final : public Iterator {
 public:
  explicit NoIterator(absl::Status status) : status_(std::move(status)) {}
  bool Valid() const override { return false; }
  void Next() override {}
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  absl::Status status() const override { return status_; }

 private:
  absl::Status status_;
};

bool Find(const Map& map, std::string_view key, std::string* value) {
  const auto found = map.find(key);
  if (found == map.end()) return false;
  *value = found->second;
  return true;
}

absl::Status CheckOrder(const std::string& name, const Batch& batch) {
  for (const std::vector<Write>& writes : batch.stores) {
    const auto wrong = std::adjacent_find(
        writes.begin(), writes.end(),
        [](const Write& first, const Write& second) { return first.key >= second.key; });
    if (wrong != writes.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("a batch for ", name, " has keys that do not ascend"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const std::string& name, const Volume* volume,
                        const std::vector<std::string>& stores) {
  std::vector<std::string> sorted = stores;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end() ||
      (!sorted.empty() && sorted.front().empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat("the stores of ", name, " are named twice or not at all"));
  }
  if (volume == nullptr) return absl::OkStatus();
  std::vector<std::string> unknown;
  for (const auto& [store, content] : volume->stores) {
    if (!std::binary_search(sorted.begin(), sorted.end(), store)) unknown.push_back(store);
  }
  if (unknown.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      name, " holds stores that this program does not know: ", absl::StrJoin(unknown, ", "),
      ". Use the program that wrote them"));
}

absl::Status IsOpen(const std::string& name) {
  return absl::FailedPreconditionError(absl::StrCat("the store ", name, " is open already"));
}

}  // namespace

struct MemoryBackendFactory::Disk {
  std::mutex mutex;
  // Pointers, so that an undo's store stays where it is.
  std::map<std::string, std::unique_ptr<Volume>> volumes;
  absl::Status failure;

  // Null where there is none.
  absl::StatusOr<Volume*> Closed(const std::string& name) const {
    const auto found = volumes.find(name);
    if (found == volumes.end()) return nullptr;
    if (found->second->open) return IsOpen(name);
    return found->second.get();
  }
};

class MemoryBackendFactory::MemoryBackend final : public Backend {
 public:
  MemoryBackend(std::string name, std::shared_ptr<Disk> disk, Volume* volume,
                std::vector<Store*> stores)
      : name_(std::move(name)),
        disk_(std::move(disk)),
        volume_(volume),
        stores_(std::move(stores)) {}
  ~MemoryBackend() override {
    const std::lock_guard lock(disk_->mutex);
    volume_->open = false;
  }

  absl::StatusOr<bool> Get(StoreIndex store, std::string_view key,
                           std::string* value) const override {
    const std::lock_guard lock(disk_->mutex);
    if (store.value() >= stores_.size()) return NoSuchStore(store);
    return Find(*stores_[store.value()]->map, key, value);
  }

  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    const std::lock_guard lock(disk_->mutex);
    return Find(*volume_->marks.map, name, value);
  }

  std::unique_ptr<Iterator> Iterate(StoreIndex store, std::string_view from) const override {
    const std::lock_guard lock(disk_->mutex);
    if (store.value() >= stores_.size()) return std::make_unique<NoIterator>(NoSuchStore(store));
    return std::make_unique<MapIterator>(stores_[store.value()]->map, from,
                                         std::shared_ptr<std::mutex>(disk_, &disk_->mutex));
  }

  absl::Status Apply(const Batch& batch) override {
    const std::lock_guard lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->failure);
    if (batch.stores.size() > stores_.size()) {
      return absl::InvalidArgumentError(absl::StrCat(name_, " was opened with ", stores_.size(),
                                                     " stores, a batch has ", batch.stores.size()));
    }
    RETURN_IF_ERROR(CheckOrder(name_, batch));
    for (size_t i = 0; i < batch.stores.size(); ++i) {
      for (const Write& write : batch.stores[i]) volume_->Set(stores_[i], write.key, write.value);
    }
    for (const auto& [name, value] : batch.marks) volume_->Set(&volume_->marks, name, value);
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    const std::lock_guard lock(disk_->mutex);
    RETURN_IF_ERROR(disk_->failure);
    volume_->undo.clear();
    return absl::OkStatus();
  }

 private:
  absl::Status NoSuchStore(StoreIndex store) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, " was opened without a store number ", store.value()));
  }

  const std::string name_;
  const std::shared_ptr<Disk> disk_;
  Volume* const volume_;
  const std::vector<Store*> stores_;
};

MemoryBackendFactory::MemoryBackendFactory() : disk_(std::make_shared<Disk>()) {}
MemoryBackendFactory::~MemoryBackendFactory() = default;

absl::StatusOr<std::unique_ptr<Backend>> MemoryBackendFactory::Open(
    const std::string& name, const std::vector<std::string>& stores) {
  const std::lock_guard lock(disk_->mutex);
  ASSIGN_OR_RETURN(Volume * volume, disk_->Closed(name));
  RETURN_IF_ERROR(CheckNames(name, volume, stores));
  if (volume == nullptr) {
    volume = (disk_->volumes[name] = std::make_unique<Volume>()).get();
  }
  std::vector<Store*> opened;
  for (const std::string& store : stores) opened.push_back(&volume->stores[store]);
  volume->open = true;
  return std::make_unique<MemoryBackend>(name, disk_, volume, std::move(opened));
}

absl::StatusOr<bool> MemoryBackendFactory::Exists(const std::string& name) const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->volumes.contains(name);
}

absl::Status MemoryBackendFactory::Replace(const std::string& from, const std::string& to) {
  const std::lock_guard lock(disk_->mutex);
  ASSIGN_OR_RETURN(const Volume* source, disk_->Closed(from));
  if (source == nullptr) return absl::NotFoundError(absl::StrCat("there is no store ", from));
  RETURN_IF_ERROR(disk_->Closed(to).status());
  if (from == to) return absl::OkStatus();
  disk_->volumes[to] = std::move(disk_->volumes[from]);
  disk_->volumes.erase(from);
  return absl::OkStatus();
}

absl::Status MemoryBackendFactory::Remove(const std::string& name) {
  const std::lock_guard lock(disk_->mutex);
  RETURN_IF_ERROR(disk_->Closed(name).status());
  disk_->volumes.erase(name);
  return absl::OkStatus();
}

void MemoryBackendFactory::Crash(const std::string& name) {
  const std::lock_guard lock(disk_->mutex);
  const auto found = disk_->volumes.find(name);
  if (found == disk_->volumes.end()) return;
  assert(!found->second->open);
  found->second->FallBack();
}

void MemoryBackendFactory::LoseUnflushed() {
  const std::lock_guard lock(disk_->mutex);
  for (const auto& [name, volume] : disk_->volumes) {
    assert(!volume->open);
    volume->FallBack();
  }
}

void MemoryBackendFactory::FailWrites(absl::Status status) {
  const std::lock_guard lock(disk_->mutex);
  disk_->failure = std::move(status);
}

}  // namespace state
