// Who a simulated broker's objects act as, and what they share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "streams/sim/cluster.h"
#include "streams/sim/hooks.h"

namespace streams::sim {

struct Member {
  std::string group;
  std::string member_id;
  std::string client_id;
  bool is_static = false;
  absl::Duration session_timeout = absl::Seconds(10);
  absl::Duration transaction_timeout = absl::Seconds(60);
  absl::Duration max_poll_interval = absl::Minutes(5);
};

// Of one process; outlives the objects.
struct Connection {
  Cluster* cluster;
  Member member;
  Hooks* hooks;
  Plant plant = Plant::kNone;
  std::function<void()> late;  // a plant's: done in words only
  // For plants: ends of changelogs as they were at some earlier time.
  std::map<base::TopicPartition, base::Offset> earlier_ends;
  std::map<base::TopicPartition, base::Offset> written_ends;
  std::shared_ptr<const GroupMetadata> first_metadata;

  void DoLate() {
    if (late) std::exchange(late, nullptr)();
  }
};

}  // namespace streams::sim
