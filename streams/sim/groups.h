// The group coordinator: members, generations, assignments, and committed offsets.
//
// Eager rebalances, as with the `range` assignor. A rebalance begins with a new member, one
// that leaves, one whose session ends, or by Rebalance; it is over when every member has
// joined again, or when the longest of the members' rebalance timeouts (in clients,
// max.poll.interval.ms) has passed: then those that have not are out.
// A static member that comes back under its instance id takes its place without one, and
// fences the one that had it. Members that wait for a rebalance to end do not expire.
//
// Offsets of a transaction are pending until its marker for the group is written.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "streams/broker.h"
#include "streams/sim/partition_log.h"

namespace streams::sim {

enum class GroupError {
  kNone,
  kRebalanceInProgress,
  kUnknownMember,
  kIllegalGeneration,
  kFencedInstance,
};
const char* Name(GroupError error);

// Who a request comes from. A member id of "" and generation -1 is nobody, whom the
// coordinator lets commit.
struct MemberIdentity {
  std::string member_id;
  std::string instance_id;  // of static members
  int32_t generation = -1;
};

struct JoinRequest {
  MemberIdentity identity;  // no member id: a new one
  std::string client_id;
  std::vector<std::string> topics;
  absl::Duration session_timeout;
  absl::Duration rebalance_timeout;
};

struct Assignment {
  int32_t generation = -1;
  std::vector<base::TopicPartition> partitions;
};

using OffsetMap = std::map<base::TopicPartition, CommittedOffset>;

class GroupCoordinator {
 public:
  // How many partitions a topic has; 0: there is none.
  using CountPartitions = int32_t (*)(void* cluster, const std::string& topic);
  GroupCoordinator(CountPartitions count, void* cluster) : count_(count), cluster_(cluster) {}

  // `member_id` is the one to go on with. The assignment comes when the rebalance is over.
  GroupError Join(const std::string& group, const JoinRequest& request, absl::Duration now,
                  std::string* member_id);
  // None while the member waits for the others.
  std::optional<Assignment> AssignmentOf(const std::string& group,
                                         const std::string& member_id) const;
  GroupError Heartbeat(const std::string& group, const MemberIdentity& member, absl::Duration now);
  void Leave(const std::string& group, const std::string& member_id, absl::Duration now);
  // As if somebody new had joined and left.
  void Rebalance(const std::string& group, absl::Duration now);

  // Whether this member may commit offsets.
  GroupError MayCommit(const std::string& group, const MemberIdentity& member) const;
  void AddPending(const std::string& group, TransactionNumber transaction,
                  const OffsetMap& offsets);
  void EndTransaction(const std::string& group, TransactionNumber transaction, bool commit);
  // The committed ones among these. `pending`: whether an open transaction has others.
  OffsetMap Offsets(const std::string& group, const std::vector<base::TopicPartition>& partitions,
                    bool* pending) const;
  // What the broker does after offsets.retention.minutes with a group that has no members.
  // False where it has some.
  bool ExpireOffsets(const std::string& group);

  // The client ids of those that have this instance id.
  std::vector<std::string> ClientsOf(const std::string& group,
                                     const std::string& instance_id) const;

  // What is due: sessions and rebalances that have timed out.
  void Tick(absl::Duration now);
  // After an outage every session begins anew.
  void RenewSessions(absl::Duration now);
  // When something is due next.
  absl::Duration NextDue() const;

 private:
  struct Member {
    std::string instance_id;
    std::string client_id;
    std::vector<std::string> topics;
    absl::Duration session_timeout;
    absl::Duration rebalance_timeout;
    absl::Duration seen;
    bool joined = false;  // in the present rebalance
    std::vector<base::TopicPartition> partitions;
  };
  struct Group {
    bool stable = true;  // false: a rebalance is in progress
    int32_t generation = 0;
    absl::Duration rebalance_deadline;
    std::map<std::string, Member> members;  // by member id
    OffsetMap offsets;
    std::map<TransactionNumber, OffsetMap> pending;
  };

  static Member* Find(Group* group, const std::string& member_id);
  GroupError Check(const Group& group, const MemberIdentity& member) const;
  static bool HasInstance(const Group& group, const std::string& instance_id);
  GroupError Return(Group* group, const JoinRequest& request, absl::Duration now,
                    std::string* member_id);
  static void BeginRebalance(Group* group, absl::Duration now);
  void CompleteIfAllJoined(Group* group, absl::Duration now);
  void Complete(Group* group, absl::Duration now);
  void AssignTopic(Group* group, const std::string& topic) const;
  std::string NewMemberId(const std::string& instance_id);

  CountPartitions count_;
  void* cluster_;
  std::map<std::string, Group> groups_;
  uint64_t member_ids_ = 0;
};

}  // namespace streams::sim
