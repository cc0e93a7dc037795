// What the engine asks of Kafka, and nothing more. streams/kafka answers it with
// librdkafka; a simulation can answer it from memory.
//
// Each object belongs to one thread at a time. Calls block up to the time that they are
// given and retry by themselves what can be retried; what they return is final.
//
// The kinds of errors, and their answers:
//
//   a record's          the broker refuses one record. kRejected.
//   the transaction's   abort, forget the open writes, go back to the committed
//                       offsets. kAbort.
//   anything else       the outcome may be unknown, the handle may be fenced. Destroy
//                       producer and consumer, join anew, restore. kRestart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "base/record.h"

namespace streams {

// A consumed message: owns its bytes. Moving it moves a pointer.
class Message {
 public:
  // What a message is. Whoever makes one keeps its bytes beside the view, and takes it back by
  // `release`.
  struct Held {
    base::RecordView view;
    void (*release)(Held* held) = nullptr;
  };

  Message() = default;
  explicit Message(Held* held) : held_(held) {}

  // Good as long as the message, which must be there.
  const base::RecordView& view() const { return held_->view; }

 private:
  struct Release {
    void operator()(Held* held) const { held->release(held); }
  };

  std::unique_ptr<Held, Release> held_;
};

// ------------------------------------------------------------------ consuming

struct PartitionStart {
  base::TopicPartition partition;
  base::Offset from;
};

struct GroupEvent {
  enum class Kind {
    kNone,      // nothing happened, or records came
    kAssigned,  // answer with Assign, as soon as starts are known (Poll on meanwhile)
    kRevoked,   // answer with Unassign, after a last commit
    kLost,      // partitions may have another owner already: Unassign, never commit
    kRestart,   // this consumer is of no more use: close it and make another
  };
  Kind kind = Kind::kNone;
  std::vector<base::TopicPartition> partitions;  // of kAssigned, kRevoked, kLost
  std::string reason;                            // of kRestart
  bool fenced = false;  // of kRestart: another member runs under this one's instance id
};

// The member id and generation with which a transaction commits offsets. A snapshot: it
// stays what it was at the assignment, so that a later owner fences it.
class GroupMetadata {
 public:
  virtual ~GroupMetadata() = default;
};

struct CommittedOffset {
  base::Offset offset;   // the position: the next to be read
  std::string metadata;  // what the committer wrote beside it
};

// A member of the consumer group, reading committed records only.
class GroupConsumer {
 public:
  virtual ~GroupConsumer() = default;

  // Serves the group (heartbeats, rebalances, errors). Returns early with kNone when
  // records can be fetched. Must be called more often than max.poll.interval.ms.
  virtual GroupEvent Poll(absl::Duration timeout) = 0;

  // The snapshot for the assignment last announced. Error: this member has none.
  virtual absl::StatusOr<std::shared_ptr<const GroupMetadata>> Metadata() = 0;

  // The group's committed offsets; those without are not in the map. With `stable` it
  // waits for transactions that have sent offsets and not ended: DeadlineExceeded where
  // that takes longer than `timeout`; without, it takes what was committed before.
  virtual absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> Committed(
      std::span<const base::TopicPartition> partitions, bool stable, absl::Duration timeout) = 0;

  // Owns exactly these and reads each from its start.
  virtual absl::Status Assign(std::span<const PartitionStart> partitions) = 0;
  virtual absl::Status Unassign() = 0;

  // Goes back (or forth) on assigned partitions; what was fetched before is dropped.
  virtual absl::Status Seek(std::span<const PartitionStart> partitions) = 0;

  // Appends up to `max` fetched records of an assigned partition, in order, never one
  // below the last start or seek. OutOfRange: the position is not in the log (any more).
  virtual absl::Status Fetch(const base::TopicPartition& partition, size_t max,
                             std::vector<Message>* messages) = 0;

  // The next offset to be fetched of an assigned partition: behind the last record, or past
  // what follows it and holds none (markers, what was aborted) where the broker has said so.
  virtual base::Offset Position(const base::TopicPartition& partition) const = 0;

  // Where an assigned partition ends, as far as the broker has told by itself: nothing is
  // asked, and it may be old. None where it has not told yet.
  virtual std::optional<base::Offset> KnownEnd(const base::TopicPartition&) const {
    return std::nullopt;
  }

  // True where the session was lost: the assignment may be another's already.
  virtual bool AssignmentLost() const = 0;

  // Other members that carry this one's instance id, told by their client id. Empty
  // where there is none or it cannot be found out within `timeout`.
  virtual std::vector<std::string> TwinClientIds(absl::Duration timeout) = 0;

  // Leaves the group at once (dynamic members and `leave`), or just stops and keeps the
  // membership for the session timeout (static members). Polls no more.
  virtual void Close(bool leave) = 0;
};

// ------------------------------------------------------------------ producing

// The number of a topic in ProducerSpec::topics.
struct TopicIndexTag {};
using TopicIndex = base::StrongId<TopicIndexTag, uint32_t>;

// By Java's default partitioner from the key.
inline constexpr base::Partition kByKey{-1};

struct OutgoingRecord {
  TopicIndex topic;
  base::Partition partition = kByKey;
  base::Timestamp timestamp = base::kNoTimestamp;  // none: the present
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const base::HeaderView> headers;
};

struct ProduceResult {
  enum class Kind { kOk, kRejected, kAbort, kRestart };
  Kind kind = Kind::kOk;
  std::string reason;

  bool ok() const { return kind == Kind::kOk; }
};

struct CommitResult {
  enum class Kind {
    kCommitted,
    kAbort,     // it has not committed and must be aborted
    kRejected,  // as kAbort: the broker refused a record of it for good
    kUnknown,   // it may have committed or not; only a new producer can tell
  };
  Kind kind = Kind::kCommitted;
  std::string reason;
  // The offset after the last record in each partition of the topics to be reported
  // (ProducerSpec::reported). Missing where the broker did not say.
  std::map<base::TopicPartition, base::Offset> ends;
};

struct OffsetToCommit {
  base::TopicPartition partition;
  base::Offset position;
  std::string_view metadata;
};

// An idempotent producer that waits for all replicas.
class Producer {
 public:
  virtual ~Producer() = default;

  // Copies the record into the queue; waits where that is full.
  virtual ProduceResult Produce(const OutgoingRecord& record) = 0;

  // Takes in what the client has to tell. Waits for nothing; to be called now and then while
  // nothing is written.
  virtual void Serve() {}

  // Waits until all is acknowledged. kRejected: the broker refused a record for good.
  virtual ProduceResult Flush(absl::Duration timeout) = 0;
};

class TransactionalProducer : public Producer {
 public:
  // Fences earlier producers of this transactional id and settles their transaction.
  // Once, before all else.
  virtual ProduceResult InitTransactions(absl::Duration timeout) = 0;
  virtual ProduceResult Begin() = 0;
  // Sends them when all records of the transaction are acknowledged: so one whose offsets the
  // group has is whole. kRestart also where the group does not know this member any more.
  virtual ProduceResult SendOffsets(std::span<const OffsetToCommit> offsets,
                                    const GroupMetadata& group, absl::Duration timeout) = 0;
  virtual CommitResult Commit(absl::Duration timeout) = 0;
  virtual ProduceResult Abort(absl::Duration timeout) = 0;
};

struct ProducerSpec {
  std::string transactional_id;      // of transactional ones
  std::vector<std::string> topics;   // all that it will write to
  std::vector<TopicIndex> reported;  // whose ends a commit reports
  bool initialize_early = false;     // InitTransactions begins in the background now
};

// ------------------------------------------------------- logs, topics and groups

struct LogRange {
  base::Offset start;
  base::Offset end;  // the high watermark: past open transactions and markers
  // The end of what is decided, taken before `end`: where they are equal, no transaction was
  // open below.
  base::Offset stable_end{};
};

// Reads partitions from given positions without a group: changelogs.
class LogReader {
 public:
  virtual ~LogReader() = default;

  // Start and ends of each, in few requests to each broker.
  virtual absl::StatusOr<std::map<base::TopicPartition, LogRange>> Ranges(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) = 0;

  // Where each ends now for readers of committed records, in the order of `partitions`. One
  // request to each broker, by a connection that nothing else waits on.
  virtual absl::StatusOr<std::vector<base::Offset>> StableEnds(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) = 0;

  // Reads exactly these, from their starts.
  virtual absl::Status Assign(std::span<const PartitionStart> partitions) = 0;
  // The same for a look at the first records: little is read ahead of Poll.
  virtual absl::Status Peek(std::span<const PartitionStart> partitions) {
    return Assign(partitions);
  }

  struct Progress {
    std::vector<Message> messages;  // committed records, in order within a partition
    // Partitions whose end was reached, with their position there: past trailing markers
    // and aborted records. One that grows later reports again.
    std::vector<PartitionStart> ends;
  };
  // Clears and fills `progress`; waits up to `timeout` for something. OutOfRange: a
  // position is not in the log.
  virtual absl::Status Poll(absl::Duration timeout, Progress* progress) = 0;
};

struct TopicDescription {
  int32_t partitions = 0;
  int replication_factor = 0;  // the smallest of its partitions'
};

struct TopicSpec {
  std::string name;
  int32_t partitions = 1;
  int replication_factor = -1;  // -1: the broker's default
  std::map<std::string, std::string> settings;
};

class Admin {
 public:
  virtual ~Admin() = default;

  // Those that exist. Unavailable: no broker answers.
  virtual absl::StatusOr<std::map<std::string, TopicDescription>> DescribeTopics(
      std::span<const std::string> topics, absl::Duration timeout) = 0;
  virtual absl::StatusOr<std::map<std::string, std::string>> TopicSettings(
      const std::string& topic, absl::Duration timeout) = 0;
  // What the cluster makes topics with where nobody says how many.
  virtual absl::StatusOr<int> DefaultReplicationFactor(absl::Duration timeout) = 0;
  // A topic that is there already is no error. Returns when the topics can be used.
  virtual absl::Status CreateTopics(std::span<const TopicSpec> topics, absl::Duration timeout) = 0;
  // The application's group's committed offsets, without joining it and without waiting
  // for open transactions; those without are not in the map.
  virtual absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration timeout) = 0;
  // Deletes what lies below the offsets.
  virtual absl::Status DeleteRecords(std::span<const PartitionStart> before,
                                     absl::Duration timeout) = 0;
};

struct ConsumerSpec {
  std::vector<std::string> topics;
};

class Broker {
 public:
  virtual ~Broker() = default;

  // Joins the group and subscribes to the topics.
  virtual absl::StatusOr<std::unique_ptr<GroupConsumer>> NewConsumer(const ConsumerSpec& spec) = 0;
  virtual absl::StatusOr<std::unique_ptr<TransactionalProducer>> NewTransactionalProducer(
      const ProducerSpec& spec) = 0;
  virtual absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerSpec& spec) = 0;
  virtual absl::StatusOr<std::unique_ptr<LogReader>> NewLogReader() = 0;
  virtual Admin& admin() = 0;
};

}  // namespace streams
