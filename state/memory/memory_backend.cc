#include "state/memory/memory_backend.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace state {
namespace {

using Map = std::map<std::string, std::string, std::less<>>;

// A batch that was applied and not flushed, with copies of its bytes.
struct Applied {
  std::vector<std::vector<std::pair<std::string, std::optional<std::string>>>> stores;
  std::vector<std::pair<std::string, std::string>> marks;
};

struct Content {
  std::vector<std::string> names;
  std::vector<Map> stores;
  Map marks;

  void Put(const Applied& batch) {
    for (size_t i = 0; i < batch.stores.size(); ++i) {
      for (const auto& [key, value] : batch.stores[i]) {
        if (value.has_value()) {
          stores[i].insert_or_assign(key, *value);
        } else {
          stores[i].erase(key);
        }
      }
    }
    for (const auto& [name, value] : batch.marks) marks.insert_or_assign(name, value);
  }
};

struct Volume {
  Content visible;
  Content durable;
  std::vector<Applied> unflushed;
  bool open = false;
};

// Over a copy, so that it keeps the state at its making.
class MapIterator final : public Iterator {
 public:
  MapIterator(Map copy, std::string_view from)
      : map_(std::move(copy)), at_(map_.lower_bound(from)) {}
  bool Valid() const override { return at_ != map_.end(); }
  void Next() override { ++at_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const Map map_;
  Map::const_iterator at_;
};

}  // namespace

struct MemoryBackendFactory::Disk {
  mutable std::mutex mutex;
  std::map<std::string, Volume> volumes;
  absl::Status failure;
};

class MemoryBackendFactory::MemoryBackend final : public Backend {
 public:
  MemoryBackend(std::shared_ptr<Disk> disk, Volume* volume)
      : disk_(std::move(disk)), volume_(volume) {}
  ~MemoryBackend() override {
    const std::lock_guard lock(disk_->mutex);
    volume_->open = false;
  }

  absl::StatusOr<bool> Get(StoreIndex store, std::string_view key,
                           std::string* value) const override {
    const std::lock_guard lock(disk_->mutex);
    return Find(volume_->visible.stores[store.value()], key, value);
  }

  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    const std::lock_guard lock(disk_->mutex);
    return Find(volume_->visible.marks, name, value);
  }

  std::unique_ptr<Iterator> Iterate(StoreIndex store, std::string_view from) const override {
    const std::lock_guard lock(disk_->mutex);
    return std::make_unique<MapIterator>(volume_->visible.stores[store.value()], from);
  }

  absl::Status Apply(const Batch& batch) override {
    const std::lock_guard lock(disk_->mutex);
    if (!disk_->failure.ok()) return disk_->failure;
    Applied applied;
    applied.stores.resize(batch.stores.size());
    for (size_t i = 0; i < batch.stores.size(); ++i) {
      for (const Write& write : batch.stores[i]) {
        applied.stores[i].emplace_back(write.key, write.value);
      }
    }
    for (const auto& [name, value] : batch.marks) applied.marks.emplace_back(name, value);
    volume_->visible.Put(applied);
    volume_->unflushed.push_back(std::move(applied));
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    const std::lock_guard lock(disk_->mutex);
    if (!disk_->failure.ok()) return disk_->failure;
    for (const Applied& applied : volume_->unflushed) volume_->durable.Put(applied);
    volume_->unflushed.clear();
    return absl::OkStatus();
  }

 private:
  static bool Find(const Map& map, std::string_view key, std::string* value) {
    const auto found = map.find(key);
    if (found == map.end()) return false;
    *value = found->second;
    return true;
  }

  std::shared_ptr<Disk> disk_;
  Volume* volume_;
};

MemoryBackendFactory::MemoryBackendFactory() : disk_(std::make_shared<Disk>()) {}
MemoryBackendFactory::~MemoryBackendFactory() = default;

absl::StatusOr<std::unique_ptr<Backend>> MemoryBackendFactory::Open(
    const std::string& name, const std::vector<std::string>& stores) {
  const std::lock_guard lock(disk_->mutex);
  Volume& volume = disk_->volumes[name];
  if (volume.open) return absl::FailedPreconditionError(absl::StrCat(name, " is open already"));
  for (Content* content : {&volume.visible, &volume.durable}) {
    if (content->names.size() > stores.size() ||
        !std::equal(content->names.begin(), content->names.end(), stores.begin())) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, " holds stores that this program does not know, or in another order"));
    }
    content->names = stores;
    content->stores.resize(stores.size());
  }
  volume.open = true;
  return std::make_unique<MemoryBackend>(disk_, &volume);
}

absl::StatusOr<bool> MemoryBackendFactory::Exists(const std::string& name) const {
  const std::lock_guard lock(disk_->mutex);
  return disk_->volumes.contains(name);
}

absl::Status MemoryBackendFactory::Replace(const std::string& from, const std::string& to) {
  const std::lock_guard lock(disk_->mutex);
  const auto source = disk_->volumes.find(from);
  if (source == disk_->volumes.end()) return absl::NotFoundError(absl::StrCat("no ", from));
  disk_->volumes[to] = std::move(source->second);
  disk_->volumes.erase(from);
  return absl::OkStatus();
}

absl::Status MemoryBackendFactory::Remove(const std::string& name) {
  const std::lock_guard lock(disk_->mutex);
  disk_->volumes.erase(name);
  return absl::OkStatus();
}

void MemoryBackendFactory::LoseUnflushed() {
  const std::lock_guard lock(disk_->mutex);
  for (auto& [name, volume] : disk_->volumes) {
    volume.visible = volume.durable;
    volume.unflushed.clear();
  }
}

void MemoryBackendFactory::FailWrites(absl::Status status) {
  const std::lock_guard lock(disk_->mutex);
  disk_->failure = std::move(status);
}

}  // namespace state
