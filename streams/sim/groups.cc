#include "streams/sim/groups.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streams::sim {

const char* Name(GroupError error) {
  switch (error) {
    case GroupError::kNone:
      return "NO_ERROR";
    case GroupError::kRebalanceInProgress:
      return "REBALANCE_IN_PROGRESS";
    case GroupError::kUnknownMember:
      return "UNKNOWN_MEMBER_ID";
    case GroupError::kIllegalGeneration:
      return "ILLEGAL_GENERATION";
    case GroupError::kFencedInstance:
      return "FENCED_INSTANCE_ID";
  }
  return "";
}

// -------------------------------------------------------------------- membership

GroupCoordinator::Member* GroupCoordinator::Find(Group* group, const std::string& member_id) {
  const auto found = group->members.find(member_id);
  return found == group->members.end() ? nullptr : &found->second;
}

bool GroupCoordinator::HasInstance(const Group& group, const std::string& instance_id) {
  return std::any_of(group.members.begin(), group.members.end(),
                     [&](const auto& member) { return member.second.instance_id == instance_id; });
}

std::string GroupCoordinator::NewMemberId(const std::string& instance_id) {
  return absl::StrCat(instance_id.empty() ? "member" : instance_id, "-", ++member_ids_);
}

GroupError GroupCoordinator::Join(const std::string& name, const JoinRequest& request,
                                  absl::Duration now, std::string* member_id) {
  Group& group = groups_[name];
  const MemberIdentity& identity = request.identity;
  if (identity.member_id.empty()) {
    if (!identity.instance_id.empty() && HasInstance(group, identity.instance_id)) {
      return Return(&group, request, now, member_id);
    }
    *member_id = NewMemberId(identity.instance_id);
    group.members[*member_id].instance_id = identity.instance_id;
  } else {
    *member_id = identity.member_id;
    if (Find(&group, *member_id) == nullptr) {
      const bool fenced = !identity.instance_id.empty() && HasInstance(group, identity.instance_id);
      return fenced ? GroupError::kFencedInstance : GroupError::kUnknownMember;
    }
  }
  Member& member = group.members[*member_id];
  member.client_id = request.client_id;
  member.topics = request.topics;
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.seen = now;
  if (group.stable) BeginRebalance(&group, now);
  member.joined = true;
  CompleteIfAllJoined(&group, now);
  return GroupError::kNone;
}

// A static member takes its place again.
GroupError GroupCoordinator::Return(Group* group, const JoinRequest& request, absl::Duration now,
                                    std::string* member_id) {
  const auto old =
      std::find_if(group->members.begin(), group->members.end(), [&](const auto& member) {
        return member.second.instance_id == request.identity.instance_id;
      });
  Member member = std::move(old->second);
  group->members.erase(old);
  const bool same = member.topics == request.topics;
  member.client_id = request.client_id;
  member.topics = request.topics;
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.seen = now;
  *member_id = NewMemberId(request.identity.instance_id);
  group->members[*member_id] = std::move(member);
  if (group->stable && !same) BeginRebalance(group, now);
  if (!group->stable) {
    group->members[*member_id].joined = true;
    CompleteIfAllJoined(group, now);
  }
  return GroupError::kNone;
}

std::optional<Assignment> GroupCoordinator::AssignmentOf(const std::string& name,
                                                         const std::string& member_id) const {
  const auto group = groups_.find(name);
  if (group == groups_.end() || !group->second.stable) return std::nullopt;
  const auto member = group->second.members.find(member_id);
  if (member == group->second.members.end()) return std::nullopt;
  return Assignment{group->second.generation, member->second.partitions};
}

GroupError GroupCoordinator::Check(const Group& group, const MemberIdentity& member) const {
  if (member.member_id.empty()) {
    return member.generation < 0 ? GroupError::kNone : GroupError::kUnknownMember;
  }
  if (!group.members.contains(member.member_id)) {
    const bool fenced = !member.instance_id.empty() && HasInstance(group, member.instance_id);
    return fenced ? GroupError::kFencedInstance : GroupError::kUnknownMember;
  }
  return member.generation == group.generation ? GroupError::kNone : GroupError::kIllegalGeneration;
}

GroupError GroupCoordinator::Heartbeat(const std::string& name, const MemberIdentity& identity,
                                       absl::Duration now) {
  Group& group = groups_[name];
  Member* member = Find(&group, identity.member_id);
  if (member != nullptr) member->seen = now;
  const GroupError error = Check(group, identity);
  if (error != GroupError::kNone) return error;
  return group.stable || member->joined ? GroupError::kNone : GroupError::kRebalanceInProgress;
}

void GroupCoordinator::Leave(const std::string& name, const std::string& member_id,
                             absl::Duration now) {
  Group& group = groups_[name];
  if (group.members.erase(member_id) == 0) return;
  if (group.stable) BeginRebalance(&group, now);
  CompleteIfAllJoined(&group, now);
}

void GroupCoordinator::Rebalance(const std::string& name, absl::Duration now) {
  Group& group = groups_[name];
  if (group.stable && !group.members.empty()) BeginRebalance(&group, now);
}

std::vector<std::string> GroupCoordinator::ClientsOf(const std::string& name,
                                                     const std::string& instance_id) const {
  std::vector<std::string> clients;
  const auto group = groups_.find(name);
  if (group == groups_.end()) return clients;
  for (const auto& [id, member] : group->second.members) {
    if (member.instance_id == instance_id) clients.push_back(member.client_id);
  }
  return clients;
}

// -------------------------------------------------------------------- rebalances

void GroupCoordinator::BeginRebalance(Group* group, absl::Duration now) {
  group->stable = false;
  absl::Duration longest;
  for (auto& [id, member] : group->members) {
    member.joined = false;
    longest = std::max(longest, member.rebalance_timeout);
  }
  group->rebalance_deadline = now + longest;
}

void GroupCoordinator::CompleteIfAllJoined(Group* group, absl::Duration now) {
  const bool all = std::all_of(group->members.begin(), group->members.end(),
                               [](const auto& member) { return member.second.joined; });
  if (!group->stable && all) Complete(group, now);
}

void GroupCoordinator::Complete(Group* group, absl::Duration now) {
  std::erase_if(group->members, [](const auto& member) { return !member.second.joined; });
  group->stable = true;
  ++group->generation;
  std::set<std::string> topics;
  for (auto& [id, member] : group->members) {
    member.partitions.clear();
    member.seen = now;
    topics.insert(member.topics.begin(), member.topics.end());
  }
  for (const std::string& topic : topics) AssignTopic(group, topic);
}

// Kafka's range: each gets a run of partitions, static members in the order of their
// instance ids first.
void GroupCoordinator::AssignTopic(Group* group, const std::string& topic) const {
  std::vector<std::pair<std::string, Member*>> takers;
  for (auto& [id, member] : group->members) {
    if (std::find(member.topics.begin(), member.topics.end(), topic) == member.topics.end()) {
      continue;
    }
    takers.emplace_back(member.instance_id.empty() ? "~" + id : member.instance_id, &member);
  }
  std::sort(takers.begin(), takers.end());
  const auto count = static_cast<size_t>(count_(cluster_, topic));
  size_t next = 0;
  for (size_t i = 0; i < takers.size(); ++i) {
    const size_t share = count / takers.size() + (i < count % takers.size() ? 1 : 0);
    for (size_t end = next + share; next < end; ++next) {
      takers[i].second->partitions.push_back({topic, base::Partition(static_cast<int32_t>(next))});
    }
  }
}

void GroupCoordinator::Tick(absl::Duration now) {
  for (auto& entry : groups_) {
    Group& group = entry.second;
    const size_t before = group.members.size();
    std::erase_if(group.members, [&](const auto& other) {
      const Member& member = other.second;
      const bool waits = !group.stable && member.joined;
      return !waits && now >= member.seen + member.session_timeout;
    });
    if (group.members.size() < before && group.stable) BeginRebalance(&group, now);
    CompleteIfAllJoined(&group, now);
    if (!group.stable && now >= group.rebalance_deadline) Complete(&group, now);
  }
}

void GroupCoordinator::RenewSessions(absl::Duration now) {
  for (auto& [name, group] : groups_) {
    for (auto& [id, member] : group.members) member.seen = now;
  }
}

absl::Duration GroupCoordinator::NextDue() const {
  absl::Duration due = absl::InfiniteDuration();
  for (const auto& [name, group] : groups_) {
    if (!group.stable) due = std::min(due, group.rebalance_deadline);
    for (const auto& [id, member] : group.members) {
      if (group.stable || !member.joined) due = std::min(due, member.seen + member.session_timeout);
    }
  }
  return due;
}

// ----------------------------------------------------------------------- offsets

GroupError GroupCoordinator::MayCommit(const std::string& name,
                                       const MemberIdentity& member) const {
  const auto group = groups_.find(name);
  if (group == groups_.end()) return Check(Group(), member);
  return Check(group->second, member);
}

void GroupCoordinator::AddPending(const std::string& name, TransactionNumber transaction,
                                  const OffsetMap& offsets) {
  OffsetMap& pending = groups_[name].pending[transaction];
  for (const auto& [partition, offset] : offsets) pending[partition] = offset;
}

void GroupCoordinator::EndTransaction(const std::string& name, TransactionNumber transaction,
                                      bool commit) {
  Group& group = groups_[name];
  const auto found = group.pending.find(transaction);
  if (found == group.pending.end()) return;
  if (commit) {
    for (const auto& [partition, offset] : found->second) group.offsets[partition] = offset;
  }
  group.pending.erase(found);
}

OffsetMap GroupCoordinator::Offsets(const std::string& name,
                                    const std::vector<base::TopicPartition>& partitions,
                                    bool* pending) const {
  OffsetMap committed;
  *pending = false;
  const auto group = groups_.find(name);
  if (group == groups_.end()) return committed;
  for (const base::TopicPartition& partition : partitions) {
    const auto found = group->second.offsets.find(partition);
    if (found != group->second.offsets.end()) committed.insert(*found);
    for (const auto& [transaction, offsets] : group->second.pending) {
      *pending = *pending || offsets.contains(partition);
    }
  }
  return committed;
}

bool GroupCoordinator::ExpireOffsets(const std::string& name) {
  Group& group = groups_[name];
  if (!group.members.empty()) return false;
  group.offsets.clear();
  return true;
}

}  // namespace streams::sim
