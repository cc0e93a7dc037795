// The transaction coordinator: producers, their epochs, and what becomes of transactions.
//
// A transaction is decided when its end is asked for, and its markers are written later:
// one for each partition and one for the group's offsets, each after a delay of its own.
// The next transaction of the same producer, and a new producer of the same id, wait for
// them all. A new producer of an id gets the next epoch, which fences the earlier ones and
// aborts what they left open; so does a transaction's timeout.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "streams/sim/groups.h"
#include "streams/sim/partition_log.h"

namespace streams::sim {

// A transaction that was decided just now, before any of its markers is written.
struct Decided {
  TransactionNumber number;
  std::string transactional_id;
  bool commit = false;
  // What it wrote, in its order.
  std::vector<std::pair<base::TopicPartition, EntryPtr>> records;
  std::map<std::string, OffsetMap> offsets;  // by group
};

class TransactionCoordinator {
 public:
  // What it does to the cluster.
  struct Effects {
    std::function<EntryPtr(const base::TopicPartition&, Record, TransactionNumber)> append;
    std::function<void(const base::TopicPartition&, TransactionNumber, bool commit)> mark;
    std::function<void(const std::string& group, TransactionNumber, const OffsetMap&)> add_offsets;
    std::function<void(const std::string& group, TransactionNumber, bool commit)> end_offsets;
    std::function<absl::Duration()> marker_delay;
    std::function<void(const Decided&)> on_decided;
  };
  explicit TransactionCoordinator(Effects effects) : effects_(std::move(effects)) {}

  // The epoch to go on with.
  int32_t InitProducer(const std::string& id, absl::Duration timeout, absl::Duration now);
  // These are false where the epoch is not the present one: the producer is fenced.
  bool Append(const std::string& id, int32_t epoch, const base::TopicPartition& partition,
              Record record, absl::Duration now, base::Offset* offset);
  bool AddOffsets(const std::string& id, int32_t epoch, const std::string& group,
                  const OffsetMap& offsets, absl::Duration now);
  bool End(const std::string& id, int32_t epoch, bool commit, absl::Duration now);

  // Whether a producer of this id has left one.
  bool HasOpen(const std::string& id) const;

  // What is due: timeouts and markers.
  void Tick(absl::Duration now);
  absl::Duration NextDue() const;

 private:
  struct Marker {
    absl::Duration due;
    TransactionNumber number;
    bool commit = false;
    bool of_group = false;
    base::TopicPartition partition;
    std::string group;
  };
  struct Producer {
    int32_t epoch = -1;
    absl::Duration timeout;
    bool open = false;
    absl::Duration began;
    Decided transaction;          // the open one
    std::vector<Marker> markers;  // of the last one, not yet written
  };

  // Null where it is fenced. Opens a transaction where there is none.
  Producer* Open(const std::string& id, int32_t epoch, absl::Duration now);
  void Decide(Producer* producer, bool commit, absl::Duration now);
  void Write(const Marker& marker);
  void WriteAll(Producer* producer);

  Effects effects_;
  std::map<std::string, Producer> producers_;
  uint64_t transactions_ = 0;
};

}  // namespace streams::sim
