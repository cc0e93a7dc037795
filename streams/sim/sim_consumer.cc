#include "streams/sim/sim_consumer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "streams/sim/message.h"

namespace streams::sim {
namespace {

absl::Status Failed(Verdict verdict, Call call) {
  const std::string text = absl::StrCat("simulated failure of ", Name(call));
  return verdict == Verdict::kRetriable ? absl::UnavailableError(text) : absl::InternalError(text);
}

}  // namespace

SimConsumer::SimConsumer(Connection* connection, ConsumerSpec spec)
    : connection_(connection),
      cluster_(*connection->cluster),
      member_(connection->member),
      spec_(std::move(spec)) {
  identity_.instance_id = InstanceId();
  polled_ = cluster_.now();
  cluster_.AddSession(this);
}

SimConsumer::~SimConsumer() { cluster_.RemoveSession(this); }

// --------------------------------------------------------------------- background

void SimConsumer::Background() {
  if (!connection_->hooks->Beats()) return;
  switch (state_) {
    case State::kOut:
      SendJoin();
      [[fallthrough]];
    case State::kJoining:
      TakeAssignment();
      break;
    case State::kMember:
    case State::kRevoking:
      if (identity_.member_id.empty()) return;  // out already, and to answer first
      if (cluster_.now() >= polled_ + member_.max_poll_interval) return LeaveUnpolled();
      Beat();
      break;
    case State::kEnded:
      break;
  }
}

void SimConsumer::SendJoin() {
  if (fences_itself_) return Fenced("joining again after its session");
  const JoinRequest request{.identity = identity_,
                            .client_id = member_.client_id,
                            .topics = spec_.topics,
                            .session_timeout = member_.session_timeout,
                            .rebalance_timeout = member_.max_poll_interval};
  std::string member_id;
  const GroupError error =
      cluster_.groups().Join(member_.group, request, cluster_.now(), &member_id);
  switch (error) {
    case GroupError::kNone:
      identity_.member_id = member_id;
      state_ = State::kJoining;
      break;
    case GroupError::kFencedInstance:
      Fenced("joining");
      break;
    default:  // as a new member, at the next beat
      identity_.member_id.clear();
      state_ = State::kOut;
  }
}

void SimConsumer::TakeAssignment() {
  if (state_ != State::kJoining) return;
  auto assignment = cluster_.groups().AssignmentOf(member_.group, identity_.member_id);
  if (!assignment.has_value()) return SendJoin();
  identity_.generation = assignment->generation;
  partitions_ = std::move(assignment->partitions);
  state_ = State::kMember;
  lost_ = false;
  answered_ = false;
  const bool nobody = connection_->plant == Plant::kNobodysMetadata;
  next_metadata_ =
      std::make_shared<SimGroupMetadata>(member_.group, nobody ? MemberIdentity() : identity_);
  if (connection_->plant == Plant::kFirstMetadataKept) {
    if (connection_->first_metadata == nullptr) connection_->first_metadata = next_metadata_;
    next_metadata_ = connection_->first_metadata;
  }
  events_.push_back({.kind = GroupEvent::Kind::kAssigned, .partitions = partitions_, .reason = {}});
}

void SimConsumer::Beat() {
  const GroupError error = cluster_.groups().Heartbeat(member_.group, identity_, cluster_.now());
  switch (error) {
    case GroupError::kNone:
      return;
    case GroupError::kRebalanceInProgress:
      if (state_ == State::kMember && answered_) TakeAway(GroupEvent::Kind::kRevoked);
      return;
    case GroupError::kFencedInstance:
      return Fenced("heartbeat");
    case GroupError::kUnknownMember:
      identity_.member_id.clear();
      [[fallthrough]];
    case GroupError::kIllegalGeneration:
      Lose();
  }
}

void SimConsumer::Lose() {
  if (state_ != State::kMember) return;
  lost_ = true;
  TakeAway(GroupEvent::Kind::kLost);
}

void SimConsumer::LeaveUnpolled() {
  connection_->hooks->LeftUnpolled();
  if (!member_.is_static) {
    cluster_.groups().Leave(member_.group, identity_.member_id, cluster_.now());
  }
  identity_.member_id.clear();
  Lose();
}

void SimConsumer::TakeAway(GroupEvent::Kind kind) {
  metadata_.reset();
  if (connection_->plant == Plant::kRevokedGoesOn) {
    // Joins again behind the engine's back, which reads on.
    state_ = State::kOut;
    return;
  }
  if (partitions_.empty() && kind == GroupEvent::Kind::kRevoked) {
    state_ = State::kOut;  // there is nothing to give up
    return;
  }
  state_ = State::kRevoking;
  events_.push_back({.kind = kind, .partitions = partitions_, .reason = {}});
}

void SimConsumer::Fenced(const std::string& why) {
  state_ = State::kEnded;
  lost_ = true;
  metadata_.reset();
  events_.push_back({.kind = GroupEvent::Kind::kRestart,
                     .partitions = {},
                     .reason = why + ": FENCED_INSTANCE_ID",
                     .fenced = true});
}

void SimConsumer::AfterOutage(absl::Duration duration) {
  if (!connection_->hooks->Beats() || duration < member_.session_timeout) return;
  if (state_ != State::kMember && state_ != State::kRevoking) return;
  fences_itself_ = member_.is_static && connection_->hooks->FencesItself();
  Lose();
  identity_.member_id.clear();
}

// ----------------------------------------------------------------------- the group

GroupEvent SimConsumer::Poll(absl::Duration timeout) {
  const Verdict verdict = connection_->hooks->Before(Call::kPoll);
  if (verdict == Verdict::kFatal || verdict == Verdict::kLost) {
    return {
        .kind = GroupEvent::Kind::kRestart, .partitions = {}, .reason = "simulated fatal error"};
  }
  connection_->DoLate();
  polled_ = cluster_.now();
  const absl::Duration deadline = cluster_.now() + timeout;
  Background();
  while (events_.empty() && !CanFetch() && cluster_.now() < deadline) {
    if (!connection_->hooks->Pause(deadline - cluster_.now())) break;
    Background();
  }
  if (events_.empty()) return {};
  GroupEvent event = std::move(events_.front());
  events_.pop_front();
  if (event.kind == GroupEvent::Kind::kAssigned) metadata_ = next_metadata_;
  return event;
}

absl::StatusOr<std::shared_ptr<const GroupMetadata>> SimConsumer::Metadata() {
  if (metadata_ == nullptr) return absl::FailedPreconditionError("no partitions are assigned");
  return metadata_;
}

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> SimConsumer::Committed(
    std::span<const base::TopicPartition> partitions, bool stable, absl::Duration timeout) {
  const Verdict verdict = connection_->hooks->Before(Call::kCommitted);
  if (verdict != Verdict::kGo) return Failed(verdict, Call::kCommitted);
  if (connection_->plant == Plant::kEndsBeforeOffsets && connection_->earlier_ends.empty()) {
    for (const auto& [name, topic] : cluster_.topics()) {
      if (!absl::EndsWith(name, "-changelog")) continue;
      connection_->earlier_ends[{name, base::Partition(0)}] = topic.partitions[0].end();
    }
  }
  const absl::Duration deadline = cluster_.now() + timeout;
  const std::vector<base::TopicPartition> wanted(partitions.begin(), partitions.end());
  while (true) {
    bool pending = false;
    OffsetMap committed = cluster_.groups().Offsets(member_.group, wanted, &pending);
    if (!pending || !stable) return committed;
    if (cluster_.now() < deadline && connection_->hooks->Pause(deadline - cluster_.now())) continue;
    return absl::DeadlineExceededError("the group's offsets: a transaction is open");
  }
}

std::vector<std::string> SimConsumer::TwinClientIds(absl::Duration) {
  std::vector<std::string> clients;
  if (member_.is_static) clients = cluster_.groups().ClientsOf(member_.group, InstanceId());
  std::erase(clients, member_.client_id);
  return clients;
}

void SimConsumer::Close(bool leave) {
  const Verdict verdict = connection_->hooks->Before(Call::kClose);
  const bool leaves = leave || !member_.is_static;
  if (state_ != State::kEnded && leaves && !identity_.member_id.empty() &&
      (verdict == Verdict::kGo || verdict == Verdict::kLost)) {
    cluster_.groups().Leave(member_.group, identity_.member_id, cluster_.now());
  }
  state_ = State::kEnded;
}

// ------------------------------------------------------------------ the partitions

absl::Status SimConsumer::Assign(std::span<const PartitionStart> partitions) {
  const Verdict verdict = connection_->hooks->Before(Call::kAssign);
  if (verdict != Verdict::kGo && verdict != Verdict::kRetriable) {
    return Failed(Verdict::kFatal, Call::kAssign);
  }
  answered_ = true;
  reading_.clear();
  for (const PartitionStart& start : partitions) reading_[start.partition] = start.from;
  return absl::OkStatus();
}

absl::Status SimConsumer::Unassign() {
  answered_ = true;
  reading_.clear();
  if (state_ != State::kRevoking) return absl::OkStatus();
  partitions_.clear();
  state_ = State::kOut;
  return absl::OkStatus();
}

absl::Status SimConsumer::Seek(std::span<const PartitionStart> partitions) {
  const Verdict verdict = connection_->hooks->Before(Call::kSeek);
  if (verdict == Verdict::kFatal || verdict == Verdict::kLost) return Failed(verdict, Call::kSeek);
  if (connection_->plant == Plant::kInputsNotRewound) return absl::OkStatus();
  for (const PartitionStart& start : partitions) {
    const auto found = reading_.find(start.partition);
    if (found != reading_.end()) found->second = start.from;
  }
  return absl::OkStatus();
}

absl::Status SimConsumer::Fetch(const base::TopicPartition& partition, size_t max,
                                std::vector<Message>* messages) {
  const auto found = reading_.find(partition);
  if (found == reading_.end()) {
    return absl::InternalError(absl::StrCat(base::ToString(partition), " is not assigned"));
  }
  const Verdict verdict = connection_->hooks->Before(Call::kFetch);
  if (verdict == Verdict::kRetriable || !connection_->hooks->Beats()) return absl::OkStatus();
  if (verdict != Verdict::kGo) return Failed(verdict, Call::kFetch);
  const PartitionLog* const log = cluster_.FindLog(partition);
  base::Offset& position = found->second;
  if (log == nullptr || position < log->start() || position > log->end()) {
    return absl::OutOfRangeError(absl::StrCat("offset ", position.value(), " of ",
                                              base::ToString(partition),
                                              " is not in the log (any more)"));
  }
  auto read = log->Read(position, Isolation::kCommitted, connection_->hooks->Batch(max));
  // What follows the last record and holds none is passed by the next call.
  position = read.entries.empty() ? read.next : base::Next(read.entries.back()->offset);
  for (EntryPtr& entry : read.entries) messages->push_back(ToMessage(partition, std::move(entry)));
  return absl::OkStatus();
}

base::Offset SimConsumer::Position(const base::TopicPartition& partition) const {
  const auto found = reading_.find(partition);
  return found == reading_.end() ? base::Offset(0) : found->second;
}

bool SimConsumer::CanFetch() const {
  return std::any_of(reading_.begin(), reading_.end(), [this](const auto& reading) {
    const PartitionLog* const log = cluster_.FindLog(reading.first);
    return log != nullptr && !log->Read(reading.second, Isolation::kCommitted, 1).entries.empty();
  });
}

}  // namespace streams::sim
