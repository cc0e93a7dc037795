// The engine's GroupConsumer over a simulated cluster: what librdkafka does for it.
//
// In the background, which is whenever the cluster ticks: joins, beats, takes assignments,
// hears of rebalances and lost sessions. What the engine must answer waits in a queue until
// it polls; until it has answered the group waits too. Once lost or fenced it tells so.
//
// One that is not polled for max.poll.interval.ms loses its partitions: it leaves the group,
// or, where it is a static member, beats no more. Whatever takes the partitions of one that has
// been asked already to give them up, its library does not tell: for it they are revoked, and
// the group refuses what it commits.
//
// Where the broker was away for longer than the session, it has lost its partitions; a static
// member that joins again then mostly fences itself by that, as was measured.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "streams/broker.h"
#include "streams/sim/cluster.h"
#include "streams/sim/hooks.h"
#include "streams/sim/member.h"

namespace streams::sim {

class SimGroupMetadata final : public GroupMetadata {
 public:
  SimGroupMetadata(std::string group, MemberIdentity identity)
      : group(std::move(group)), identity(std::move(identity)) {}
  const std::string group;
  const MemberIdentity identity;
};

class SimConsumer final : public GroupConsumer, private Session {
 public:
  SimConsumer(Connection* connection, ConsumerSpec spec);
  ~SimConsumer() override;

  GroupEvent Poll(absl::Duration timeout) override;
  absl::StatusOr<std::shared_ptr<const GroupMetadata>> Metadata() override;
  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> Committed(
      std::span<const base::TopicPartition> partitions, bool stable,
      absl::Duration timeout) override;
  absl::Status Assign(std::span<const PartitionStart> partitions) override;
  absl::Status Unassign() override;
  absl::Status Seek(std::span<const PartitionStart> partitions) override;
  absl::Status Fetch(const base::TopicPartition& partition, size_t max,
                     std::vector<Message>* messages) override;
  base::Offset Position(const base::TopicPartition& partition) const override;
  bool AssignmentLost() const override { return lost_; }
  std::vector<std::string> TwinClientIds(absl::Duration timeout) override;
  void Close(bool leave) override;

 private:
  enum class State {
    kOut,       // of no generation: joins
    kJoining,   // waits for the others
    kMember,    // has an assignment
    kRevoking,  // waits for the engine's answer
    kEnded,     // fenced or closed
  };

  void Background() override;
  void AfterOutage(absl::Duration duration) override;
  void SendJoin();
  void TakeAssignment();
  void Beat();
  void LeaveUnpolled();
  void Lose();
  void TakeAway(GroupEvent::Kind kind);
  void Fenced(const std::string& why);
  bool CanFetch() const;
  std::string InstanceId() const { return member_.is_static ? member_.member_id : ""; }

  Connection* const connection_;
  Cluster& cluster_;
  const Member& member_;
  const ConsumerSpec spec_;

  State state_ = State::kOut;
  MemberIdentity identity_;
  std::vector<base::TopicPartition> partitions_;  // as the group has given them
  bool answered_ = true;                          // the last assignment
  bool lost_ = false;
  bool fences_itself_ = false;  // when it joins again
  absl::Duration polled_;       // when it was last
  std::deque<GroupEvent> events_;
  std::shared_ptr<const GroupMetadata> next_metadata_;  // of an assignment in the queue
  std::shared_ptr<const GroupMetadata> metadata_;
  std::map<base::TopicPartition, base::Offset> reading_;  // positions
};

}  // namespace streams::sim
