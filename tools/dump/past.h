// The state as it was at a point of its changelogs, and how sure that is: compaction may have
// removed what an object was there, once it has changed since.
//
// All records, each log's in order. Pure, not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/record.h"
#include "base/string_map.h"
#include "tools/dump/point.h"

namespace dump {

class Past {
 public:
  Past(Point point, std::vector<std::string> stores);

  // True: the record belongs to the state at the point.
  bool Take(size_t store, const base::RecordView& record);

  // In words. `history`: compaction leaves what is younger (min.compaction.lag.ms);
  // `tombstones`: so long deletions are kept (delete.retention.ms).
  std::string Told(absl::Duration history, absl::Duration tombstones, base::Timestamp now) const;

 private:
  bool Counts(size_t store, const base::RecordView& record) const;

  Point point_;
  std::vector<std::string> stores_;
  std::vector<base::StringMap<bool>> seen_;     // by store: keys, and whether at the point
  std::optional<base::Timestamp> first_later_;  // of the records that do not belong to it
};

}  // namespace dump
