#include "state/replica.h"

#include <algorithm>
#include <utility>

#include "base/status.h"

namespace state {
namespace {

// Of a key that is pending, beside its bytes: a hash slot, two strings' own.
constexpr size_t kEntryOverhead = 150;

}  // namespace

// Written by the owner before it runs, by the executor's thread until `done`.
struct Replica::Checkpoint {
  std::vector<Changes> changes;  // constant while it runs
  std::string positions;
  size_t keys = 0;
  size_t bytes = 0;
  size_t records = 0;

  absl::Status outcome;
  std::atomic<bool> done = false;

  void Apply(Backend* backend) {
    Batch batch;
    batch.stores.resize(changes.size());
    for (size_t i = 0; i < changes.size(); ++i) {
      std::vector<Write>& writes = batch.stores[i];
      writes.reserve(changes[i].size());
      for (const auto& [key, value] : changes[i]) writes.push_back({key, value});
      std::sort(writes.begin(), writes.end(),
                [](const Write& a, const Write& b) { return a.key < b.key; });
    }
    batch.marks.emplace_back(kPositionsMark, positions);
    outcome = backend->Apply(batch);
  }

  void Flush(Backend* backend) {
    if (outcome.ok()) outcome = backend->Flush();
    done.store(true, std::memory_order_release);
    done.notify_all();
  }
};

absl::StatusOr<std::unique_ptr<Replica>> Replica::Open(std::unique_ptr<Backend> backend,
                                                       size_t stores, Executor* executor) {
  std::string mark;
  ASSIGN_OR_RETURN(const bool found, backend->GetMark(kPositionsMark, &mark));
  std::unique_ptr<Replica> replica(new Replica(std::move(backend), stores, executor));
  if (found) {
    ASSIGN_OR_RETURN(replica->positions_, DecodePositions(mark, stores));
    replica->is_new_ = false;
  }
  return replica;
}

Replica::Replica(std::unique_ptr<Backend> backend, size_t stores, Executor* executor)
    : backend_(std::move(backend)), executor_(executor), pending_(stores) {
  positions_.next.resize(stores, base::Offset(0));
}

Replica::~Replica() { WaitForCheckpoint(); }

absl::StatusOr<bool> Replica::Get(StoreIndex store, std::string_view key,
                                  std::string* value) const {
  const auto look = [&](const Changes& changes) -> std::optional<bool> {
    const auto found = changes.find(key);
    if (found == changes.end()) return std::nullopt;
    if (!found->second.has_value()) return false;
    value->assign(*found->second);
    return true;
  };
  if (const auto found = look(pending_[store.value()])) return *found;
  if (checkpoint_ != nullptr) {
    if (const auto found = look(checkpoint_->changes[store.value()])) return *found;
  }
  return backend_->Get(store, key, value);
}

absl::Status Replica::Scan(
    StoreIndex store,
    const std::function<bool(std::string_view key, std::string_view value)>& visit,
    std::string_view from) const {
  std::vector<Write> newer;
  const Changes& pending = pending_[store.value()];
  for (const auto& [key, value] : pending) {
    if (key >= from) newer.push_back({key, value});
  }
  if (checkpoint_ != nullptr) {
    for (const auto& [key, value] : checkpoint_->changes[store.value()]) {
      if (key >= from && !pending.contains(key)) newer.push_back({key, value});
    }
  }
  std::sort(newer.begin(), newer.end(),
            [](const Write& a, const Write& b) { return a.key < b.key; });

  const std::unique_ptr<Iterator> older = backend_->Iterate(store, from);
  auto next = newer.begin();
  while (older->Valid() || next != newer.end()) {
    if (!older->Valid() && !older->status().ok()) break;
    const bool take_newer = next != newer.end() && (!older->Valid() || next->key <= older->key());
    if (!take_newer) {
      if (!visit(older->key(), older->value())) return absl::OkStatus();
      older->Next();
      continue;
    }
    if (older->Valid() && older->key() == next->key) older->Next();
    if (next->value.has_value() && !visit(next->key, *next->value)) return absl::OkStatus();
    ++next;
  }
  return older->status();
}

void Replica::Apply(StoreIndex store, std::string_view key, std::optional<std::string_view> value) {
  // Looked up once: in a restore this is the greatest part of the work.
  const auto found = pending_[store.value()].lazy_emplace(key, [&](const auto& make) {
    make(std::string(key), std::nullopt);
    ++pending_keys_;
    pending_bytes_ += key.size() + kEntryOverhead;
  });
  if (found->second.has_value()) pending_bytes_ -= found->second->size();
  ++pending_records_;
  if (!value.has_value()) {
    found->second.reset();
    return;
  }
  pending_bytes_ += value->size();
  if (!found->second.has_value()) found->second.emplace();
  found->second->assign(*value);
}

void Replica::StartCheckpoint() {
  if (checkpoint_ != nullptr) return;
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->changes = std::exchange(pending_, std::vector<Changes>(pending_.size()));
  checkpoint->positions = EncodePositions(positions_);
  checkpoint->keys = std::exchange(pending_keys_, 0);
  checkpoint->bytes = std::exchange(pending_bytes_, 0);
  checkpoint->records = std::exchange(pending_records_, 0);
  checkpoint_ = checkpoint;
  // Two tasks, so that a simulation can let other things happen between them.
  executor_->Run([checkpoint, backend = backend_.get()] { checkpoint->Apply(backend); });
  executor_->Run([checkpoint, backend = backend_.get()] { checkpoint->Flush(backend); });
}

absl::Status Replica::FinishCheckpoint() {
  if (checkpoint_ == nullptr || !checkpoint_->done.load(std::memory_order_acquire)) {
    return absl::OkStatus();
  }
  const std::shared_ptr<Checkpoint> ended = std::move(checkpoint_);
  checkpoint_ = nullptr;
  if (ended->outcome.ok()) {
    is_new_ = false;
    return absl::OkStatus();
  }
  // What came since is newer than what failed.
  for (size_t i = 0; i < pending_.size(); ++i) {
    for (auto& [key, value] : ended->changes[i]) {
      if (pending_[i].contains(key)) continue;
      ++pending_keys_;
      pending_bytes_ += kEntryOverhead + key.size() + (value.has_value() ? value->size() : 0);
      pending_[i].emplace(key, std::move(value));
    }
  }
  pending_records_ += ended->records;
  return ended->outcome;
}

absl::Status Replica::CheckpointNow() {
  WaitForCheckpoint();
  (void)FinishCheckpoint();  // what has failed is pending again, and is tried once more here
  StartCheckpoint();
  WaitForCheckpoint();
  return FinishCheckpoint();
}

void Replica::WaitForCheckpoint() {
  if (checkpoint_ != nullptr) executor_->Await(checkpoint_->done);
}

}  // namespace state
