#include "tests/sim/disk.h"

#include <deque>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/uuid.h"
#include "state/positions.h"
#include "state/store.h"
#include "streams/engine_records.h"

namespace simulation {
namespace {

// A batch that owns its bytes.
struct OwnedBatch {
  explicit OwnedBatch(const state::Batch& batch) : stores(batch.stores.size()) {
    for (size_t i = 0; i < stores.size(); ++i) {
      for (const state::Write& write : batch.stores[i]) {
        stores[i].emplace_back(write.key, write.value);
      }
    }
    for (const auto& [name, value] : batch.marks) marks.emplace_back(name, value);
  }
  state::Batch View() const {
    state::Batch batch;
    batch.stores.resize(stores.size());
    for (size_t i = 0; i < stores.size(); ++i) {
      for (const auto& [key, value] : stores[i]) batch.stores[i].push_back({key, value});
    }
    for (const auto& [name, value] : marks) batch.marks.emplace_back(name, value);
    return batch;
  }

  std::vector<std::vector<std::pair<std::string, std::optional<std::string>>>> stores;
  std::vector<std::pair<std::string, std::string>> marks;
};

// The keys of one store, and the marks.
state::Batch OneStore(const state::Batch& batch, size_t store) {
  state::Batch one{.stores = std::vector<std::vector<state::Write>>(batch.stores.size()),
                   .marks = batch.marks};
  one.stores[store] = batch.stores[store];
  return one;
}

}  // namespace

class Disk::Volume final : public state::Backend {
 public:
  Volume(Disk* disk, std::string name, std::unique_ptr<state::Backend> medium)
      : disk_(disk), name_(std::move(name)), medium_(std::move(medium)) {}

  absl::StatusOr<bool> Get(state::StoreIndex store, std::string_view key,
                           std::string* value) const override {
    disk_->user_->BeforeRead();
    return medium_->Get(store, key, value);
  }
  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    return medium_->GetMark(name, value);
  }
  std::unique_ptr<state::Iterator> Iterate(state::StoreIndex store,
                                           std::string_view from) const override {
    return medium_->Iterate(store, from);
  }

  absl::Status Apply(const state::Batch& batch) override {
    const absl::Status asked = disk_->user_->BeforeWrite();
    if (disk_->dead_) return Dead();
    if (disk_->bug_ == DiskBug::kFailureHidden && !asked.ok()) return absl::OkStatus();
    RETURN_IF_ERROR(asked);
    RETURN_IF_ERROR(ApplyWithBug(batch));
    for (const auto& [name, value] : batch.marks) {
      if (name == state::kPositionsMark) applied_ = value;
    }
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    const absl::Status asked = disk_->user_->BeforeWrite();
    if (disk_->dead_) return Dead();
    RETURN_IF_ERROR(asked);
    if (disk_->bug_ == DiskBug::kNothingFlushed) return absl::OkStatus();
    if (disk_->bug_ != DiskBug::kFlushForgotten) RETURN_IF_ERROR(medium_->Flush());
    disk_->promised_[name_] = applied_;
    return absl::OkStatus();
  }

 private:
  absl::Status ApplyWithBug(const state::Batch& batch) {
    switch (disk_->bug_) {
      case DiskBug::kPositionsApart:
        return ApplyAfter({.stores = {}, .marks = batch.marks}, batch);
      case DiskBug::kInTwoBatches:
        return ApplyAfter(OneStore(batch, 0), batch);
      case DiskBug::kAlwaysConsistent: {
        OwnedBatch changed(batch);
        state::Positions positions =
            *state::DecodePositions(changed.marks[0].second, batch.stores.size());
        positions.consistent = true;
        changed.marks[0].second = state::EncodePositions(positions);
        return medium_->Apply(changed.View());
      }
      case DiskBug::kReadsTooEarly: {
        const std::optional<OwnedBatch> last = std::exchange(late_, OwnedBatch(batch));
        return last.has_value() ? medium_->Apply(last->View()) : absl::OkStatus();
      }
      default:
        return medium_->Apply(batch);
    }
  }

  absl::Status ApplyAfter(const state::Batch& first, const state::Batch& batch) {
    RETURN_IF_ERROR(medium_->Apply(first));
    RETURN_IF_ERROR(medium_->Flush());
    const absl::Status asked = disk_->user_->BeforeWrite();
    if (disk_->dead_) return Dead();
    RETURN_IF_ERROR(asked);
    return medium_->Apply(batch);
  }

  Disk* const disk_;
  const std::string name_;
  const std::unique_ptr<state::Backend> medium_;
  std::string applied_;             // the positions of the last batch
  std::optional<OwnedBatch> late_;  // a bug's
};

absl::StatusOr<std::unique_ptr<state::Backend>> Disk::Open(const std::string& name,
                                                           const std::vector<std::string>& stores) {
  stores_ = stores;
  ASSIGN_OR_RETURN(auto medium, medium_->stores().Open(name, stores));
  return std::make_unique<Volume>(this, name, std::move(medium));
}

absl::StatusOr<bool> Disk::Exists(const std::string& name) const {
  return medium_->stores().Exists(name);
}

absl::Status Disk::Replace(const std::string& from, const std::string& to) {
  const absl::Status asked = user_->BeforeWrite();
  if (dead_) return Dead();
  RETURN_IF_ERROR(asked);
  if (bug_ == DiskBug::kReplacedInParts) {
    RETURN_IF_ERROR(ReplaceInParts(from, to));
  } else {
    RETURN_IF_ERROR(medium_->stores().Replace(from, to));
  }
  promised_[to] = std::exchange(promised_[from], {});
  foreign_ = false;
  return absl::OkStatus();
}

absl::Status Disk::ReplaceInParts(const std::string& from, const std::string& to) {
  state::BackendFactory& stores = medium_->stores();
  ASSIGN_OR_RETURN(const auto source, stores.Open(from, stores_));
  ASSIGN_OR_RETURN(const auto target, stores.Open(to, stores_));
  std::string positions;
  ASSIGN_OR_RETURN(const bool found, source->GetMark(state::kPositionsMark, &positions));
  if (!found) return absl::OkStatus();
  for (size_t i = 0; i < stores_.size(); ++i) {
    const state::StoreIndex store(static_cast<uint8_t>(i));
    std::map<std::string, std::optional<std::string>> writes;
    for (auto at = target->Iterate(store, ""); at->Valid(); at->Next()) {
      writes[std::string(at->key())].reset();
    }
    for (auto at = source->Iterate(store, ""); at->Valid(); at->Next()) {
      writes[std::string(at->key())] = std::string(at->value());
    }
    state::Batch batch{.stores = std::vector<std::vector<state::Write>>(stores_.size()),
                       .marks = {{state::kPositionsMark, positions}}};
    for (const auto& [key, value] : writes) batch.stores[i].push_back({key, value});
    RETURN_IF_ERROR(target->Apply(batch));
    RETURN_IF_ERROR(target->Flush());
    const absl::Status asked = user_->BeforeWrite();
    if (dead_) return Dead();
    RETURN_IF_ERROR(asked);
  }
  return absl::OkStatus();
}

absl::Status Disk::Remove(const std::string& name) {
  if (dead_) return Dead();
  promised_.erase(name);
  return medium_->stores().Remove(name);
}

void Disk::Recover() {
  dead_ = false;
  medium_->LoseUnflushed();
}

std::string Disk::Promised(const std::string& name) const {
  const auto found = promised_.find(name);
  return found == promised_.end() ? "" : found->second;
}

std::unique_ptr<Disk> Disk::Copy(const std::vector<std::string>& stores) {
  auto copy = std::make_unique<Disk>(id_, user_, medium_->Copy(stores), bug_);
  copy->promised_["0"] = Promised("0");
  copy->foreign_ = foreign_;
  return copy;
}

bool Disk::BecomeForeign(const std::vector<std::string>& stores) {
  if (foreign_ || !*Exists("0")) return false;
  const auto backend = *medium_->stores().Open("0", stores);
  state::Batch batch{.stores = std::vector<std::vector<state::Write>>(stores.size()), .marks = {}};
  std::deque<std::string> kept;
  for (size_t i = 0; i < stores.size(); ++i) {
    const state::StoreIndex store(static_cast<uint8_t>(i));
    std::string bytes;
    if (!*backend->Get(store, streams::kIdentityKey, &bytes)) return false;
    auto identity = *streams::DecodeIdentity(bytes);
    identity.id = *base::ParseUuid("00000000-0000-0000-0000-00000000000f");
    const bool told = bug_ != DiskBug::kIdentityLost;
    // Of another application are the characters, too.
    for (auto at = backend->Iterate(store, ""); at->Valid(); at->Next()) {
      const std::string& key = kept.emplace_back(at->key());
      if (key == streams::kIdentityKey && told) {
        batch.stores[i].push_back({key, kept.emplace_back(streams::EncodeIdentity(identity))});
      } else if (i == 0 && key.size() >= state::kSmallestKey) {
        batch.stores[i].push_back({key, std::nullopt});
      }
    }
  }
  foreign_ = backend->Apply(batch).ok() && backend->Flush().ok();
  promised_.clear();
  return foreign_;
}

}  // namespace simulation
