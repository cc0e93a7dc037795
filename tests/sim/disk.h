// The disk of a simulated worker: it loses what was not flushed, and remembers what it has
// promised. With the id that the worker made on it.
//
// Not thread-safe: belongs to the simulation.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "state/backend.h"
#include "tests/sim/medium.h"

namespace simulation {

// What a disk does wrong, and so what the engine sees that it would see had it written to it
// in the wrong way.
enum class DiskBug {
  kNone,
  kPositionsApart,   // a checkpoint's positions are flushed before its keys
  kInTwoBatches,     // the keys of one store and the positions before those of the others
  kFlushForgotten,   // a flush does nothing
  kNothingFlushed,   // the same, and nothing is promised: every crash is as a lost disk
  kFailureHidden,    // a write that fails is taken for done
  kReadsTooEarly,    // a checkpoint counts as done before reads find what it wrote
  kReplacedInParts,  // a new folder takes the old one's place store by store
  kIdentityLost,     // state says that it belongs to the changelogs, whatever it is
  kAlwaysConsistent  // in the middle of a restore the state is taken for a committed one
};

// Who is asked before the disk does something.
class DiskUser {
 public:
  virtual ~DiskUser() = default;
  virtual void BeforeRead() = 0;
  // Before a batch, between a batch and its flush, and before a folder replaces another. An
  // error fails the write.
  virtual absl::Status BeforeWrite() = 0;
};

class Disk final : public state::BackendFactory {
 public:
  Disk(std::string id, DiskUser* user, std::unique_ptr<Medium> medium, DiskBug bug)
      : id_(std::move(id)), user_(user), medium_(std::move(medium)), bug_(bug) {}

  const std::string& id() const { return id_; }
  // Everything that is flushed, as it is now. No store is open.
  std::unique_ptr<Disk> Copy(const std::vector<std::string>& stores);

  // The process has died: nothing is written any more.
  void Die() { dead_ = true; }
  // After it: what was not flushed is lost. No store is open.
  void Recover();

  // Its state becomes one that was begun with other changelogs. False where it holds none.
  bool BecomeForeign(const std::vector<std::string>& stores);
  // Until it is replaced.
  bool foreign() const { return foreign_; }

  // The encoded positions up to which a store of this name was said to be flushed: a crash
  // must not take that away. Empty: none.
  std::string Promised(const std::string& name) const;

  absl::StatusOr<std::unique_ptr<state::Backend>> Open(
      const std::string& name, const std::vector<std::string>& stores) override;
  absl::StatusOr<bool> Exists(const std::string& name) const override;
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& name) override;

 private:
  class Volume;

  static absl::Status Dead() { return absl::CancelledError("the process has died"); }
  absl::Status ReplaceInParts(const std::string& from, const std::string& to);

  const std::string id_;
  DiskUser* const user_;
  const std::unique_ptr<Medium> medium_;
  const DiskBug bug_;
  bool dead_ = false;
  bool foreign_ = false;
  std::map<std::string, std::string> promised_;
  std::vector<std::string> stores_;  // as last opened
};

}  // namespace simulation
