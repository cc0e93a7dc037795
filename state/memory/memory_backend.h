// Stores in memory, with the disk's manners: what was not flushed can be lost.
//
// A factory is the disk: what its backends flushed outlives them. Thread safety as
// Backend's; the factory itself may be used from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/backend.h"

namespace state {

class MemoryBackendFactory final : public BackendFactory {
 public:
  MemoryBackendFactory();
  ~MemoryBackendFactory() override;

  absl::StatusOr<std::unique_ptr<Backend>> Open(const std::string& name,
                                                const std::vector<std::string>& stores) override;
  absl::StatusOr<bool> Exists(const std::string& name) const override;
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& name) override;

  // A power cut: all backends fall back to their last Flush. None may be open.
  void LoseUnflushed();
  // While set, Apply and Flush fail with it.
  void FailWrites(absl::Status status);

 private:
  struct Disk;
  class MemoryBackend;

  std::shared_ptr<Disk> disk_;
};

}  // namespace state
