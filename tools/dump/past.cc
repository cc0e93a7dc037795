#include "tools/dump/past.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "state/store.h"

namespace dump {

Past::Past(Point point, std::vector<std::string> stores)
    : point_(std::move(point)), stores_(std::move(stores)), seen_(stores_.size()) {}

bool Past::Counts(size_t store, const base::RecordView& record) const {
  if (point_.time.has_value()) return record.timestamp <= *point_.time;
  const auto cut = point_.positions.find(stores_[store]);
  return cut == point_.positions.end() || record.offset < cut->second;
}

bool Past::Take(size_t store, const base::RecordView& record) {
  const bool counts = Counts(store, record);
  if (!seen_[store].contains(*record.key)) seen_[store].emplace(*record.key, counts);
  if (!counts) first_later_ = std::min(first_later_.value_or(record.timestamp), record.timestamp);
  return counts;
}

std::string Past::Told(absl::Duration history, absl::Duration tombstones,
                       base::Timestamp now) const {
  const std::string as_of = "as of " + ToString(point_) + ": ";
  if (!first_later_.has_value()) return as_of + "nothing has changed since";
  const absl::Duration age = absl::Milliseconds(now.value() - first_later_->value());
  if (age < history) {
    return absl::StrCat(as_of, "exact, since the changelogs are set to keep all of the last ",
                        absl::FormatDuration(history));
  }
  int64_t only_later = 0;
  for (const auto& keys : seen_) {
    only_later += std::count_if(keys.begin(), keys.end(), [](const auto& one) {
      return !one.second && one.first.size() >= state::kSmallestKey;
    });
  }
  std::string told = as_of;
  if (only_later == 0) {
    absl::StrAppend(&told, "compaction has removed nothing of what is there now");
  } else {
    absl::StrAppend(&told, only_later,
                    " objects have later records alone and are left out: they are new since, or "
                    "compaction has removed what they were");
  }
  if (age > tombstones) absl::StrAppend(&told, "; what was deleted since may be missing");
  if (history > absl::ZeroDuration()) {
    return absl::StrCat(
        told, ". Exact since ",
        ToString(base::Timestamp(now.value() - absl::ToInt64Milliseconds(history))));
  }
  return told + ". To keep a history: --changelog_history of the worker";
}

}  // namespace dump
