// The disk of a simulated worker: memory that loses what was not flushed, with the id that
// the worker made on it.
//
// Not thread-safe: belongs to the simulation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "state/memory/memory_backend.h"

namespace simulation {

class Disk final : public state::BackendFactory {
 public:
  // `written` is called between a batch and its flush, and before it.
  Disk(std::string id, std::function<void()> written) : id_(std::move(id)), written_(written) {}

  const std::string& id() const { return id_; }
  // Everything that is flushed, as it is now. No store is open.
  std::unique_ptr<Disk> Copy(const std::vector<std::string>& stores);

  // A bug: the positions go to the disk by themselves, before the keys that they belong to.
  void set_positions_apart(bool apart) { positions_apart_ = apart; }

  // The process has died: nothing is written any more.
  void Die() {
    dead_ = true;
    memory_.FailWrites(Dead());
  }
  // After it: what was not flushed is lost. No store is open.
  void Recover();

  absl::StatusOr<std::unique_ptr<state::Backend>> Open(
      const std::string& name, const std::vector<std::string>& stores) override;
  absl::StatusOr<bool> Exists(const std::string& name) const override {
    return memory_.Exists(name);
  }
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& name) override {
    return dead_ ? Dead() : memory_.Remove(name);
  }

 private:
  class Volume;

  static absl::Status Dead() { return absl::CancelledError("the process has died"); }

  const std::string id_;
  const std::function<void()> written_;
  bool positions_apart_ = false;
  bool dead_ = false;
  state::MemoryBackendFactory memory_;
};

}  // namespace simulation
