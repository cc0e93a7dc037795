// One store held against its changelog: is it the prefix that its position says?
//
// A compacted log does not tell everything about a position in its past: of each key it has
// the latest record for certain, and of earlier ones what compaction has left. So of a key's
// value at the position P, the log
//
//   knows it       the latest record below P is there, and it is what the value was: where an
//                  earlier one has been left, so have all later ones below P
//   has lost it    only records at P or above are left: superseded, nothing can be said
//   never had it   no record at all: a ghost
//
// A store whose known keys are all right is, with the log from P on, equal to the fold of
// the whole log: what is superseded is written anew by it.
//
// First all records in order, then all entries of the store, then Finish. Pure, no I/O.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/kafka_types.h"
#include "base/string_map.h"

namespace state {

struct LoggedValue {
  base::Offset offset;
  std::optional<std::string> value;  // none: a tombstone
};

struct StoreDifference {
  enum class Kind {
    kOtherValue,  // than the latest record below the position
    kMissing,     // the log has a value below the position, the store has none
    kDeleted,     // the store has what the log has deleted below the position
    kFuture,      // the store has the value of a record at the position or above
    kGhost,       // the log has nothing of the key
  };
  Kind kind;
  std::string key;
  std::optional<std::string> stored;
  // What the log has below the position; of kFuture what it has from there on.
  std::optional<LoggedValue> logged;
};

// An entry of the store whose value no record tells any more.
struct Superseded {
  std::string key;
  base::Offset offset;  // of the key's latest record, at the position or above
};

struct StoreFindings {
  std::vector<StoreDifference> differences;  // by key
  size_t entries = 0;                        // in the store
  size_t right = 0;                          // equal to their latest record below the position
  std::vector<Superseded> superseded;        // by key
  // Keys with records from the position on alone, and not in the store: new, or superseded.
  size_t only_later = 0;
};

class ChangelogCheck {
 public:
  // `position`: the next record that the store is yet to take in.
  explicit ChangelogCheck(base::Offset position) : position_(position) {}

  void AddRecord(base::Offset offset, std::string_view key, std::optional<std::string_view> value);

  // What the log as a whole amounts to; in no order.
  void ForEachLatest(
      const std::function<void(std::string_view key, std::string_view value)>& visit) const;

  // Each key of the store once.
  void AddEntry(std::string_view key, std::string_view value);
  StoreFindings Finish();

 private:
  struct Versions {
    std::optional<LoggedValue> below;  // the latest below the position
    std::optional<LoggedValue> since;  // the latest at or above it
    bool stored = false;
  };
  void Differ(StoreDifference::Kind kind, std::string_view key,
              std::optional<std::string_view> stored, const std::optional<LoggedValue>& logged);

  base::Offset position_;
  base::StringMap<Versions> keys_;
  StoreFindings findings_;
};

}  // namespace state
