#include "streams/replicas.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace streams {
namespace {

std::string Name(base::Partition partition) { return absl::StrCat(partition.value()); }
std::string AsideName(base::Partition partition) {
  return absl::StrCat(partition.value(), ".restoring");
}

}  // namespace

absl::StatusOr<std::unique_ptr<state::Replica>> Replicas::Open(const std::string& name) {
  ASSIGN_OR_RETURN(std::unique_ptr<state::Backend> backend, factory_->Open(name, stores_));
  return state::Replica::Open(std::move(backend), stores_.size(), executor_);
}

bool Replicas::IsToBeRebuilt(base::Partition partition) {
  absl::MutexLock lock(&mutex_);
  return RebuildsLocked(partition);
}

bool Replicas::RebuildsLocked(base::Partition partition) const {
  return !kept_suffix_.empty() && !rebuilt_.contains(partition);
}

absl::StatusOr<std::unique_ptr<state::Replica>> Replicas::Acquire(base::Partition partition) {
  absl::MutexLock lock(&mutex_);
  if (const auto parked = parked_.find(partition); parked != parked_.end()) {
    std::unique_ptr<state::Replica> replica = std::move(parked->second);
    parked_.erase(parked);
    return replica;
  }
  // What an earlier process did not bring to its end.
  RETURN_IF_ERROR(factory_->Remove(AsideName(partition)));
  return Open(Name(partition));
}

void Replicas::Park(base::Partition partition, std::unique_ptr<state::Replica> replica) {
  absl::MutexLock lock(&mutex_);
  parked_[partition] = std::move(replica);
}

absl::Status Replicas::CheckpointParked() {
  absl::MutexLock lock(&mutex_);
  absl::Status outcome;
  for (const auto& [partition, replica] : parked_) {
    if (replica->pending_records() > 0 || replica->checkpoint_running()) {
      outcome.Update(replica->CheckpointNow());
    }
  }
  return outcome;
}

absl::StatusOr<std::unique_ptr<state::Replica>> Replicas::AcquireAside(base::Partition partition) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(factory_->Remove(AsideName(partition)));
  return Open(AsideName(partition));
}

absl::StatusOr<std::unique_ptr<state::Replica>> Replicas::Replace(
    base::Partition partition, std::unique_ptr<state::Replica> first,
    std::unique_ptr<state::Replica> aside) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(aside->CheckpointNow());
  aside.reset();
  first.reset();
  if (RebuildsLocked(partition)) RETURN_IF_ERROR(KeepBeside(partition));
  RETURN_IF_ERROR(factory_->Replace(AsideName(partition), Name(partition)));
  rebuilt_.insert(partition);
  return Open(Name(partition));
}

// A crash after it leaves nothing in the first one's place: the next start restores again.
absl::Status Replicas::KeepBeside(base::Partition partition) {
  const std::string kept = absl::StrCat(Name(partition), ".", kept_suffix_);
  ASSIGN_OR_RETURN(const bool exists, factory_->Exists(Name(partition)));
  if (!exists) return absl::OkStatus();
  RETURN_IF_ERROR(factory_->Replace(Name(partition), kept));
  base::Log(base::LogLevel::kInfo, "kept the former local state",
            {{"state_partition", partition}, {"as", kept}});
  return absl::OkStatus();
}

}  // namespace streams
