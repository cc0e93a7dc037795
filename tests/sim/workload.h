// What a run is fed: what players of two tenants do, with errors, strangers, types that are
// skipped, and bad input. From a seed.
#pragma once

#include <string>

#include "streams/sim/partition_log.h"
#include "tests/sim/random.h"
#include "topology/party_topology.h"

namespace simulation {

// The names of the outer topics.
topology::Topics OuterTopics();

struct Input {
  std::string topic;
  streams::sim::Record record;
};

class Workload {
 public:
  explicit Workload(uint64_t seed) : random_(seed) {}
  Input Next(base::Timestamp timestamp);

 private:
  std::string Party();
  std::string Who();
  std::string Command();
  std::string Status();
  std::string Invite();

  Random random_;
};

}  // namespace simulation
