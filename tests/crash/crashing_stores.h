// A disk on which the worker dies: at the points of a checkpoint, and where a new folder
// takes an old one's place. Between them it does what the disk behind it does.
//
// Thread-safe as the disk behind it is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "state/backend.h"

namespace crash {

class CrashingStores final : public state::BackendFactory {
 public:
  explicit CrashingStores(state::BackendFactory* disk) : disk_(disk) {}

  absl::StatusOr<std::unique_ptr<state::Backend>> Open(
      const std::string& name, const std::vector<std::string>& stores) override;
  absl::StatusOr<bool> Exists(const std::string& name) const override {
    return disk_->Exists(name);
  }
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& name) override { return disk_->Remove(name); }

 private:
  state::BackendFactory* const disk_;
};

}  // namespace crash
