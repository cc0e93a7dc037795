// Stores in memory, with the disk's manners: what was not flushed can be lost.
//
// A factory is the disk: what its backends flushed outlives them. Closing a backend loses
// nothing, Crash and LoseUnflushed do. An open costs nothing, an iterator neither, unless
// the store is written to while it lives (then the store is copied, once).
//
// Strict where a disk may be lenient: a batch whose keys are not in order is refused.
//
// Thread safety as Backend's; the factory itself may be used from any thread.
#pragma once

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

  // A process that dies: the backend of this name falls back to its last Flush. It must not
  // be open. Nothing where there is none.
  void Crash(const std::string& name);
  // A power cut: Crash for all of them.
  void LoseUnflushed();

  // Until it is called with OK, Apply and Flush fail with this and change nothing.
  void FailWrites(absl::Status status);

 private:
  struct Disk;
  class MemoryBackend;

  std::shared_ptr<Disk> disk_;  // backends may outlive the factory
};

}  // namespace state
