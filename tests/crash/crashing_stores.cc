#include "tests/crash/crashing_stores.h"

#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "base/status.h"
#include "tests/crash/crash_points.h"
#include "tests/crash/crashing_calls.h"

namespace crash {
namespace {

class CrashingBackend final : public state::Backend {
 public:
  CrashingBackend(std::unique_ptr<state::Backend> disk, bool aside)
      : disk_(std::move(disk)), aside_(aside) {}

  absl::StatusOr<bool> Get(state::StoreIndex store, std::string_view key,
                           std::string* value) const override {
    return disk_->Get(store, key, value);
  }
  absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const override {
    return disk_->GetMark(name, value);
  }
  std::unique_ptr<state::Iterator> Iterate(state::StoreIndex store,
                                           std::string_view from) const override {
    return disk_->Iterate(store, from);
  }

  absl::Status Apply(const state::Batch& batch) override {
    if (!aside_) Reach(Point::kCheckpointBegun);
    {
      const Raised raised(&applying);
      RETURN_IF_ERROR(disk_->Apply(batch));
    }
    Reach(aside_ ? Point::kAsideApplied : Point::kCheckpointApplied);
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    {
      const Raised raised(&flushing);
      RETURN_IF_ERROR(disk_->Flush());
    }
    Reach(aside_ ? Point::kAsideFlushed : Point::kCheckpointFlushed);
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<state::Backend> disk_;
  const bool aside_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<state::Backend>> CrashingStores::Open(
    const std::string& name, const std::vector<std::string>& stores) {
  const bool aside = absl::StrContains(name, '.');
  if (!aside) Reach(Point::kStoreOpening);
  ASSIGN_OR_RETURN(auto backend, disk_->Open(name, stores));
  Reach(aside ? Point::kAsideOpened : Point::kStoreOpened);
  return std::make_unique<CrashingBackend>(std::move(backend), aside);
}

absl::Status CrashingStores::Replace(const std::string& from, const std::string& to) {
  Reach(Point::kReplaceCalled);
  RETURN_IF_ERROR(disk_->Replace(from, to));
  Reach(Point::kReplaced);
  return absl::OkStatus();
}

}  // namespace crash
