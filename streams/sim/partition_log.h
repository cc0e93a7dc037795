// One partition: records, control markers that occupy offsets, and what is decided of them.
//
// A transaction is open from its first record in this log until its marker is written
// here. Readers of committed records see what lies below the first open one (the stable
// end), without what was aborted; readers of uncommitted ones see all below the end. Markers
// are seen by nobody, and moved past by everybody.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "base/record.h"

namespace streams::sim {

struct TransactionTag {};
// One transaction of the whole cluster; 0: none.
using TransactionNumber = base::StrongId<TransactionTag, uint64_t>;
inline constexpr TransactionNumber kNoTransaction{0};

using OwnedHeader = std::pair<std::string, std::optional<std::string>>;

struct Record {
  base::Timestamp timestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<OwnedHeader> headers;
};

// Constant once it is in a log: messages share it.
struct Entry {
  enum class Kind { kRecord, kCommitMarker, kAbortMarker };
  Kind kind = Kind::kRecord;
  base::Offset offset;
  TransactionNumber transaction;
  Record record;
};
using EntryPtr = std::shared_ptr<const Entry>;

enum class Isolation { kCommitted, kUncommitted };

class PartitionLog {
 public:
  EntryPtr Append(Record record, TransactionNumber transaction);
  // Writes the marker. Nothing where the transaction is not open here.
  void EndTransaction(TransactionNumber transaction, bool commit, base::Timestamp now);

  base::Offset start() const { return start_; }
  base::Offset end() const { return end_; }  // the high watermark
  base::Offset stable_end() const;
  bool IsOpen(TransactionNumber transaction) const { return open_.contains(transaction); }
  base::Offset end(Isolation isolation) const {
    return isolation == Isolation::kCommitted ? stable_end() : end_;
  }

  struct ReadResult {
    std::vector<EntryPtr> entries;
    // Behind the last one, or the end where there was no more.
    base::Offset next;
  };
  ReadResult Read(base::Offset from, Isolation isolation, size_t max) const;
  // All that is or will be committed, in order: of open transactions nothing.
  std::vector<EntryPtr> Committed() const;

  // Deletes what lies below. False where it is past the end.
  bool DeleteBefore(base::Offset offset);

  // As the log cleaner: below `clean_end` and the stable end the newest record of each key
  // stays, nothing aborted does. A tombstone, and a marker without records, is given
  // `retention` when it is first seen, and is gone at the first compaction after that.
  void Compact(base::Timestamp now, absl::Duration retention, base::Offset clean_end);

 private:
  struct Slot {
    EntryPtr entry;
    std::optional<base::Timestamp> gone_at;
  };
  std::vector<Slot>::const_iterator At(base::Offset offset) const;
  bool Keeps(Slot* slot, const std::map<std::string, base::Offset>& newest,
             const std::set<TransactionNumber>& with_records, base::Timestamp now,
             absl::Duration retention) const;

  std::vector<Slot> slots_;
  base::Offset start_;
  base::Offset end_;
  std::map<TransactionNumber, base::Offset> open_;  // with the first record's offset
  std::set<TransactionNumber> aborted_;
};

}  // namespace streams::sim
