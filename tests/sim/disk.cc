#include "tests/sim/disk.h"

#include <utility>

#include "base/status.h"
#include "state/positions.h"

namespace simulation {

class Disk::Volume final : public state::Backend {
 public:
  Volume(Disk* disk, std::unique_ptr<state::Backend> memory)
      : disk_(disk), memory_(std::move(memory)) {}

  absl::StatusOr<bool> Get(state::StoreIndex store, std::string_view key,
                           std::string* value) const override {
    return memory_->Get(store, key, value);
  }
  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    return memory_->GetMark(name, value);
  }
  std::unique_ptr<state::Iterator> Iterate(state::StoreIndex store,
                                           std::string_view from) const override {
    return memory_->Iterate(store, from);
  }
  absl::Status Apply(const state::Batch& batch) override {
    if (disk_->positions_apart_) {
      RETURN_IF_ERROR(memory_->Apply({.stores = {}, .marks = batch.marks}));
      RETURN_IF_ERROR(memory_->Flush());
    }
    disk_->written_();
    return memory_->Apply(batch);
  }
  absl::Status Flush() override {
    disk_->written_();
    return memory_->Flush();
  }

 private:
  Disk* const disk_;
  const std::unique_ptr<state::Backend> memory_;
};

absl::StatusOr<std::unique_ptr<state::Backend>> Disk::Open(const std::string& name,
                                                           const std::vector<std::string>& stores) {
  ASSIGN_OR_RETURN(auto memory, memory_.Open(name, stores));
  return std::make_unique<Volume>(this, std::move(memory));
}

absl::Status Disk::Replace(const std::string& from, const std::string& to) {
  written_();
  return dead_ ? Dead() : memory_.Replace(from, to);
}

void Disk::Recover() {
  dead_ = false;
  memory_.FailWrites(absl::OkStatus());
  memory_.LoseUnflushed();
}

std::unique_ptr<Disk> Disk::Copy(const std::vector<std::string>& stores) {
  auto copy = std::make_unique<Disk>(id_, written_);
  copy->positions_apart_ = positions_apart_;
  if (!*Exists("0")) return copy;
  const auto from = *memory_.Open("0", stores);
  const auto to = *copy->memory_.Open("0", stores);
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

}  // namespace simulation
