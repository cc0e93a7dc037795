#include "streams/sim/sim_producer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/murmur2.h"
#include "streams/sim/sim_consumer.h"

namespace streams::sim {
namespace {

using Kind = ProduceResult::Kind;

constexpr absl::Duration kLinger = absl::Seconds(1);
constexpr size_t kLargestRequest = 64'000'000;

std::optional<std::string> Own(std::optional<std::string_view> bytes) {
  return bytes.has_value() ? std::optional(std::string(*bytes)) : std::nullopt;
}

Record ToRecord(const OutgoingRecord& outgoing) {
  Record record{.timestamp = outgoing.timestamp,
                .key = Own(outgoing.key),
                .value = Own(outgoing.value),
                .headers = {}};
  for (const base::HeaderView& header : outgoing.headers) {
    record.headers.emplace_back(header.name, Own(header.value));
  }
  return record;
}

}  // namespace

SimProducer::SimProducer(Connection* connection, ProducerSpec spec)
    : connection_(connection),
      cluster_(*connection->cluster),
      spec_(std::move(spec)),
      reported_(spec_.topics.size()) {
  for (const TopicIndex index : spec_.reported) reported_[index.value()] = true;
}

ProduceResult SimProducer::Fatal(std::string why) {
  fatal_ = true;
  failure_ = {.kind = Kind::kRestart, .reason = std::move(why)};
  return failure_;
}

ProduceResult SimProducer::FailedBy(Verdict verdict, Call call) {
  const std::string text = absl::StrCat("simulated failure of ", Name(call));
  if (verdict != Verdict::kAbort) return Fatal(text);
  failure_ = {.kind = Kind::kAbort, .reason = text};
  return failure_;
}

// ---------------------------------------------------------------------- producing

base::Partition SimProducer::PartitionOf(const OutgoingRecord& record) const {
  if (record.partition != kByKey || !record.key.has_value()) {
    return std::max(record.partition, base::Partition(0));
  }
  const Topic* const topic = cluster_.FindTopic(spec_.topics[record.topic.value()]);
  if (topic == nullptr) return base::Partition(0);
  return base::PartitionForKey(*record.key, static_cast<int32_t>(topic->partitions.size()));
}

ProduceResult SimProducer::Produce(const OutgoingRecord& record) {
  const Verdict verdict = connection_->hooks->Before(Call::kProduce);
  if (verdict == Verdict::kAbort && !transactional())
    return FailedBy(Verdict::kFatal, Call::kProduce);
  if (verdict != Verdict::kGo && verdict != Verdict::kRetriable) {
    return FailedBy(verdict, Call::kProduce);
  }
  connection_->DoLate();
  SendIfDue();
  if (!State().ok() && transactional()) return State();
  const std::string& topic = spec_.topics[record.topic.value()];
  if (record.value.value_or("").size() > kLargestRequest) {
    failure_ = {.kind = Kind::kRejected,
                .reason = absl::StrCat("writing to ", topic, ": too large")};
    return failure_;
  }
  if (queue_.empty()) queued_since_ = cluster_.now();
  queue_.push_back({.partition = {topic, PartitionOf(record)},
                    .reported = reported_[record.topic.value()],
                    .record = ToRecord(record)});
  if (connection_->hooks->SendsEarly()) Send();
  return {};
}

void SimProducer::SendIfDue() {
  if (!queue_.empty() && cluster_.now() >= queued_since_ + kLinger) Send();
}

void SimProducer::Send() {
  for (Queued& queued : std::exchange(queue_, {})) {
    if (fatal_ || (transactional() && !failure_.ok())) return;
    SendOne(std::move(queued));
  }
}

void SimProducer::SendOne(Queued queued) {
  switch (cluster_.Check(queued.partition, queued.record)) {
    case Cluster::Acceptance::kTooLarge:
      return Refuse(queued, "MSG_SIZE_TOO_LARGE");
    case Cluster::Acceptance::kBadTimestamp:
      return Refuse(queued, "INVALID_TIMESTAMP");
    case Cluster::Acceptance::kNoSuchPartition:
      Fatal(absl::StrCat("writing to ", base::ToString(queued.partition), ": UNKNOWN_TOPIC"));
      return;
    case Cluster::Acceptance::kAccepted:
      break;
  }
  if (!transactional()) {
    cluster_.Append(queued.partition, std::move(queued.record), kNoTransaction);
    return;
  }
  base::Offset offset;
  if (!cluster_.transactions().Append(spec_.transactional_id, epoch_, queued.partition,
                                      std::move(queued.record), cluster_.now(), &offset)) {
    Fatal("writing: INVALID_PRODUCER_EPOCH (_FENCED)");
    return;
  }
  wrote_ = true;
  if (queued.reported) ends_[queued.partition] = base::Next(offset);
}

void SimProducer::Refuse(const Queued& queued, const char* why) {
  if (!failure_.ok()) return;  // the first is the cause of the others
  failure_ = {.kind = Kind::kRejected,
              .reason = absl::StrCat("writing to ", base::ToString(queued.partition), " (key of ",
                                     queued.record.key.value_or("").size(), " bytes, value of ",
                                     queued.record.value.value_or("").size(), " bytes): ", why)};
}

ProduceResult SimProducer::Flush(absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kFlush);
  if (verdict == Verdict::kFatal) return FailedBy(verdict, Call::kFlush);
  if (connection_->plant == Plant::kOutputsNotAwaited && !transactional()) {
    connection_->late = [cluster = &cluster_, queue = std::exchange(queue_, {})] {
      for (const Queued& queued : queue) {
        cluster->Append(queued.partition, queued.record, kNoTransaction);
      }
    };
    return {};
  }
  Send();
  if (verdict == Verdict::kLost) return FailedBy(verdict, Call::kFlush);
  if (transactional() || fatal_) return State();
  return std::exchange(failure_, {});
}

// ----------------------------------------------------------------- the transaction

// Made to end a transaction that another has left open.
bool SimProducer::IsAnothers() const {
  const Member& member = connection_->member;
  return spec_.transactional_id != absl::StrCat(member.group, "-", member.member_id);
}

ProduceResult SimProducer::InitTransactions(absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kInitTransactions);
  if (verdict == Verdict::kFatal || verdict == Verdict::kAbort) {
    return FailedBy(Verdict::kFatal, Call::kInitTransactions);
  }
  if (connection_->plant == Plant::kPredecessorLeft && IsAnothers()) {
    return spec_.topics.empty() ? ProduceResult{}
                                : FailedBy(Verdict::kFatal, Call::kInitTransactions);
  }
  epoch_ = cluster_.transactions().InitProducer(
      spec_.transactional_id, connection_->member.transaction_timeout, cluster_.now());
  if (verdict == Verdict::kLost) return FailedBy(verdict, Call::kInitTransactions);
  return {};
}

ProduceResult SimProducer::Begin() {
  const Verdict verdict = connection_->hooks->Before(Call::kBegin);
  if (verdict == Verdict::kFatal || verdict == Verdict::kLost) {
    return FailedBy(Verdict::kFatal, Call::kBegin);
  }
  connection_->DoLate();
  if (fatal_) return State();
  failure_ = {};
  ends_.clear();
  queue_.clear();
  in_transaction_ = true;
  wrote_ = false;
  return {};
}

ProduceResult SimProducer::SendOffsets(std::span<const OffsetToCommit> offsets,
                                       const GroupMetadata& group, absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kSendOffsets);
  if (verdict == Verdict::kFatal || verdict == Verdict::kAbort) {
    return FailedBy(verdict, Call::kSendOffsets);
  }
  Send();
  if (!State().ok()) return State();
  OffsetMap map;
  for (const OffsetToCommit& offset : offsets) {
    map[offset.partition] = {.offset = offset.position, .metadata = std::string(offset.metadata)};
  }
  const auto& metadata = static_cast<const SimGroupMetadata&>(group);
  const MemberIdentity& member = metadata.identity;
  const std::string& name = metadata.group;
  const GroupError error = cluster_.groups().MayCommit(name, member);
  if (connection_->plant == Plant::kOffsetsOutside && error == GroupError::kNone) {
    const TransactionNumber none(0);
    cluster_.groups().AddPending(name, none, map);
    cluster_.groups().EndTransaction(name, none, /*commit=*/true);
    return {};
  }
  // The coordinator of transactions is asked first: the epoch counts before the generation.
  if (!cluster_.transactions().AddOffsets(spec_.transactional_id, epoch_, name,
                                          error == GroupError::kNone ? map : OffsetMap(),
                                          cluster_.now())) {
    return Fatal("sending the offsets: INVALID_PRODUCER_EPOCH (_FENCED)");
  }
  wrote_ = true;
  if (error != GroupError::kNone) {
    // An abort is taken, but it would come to the same again.
    failure_ = {.kind = Kind::kAbort, .reason = absl::StrCat("sending the offsets: ", Name(error))};
    return {.kind = Kind::kRestart, .reason = failure_.reason};
  }
  if (verdict == Verdict::kLost) return FailedBy(verdict, Call::kSendOffsets);
  return {};
}

CommitResult SimProducer::Unknown(const std::string& why) {
  fatal_ = true;
  failure_ = {.kind = Kind::kRestart, .reason = why};
  return {.kind = CommitResult::Kind::kUnknown, .reason = why, .ends = {}};
}

CommitResult SimProducer::Commit(absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kCommit);
  if (verdict == Verdict::kAbort) {
    const ProduceResult failed = FailedBy(verdict, Call::kCommit);
    return {.kind = CommitResult::Kind::kAbort, .reason = failed.reason, .ends = {}};
  }
  const bool unknown = verdict == Verdict::kFatal || verdict == Verdict::kLost;
  CommitResult result;
  if (verdict == Verdict::kFatal) {
    Send();
  } else {
    result = CommitNow();
  }
  if (result.kind != CommitResult::Kind::kCommitted) return result;
  if (unknown && connection_->hooks->Beats()) {
    if (connection_->plant == Plant::kUnknownIsSuccess) return {.reason = {}, .ends = ends_};
    if (connection_->plant == Plant::kUnknownIsFailure) {
      return {.kind = CommitResult::Kind::kAbort, .reason = "unknown", .ends = {}};
    }
  }
  if (unknown) return Unknown("simulated: the commit's outcome is unknown");
  if (connection_->hooks->LosesReport() && !result.ends.empty()) {
    result.ends.erase(result.ends.begin());
  }
  return result;
}

CommitResult SimProducer::CommitNow() {
  Send();
  if (fatal_) return Unknown(failure_.reason);
  if (failure_.kind == Kind::kRejected) {
    return {.kind = CommitResult::Kind::kRejected, .reason = failure_.reason, .ends = {}};
  }
  if (failure_.kind == Kind::kAbort) {
    return {.kind = CommitResult::Kind::kAbort, .reason = failure_.reason, .ends = {}};
  }
  in_transaction_ = false;
  if (connection_->plant == Plant::kCheckpointBeforeCommit) {
    connection_->late = [cluster = &cluster_, id = spec_.transactional_id, epoch = epoch_] {
      cluster->transactions().End(id, epoch, /*commit=*/true, cluster->now());
    };
  } else if (wrote_ && !cluster_.transactions().End(spec_.transactional_id, epoch_,
                                                    /*commit=*/true, cluster_.now())) {
    return Unknown("committing: INVALID_PRODUCER_EPOCH (_FENCED)");
  }
  for (const auto& [partition, end] : ends_) connection_->written_ends[partition] = end;
  return {.reason = {}, .ends = ends_};
}

ProduceResult SimProducer::Abort(absl::Duration) {
  const Verdict verdict = connection_->hooks->Before(Call::kAbort);
  if (fatal_) return State();
  if (verdict == Verdict::kFatal) return FailedBy(verdict, Call::kAbort);
  queue_.clear();
  in_transaction_ = false;
  if (!cluster_.transactions().End(spec_.transactional_id, epoch_, /*commit=*/false,
                                   cluster_.now())) {
    return Fatal("aborting: INVALID_PRODUCER_EPOCH (_FENCED)");
  }
  if (verdict == Verdict::kLost) return FailedBy(verdict, Call::kAbort);
  failure_ = {};
  return {};
}

}  // namespace streams::sim
