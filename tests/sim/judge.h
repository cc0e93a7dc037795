// What must hold, during a run and after it.
//
//   at every commit   the rules' invariants hold in the state that the changelogs give; the
//                     offsets that are committed are those recorded in the state
//   at every death    a disk is the prefix of the changelogs that its positions say, so that
//                     with its delta it is their fold; it has what a checkpoint had put down
//                     before; where it says that it is consistent, the rules' invariants hold
//   in the end        the committed outputs are those of an undisturbed run of the same inputs
//                     in the order in which they were written, each once, in order, byte for
//                     byte (at least once: some come again, nothing else does); the state is
//                     that run's; the group's offsets are those recorded in it; every disk is
//                     such a prefix
//
// The undisturbed run is the same topology, fed record by record without a broker: it shows
// what recovery did wrong, not what the rules do. That is for the plain model, which is given
// the committed outputs and the state as they are (Account). Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "state/changelog_check.h"
#include "state/positions.h"
#include "streams/sim/cluster.h"
#include "streams/topology.h"
#include "tests/sim/disk.h"
#include "tests/sim/workload.h"

namespace simulation {

// By store, key and value.
using Bytes = std::vector<std::map<std::string, std::string>>;

class Judge {
 public:
  Judge(const streams::Topology& topology, streams::sim::Cluster* cluster);

  // The first thing that was wrong; empty where nothing was.
  const std::string& wrong() const { return wrong_; }
  void Wrong(const std::string& what);

  void OnDecided(const streams::sim::Decided& decided);
  // A disk without a process; nothing is said of a foreign one.
  void CheckDisk(const std::string& name, Disk* disk);
  // `inputs` in the order in which they were written, with the offsets that they have.
  struct Written {
    Input input;
    base::Offset offset;
  };
  void CheckOutcome(const std::vector<Written>& inputs, bool at_least_once);

  // Inputs, committed outputs (each as it came first) and state, as tests/model/judge_runs.py
  // reads it. After CheckOutcome.
  std::string Account(const std::vector<Written>& inputs) const;

  // True where the group's offsets cover all of this.
  bool AllProcessed(const std::map<std::string, base::Offset>& ends) const;
  size_t commits() const { return commits_; }

 private:
  base::TopicPartition Changelog(size_t store) const;
  // The committed records of a log, those whose marker is yet to be written too.
  std::vector<streams::sim::EntryPtr> Decided(const base::TopicPartition& partition) const;
  // The committed records of an output, as readers see them.
  std::vector<streams::sim::EntryPtr> Outputs(const std::string& topic) const;
  Bytes Fold() const;
  void CheckRules(const Bytes& bytes, const std::string& where);
  void CheckPromise(const std::string& name, const Disk& disk, const std::string& promised,
                    const state::Positions& positions);
  void CheckOffsets(const streams::sim::Decided& decided);
  void CheckGroupOffsets(const Bytes& state);
  void CheckOutputs(const std::vector<std::string>& expected, const std::string& topic,
                    bool at_least_once);
  void Take(const std::string& what, const std::string& store,
            const state::StoreFindings& findings);

  const streams::Topology& topology_;
  streams::sim::Cluster* const cluster_;
  const std::vector<std::string> stores_;
  std::set<streams::sim::TransactionNumber> committed_;
  Bytes state_;
  size_t commits_ = 0;
  std::string wrong_;
};

}  // namespace simulation
