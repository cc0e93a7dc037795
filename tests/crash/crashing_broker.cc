#include "tests/crash/crashing_broker.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tests/crash/crash_points.h"
#include "tests/crash/crashing_calls.h"

namespace crash {
namespace {

using streams::GroupEvent;
using streams::PartitionStart;
using streams::ProduceResult;

// ------------------------------------------------------------------ the group

class CrashingConsumer final : public streams::GroupConsumer {
 public:
  CrashingConsumer(std::unique_ptr<streams::GroupConsumer> kafka, Course* course)
      : kafka_(std::move(kafka)), course_(course) {}

  GroupEvent Poll(absl::Duration timeout) override {
    GroupEvent event = kafka_->Poll(timeout);
    if (event.kind == GroupEvent::Kind::kAssigned && !event.partitions.empty()) {
      Reach(Point::kAssigned);
    }
    if (event.kind == GroupEvent::Kind::kRevoked && !event.partitions.empty()) {
      course_->revoking = true;
      Reach(Point::kRevoked);
    }
    return event;
  }

  absl::StatusOr<std::shared_ptr<const streams::GroupMetadata>> Metadata() override {
    return kafka_->Metadata();
  }

  absl::StatusOr<std::map<base::TopicPartition, streams::CommittedOffset>> Committed(
      std::span<const base::TopicPartition> partitions, bool stable,
      absl::Duration timeout) override {
    auto committed = kafka_->Committed(partitions, stable, timeout);
    if (stable && committed.ok()) Reach(Point::kOffsetsRead);
    return committed;
  }

  absl::Status Assign(std::span<const PartitionStart> partitions) override {
    const absl::Status assigned = kafka_->Assign(partitions);
    if (!partitions.empty()) Reach(Point::kInputsAssigned);
    return assigned;
  }

  absl::Status Unassign() override {
    const absl::Status unassigned = kafka_->Unassign();
    if (course_->revoking) Reach(Point::kUnassigned);
    course_->revoking = false;
    return unassigned;
  }

  absl::Status Seek(std::span<const PartitionStart> partitions) override {
    return kafka_->Seek(partitions);
  }

  absl::Status Fetch(const base::TopicPartition& partition, size_t max,
                     std::vector<streams::Message>* messages) override {
    const size_t before = messages->size();
    const absl::Status fetched = kafka_->Fetch(partition, max, messages);
    if (messages->size() > before) Reach(Point::kFetched);
    return fetched;
  }

  base::Offset Position(const base::TopicPartition& partition) const override {
    return kafka_->Position(partition);
  }
  bool AssignmentLost() const override { return kafka_->AssignmentLost(); }
  std::vector<std::string> TwinClientIds(absl::Duration timeout) override {
    return kafka_->TwinClientIds(timeout);
  }

  void Close(bool leave) override {
    Reach(Point::kClosing);
    kafka_->Close(leave);
  }

 private:
  const std::unique_ptr<streams::GroupConsumer> kafka_;
  Course* const course_;
};

// ------------------------------------------------------------------ producing

class CrashingTransactions final : public streams::TransactionalProducer {
 public:
  CrashingTransactions(std::unique_ptr<streams::TransactionalProducer> kafka,
                       streams::ProducerSpec spec, Course* course)
      : kafka_(std::move(kafka)), spec_(std::move(spec)), course_(course) {}

  ProduceResult InitTransactions(absl::Duration timeout) override {
    ProduceResult result = kafka_->InitTransactions(timeout);
    // One that will write nothing is there to end another's transaction.
    if (result.ok()) Reach(spec_.topics.empty() ? Point::kPredecessorEnded : Point::kInitialized);
    return result;
  }

  ProduceResult Begin() override {
    Reach(Point::kProcessed);
    return kafka_->Begin();
  }

  ProduceResult Produce(const streams::OutgoingRecord& record) override {
    ProduceResult result = kafka_->Produce(record);
    const bool changelog = std::find(spec_.reported.begin(), spec_.reported.end(), record.topic) !=
                           spec_.reported.end();
    Reach(changelog ? Point::kChangelogProduced : Point::kOutputProduced);
    return result;
  }

  ProduceResult Flush(absl::Duration timeout) override { return kafka_->Flush(timeout); }

  ProduceResult SendOffsets(std::span<const streams::OffsetToCommit> offsets,
                            const streams::GroupMetadata& group, absl::Duration timeout) override {
    ProduceResult result = kafka_->SendOffsets(offsets, group, timeout);
    course_->releasing =
        std::all_of(offsets.begin(), offsets.end(),
                    [](const streams::OffsetToCommit& one) { return one.metadata.empty(); });
    Reach(AtEnd(Point::kOffsetsSent, Point::kRevokeOffsetsSent, Point::kLastOffsetsSent));
    return result;
  }

  streams::CommitResult Commit(absl::Duration timeout) override {
    Reach(Point::kCommitCalled);
    streams::CommitResult result;
    {
      const Raised raised(&committing);
      result = kafka_->Commit(timeout);
    }
    if (result.kind == streams::CommitResult::Kind::kCommitted) {
      Reach(AtEnd(Point::kCommitted, Point::kRevokeCommitted, Point::kLastCommitted));
    }
    return result;
  }

  ProduceResult Abort(absl::Duration timeout) override { return kafka_->Abort(timeout); }

 private:
  Point AtEnd(Point running, Point revoked, Point stopping) const {
    if (!course_->releasing) return running;
    return course_->revoking ? revoked : stopping;
  }

  const std::unique_ptr<streams::TransactionalProducer> kafka_;
  const streams::ProducerSpec spec_;
  Course* const course_;
};

class CrashingProducer final : public streams::Producer {
 public:
  explicit CrashingProducer(std::unique_ptr<streams::Producer> kafka) : kafka_(std::move(kafka)) {}

  ProduceResult Produce(const streams::OutgoingRecord& record) override {
    ++produced_;
    return kafka_->Produce(record);
  }
  ProduceResult Flush(absl::Duration timeout) override {
    ProduceResult result = kafka_->Flush(timeout);
    if (result.ok() && std::exchange(produced_, 0) > 0) Reach(Point::kOutputsFlushed);
    return result;
  }

 private:
  const std::unique_ptr<streams::Producer> kafka_;
  size_t produced_ = 0;  // since the last flush
};

// ------------------------------------------------------------------ changelogs

class CrashingReader final : public streams::LogReader {
 public:
  explicit CrashingReader(std::unique_ptr<streams::LogReader> kafka) : kafka_(std::move(kafka)) {}

  absl::StatusOr<std::map<base::TopicPartition, streams::LogRange>> Ranges(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override {
    auto ranges = kafka_->Ranges(partitions, timeout);
    if (ranges.ok()) Reach(Point::kRangesRead);
    assigned_ = 0;
    return ranges;
  }

  absl::StatusOr<std::vector<base::Offset>> StableEnds(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override {
    return kafka_->StableEnds(partitions, timeout);
  }

  // First the identities are read, then what is to be restored, then nothing.
  absl::Status Assign(std::span<const PartitionStart> partitions) override {
    CountApplied();
    if (partitions.empty()) Reach(Point::kRestored);
    ++assigned_;
    return kafka_->Assign(partitions);
  }

  absl::Status Poll(absl::Duration timeout, Progress* progress) override {
    CountApplied();
    const absl::Status polled = kafka_->Poll(timeout, progress);
    if (assigned_ == kRestoring) handed_over_ = progress->messages.size();
    return polled;
  }

 private:
  static constexpr int kRestoring = 2;

  // What was handed over before this call is in the replica now.
  void CountApplied() {
    for (; handed_over_ > 0; --handed_over_) Reach(Point::kRestoreRecord);
  }

  const std::unique_ptr<streams::LogReader> kafka_;
  int assigned_ = 0;
  size_t handed_over_ = 0;
};

// ---------------------------------------------------------------------- topics

class CrashingAdmin final : public streams::Admin {
 public:
  explicit CrashingAdmin(streams::Admin* kafka) : kafka_(kafka) {}

  absl::StatusOr<std::map<std::string, streams::TopicDescription>> DescribeTopics(
      std::span<const std::string> topics, absl::Duration timeout) override {
    return kafka_->DescribeTopics(topics, timeout);
  }
  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(
      const std::string& topic, absl::Duration timeout) override {
    return kafka_->TopicSettings(topic, timeout);
  }
  absl::StatusOr<int> DefaultReplicationFactor(absl::Duration timeout) override {
    return kafka_->DefaultReplicationFactor(timeout);
  }
  absl::Status CreateTopics(std::span<const streams::TopicSpec> topics,
                            absl::Duration timeout) override {
    Reach(Point::kTopicsMaking);
    RETURN_IF_ERROR(kafka_->CreateTopics(topics, timeout));
    Reach(Point::kTopicsMade);
    return absl::OkStatus();
  }
  absl::StatusOr<std::map<base::TopicPartition, streams::CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) override {
    return kafka_->GroupOffsets(partitions, timeout);
  }
  absl::Status DeleteRecords(std::span<const PartitionStart> before,
                             absl::Duration timeout) override {
    return kafka_->DeleteRecords(before, timeout);
  }

 private:
  streams::Admin* const kafka_;
};

}  // namespace

CrashingBroker::CrashingBroker(streams::Broker* kafka)
    : kafka_(kafka), admin_(std::make_unique<CrashingAdmin>(&kafka->admin())) {}

CrashingBroker::~CrashingBroker() = default;

absl::StatusOr<std::unique_ptr<streams::GroupConsumer>> CrashingBroker::NewConsumer(
    const streams::ConsumerSpec& spec) {
  ASSIGN_OR_RETURN(auto consumer, kafka_->NewConsumer(spec));
  course_ = {};
  return std::make_unique<CrashingConsumer>(std::move(consumer), &course_);
}

absl::StatusOr<std::unique_ptr<streams::TransactionalProducer>>
CrashingBroker::NewTransactionalProducer(const streams::ProducerSpec& spec) {
  ASSIGN_OR_RETURN(auto producer, kafka_->NewTransactionalProducer(spec));
  return std::make_unique<CrashingTransactions>(std::move(producer), spec, &course_);
}

absl::StatusOr<std::unique_ptr<streams::Producer>> CrashingBroker::NewProducer(
    const streams::ProducerSpec& spec) {
  ASSIGN_OR_RETURN(auto producer, kafka_->NewProducer(spec));
  return std::make_unique<CrashingProducer>(std::move(producer));
}

absl::StatusOr<std::unique_ptr<streams::LogReader>> CrashingBroker::NewLogReader() {
  ASSIGN_OR_RETURN(auto reader, kafka_->NewLogReader());
  return std::make_unique<CrashingReader>(std::move(reader));
}

}  // namespace crash
