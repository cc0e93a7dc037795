#include "streams/sim/partition_log.h"

#include <algorithm>

namespace streams::sim {

EntryPtr PartitionLog::Append(Record record, TransactionNumber transaction) {
  auto entry = std::make_shared<Entry>();
  entry->offset = end_;
  entry->transaction = transaction;
  entry->record = std::move(record);
  slots_.push_back({std::move(entry), std::nullopt});
  if (transaction != kNoTransaction) open_.emplace(transaction, end_);
  end_ = base::Next(end_);
  return slots_.back().entry;
}

void PartitionLog::EndTransaction(TransactionNumber transaction, bool commit, base::Timestamp now) {
  if (open_.erase(transaction) == 0) return;
  if (!commit) aborted_.insert(transaction);
  auto marker = std::make_shared<Entry>();
  marker->kind = commit ? Entry::Kind::kCommitMarker : Entry::Kind::kAbortMarker;
  marker->offset = end_;
  marker->transaction = transaction;
  marker->record.timestamp = now;
  slots_.push_back({std::move(marker), std::nullopt});
  end_ = base::Next(end_);
}

base::Offset PartitionLog::stable_end() const {
  base::Offset stable = end_;
  for (const auto& [transaction, first] : open_) stable = std::min(stable, first);
  return stable;
}

std::vector<PartitionLog::Slot>::const_iterator PartitionLog::At(base::Offset offset) const {
  return std::lower_bound(
      slots_.begin(), slots_.end(), offset,
      [](const Slot& slot, base::Offset wanted) { return slot.entry->offset < wanted; });
}

PartitionLog::ReadResult PartitionLog::Read(base::Offset from, Isolation isolation,
                                            size_t max) const {
  const base::Offset limit = end(isolation);
  ReadResult result{.entries = {}, .next = std::max(from, limit)};
  for (auto slot = At(from); slot != slots_.end() && slot->entry->offset < limit; ++slot) {
    const Entry& entry = *slot->entry;
    if (entry.kind != Entry::Kind::kRecord) continue;
    if (isolation == Isolation::kCommitted && aborted_.contains(entry.transaction)) continue;
    if (result.entries.size() == max) {
      result.next = max == 0 ? from : base::Next(result.entries.back()->offset);
      return result;
    }
    result.entries.push_back(slot->entry);
  }
  return result;
}

std::vector<EntryPtr> PartitionLog::Committed() const {
  std::vector<EntryPtr> committed;
  for (const Slot& slot : slots_) {
    const Entry& entry = *slot.entry;
    if (entry.kind != Entry::Kind::kRecord || aborted_.contains(entry.transaction)) continue;
    if (!open_.contains(entry.transaction)) committed.push_back(slot.entry);
  }
  return committed;
}

bool PartitionLog::DeleteBefore(base::Offset offset) {
  if (offset > end_) return false;
  slots_.erase(slots_.begin(), slots_.begin() + (At(offset) - slots_.cbegin()));
  start_ = std::max(start_, offset);
  return true;
}

void PartitionLog::Compact(base::Timestamp now, absl::Duration retention, base::Offset clean_end) {
  clean_end = std::min(clean_end, stable_end());
  std::map<std::string, base::Offset> newest;
  std::set<TransactionNumber> with_records;
  const auto end = slots_.begin() + (At(clean_end) - slots_.cbegin());
  for (auto slot = slots_.begin(); slot != end; ++slot) {
    const Entry& entry = *slot->entry;
    if (entry.kind != Entry::Kind::kRecord || aborted_.contains(entry.transaction)) continue;
    newest[entry.record.key.value_or("")] = entry.offset;
  }
  for (auto slot = slots_.begin(); slot != slots_.end(); ++slot) {
    const Entry& entry = *slot->entry;
    if (entry.kind != Entry::Kind::kRecord || aborted_.contains(entry.transaction)) continue;
    const bool stays = slot >= end || newest.at(entry.record.key.value_or("")) == entry.offset;
    if (stays) with_records.insert(entry.transaction);
  }
  const auto kept = std::remove_if(slots_.begin(), end, [&](Slot& slot) {
    return !Keeps(&slot, newest, with_records, now, retention);
  });
  slots_.erase(kept, end);
}

bool PartitionLog::Keeps(Slot* slot, const std::map<std::string, base::Offset>& newest,
                         const std::set<TransactionNumber>& with_records, base::Timestamp now,
                         absl::Duration retention) const {
  const Entry& entry = *slot->entry;
  const bool is_record = entry.kind == Entry::Kind::kRecord;
  if (is_record) {
    if (aborted_.contains(entry.transaction)) return false;
    if (newest.at(entry.record.key.value_or("")) != entry.offset) return false;
    if (entry.record.value.has_value()) return true;
  } else if (with_records.contains(entry.transaction)) {
    return true;
  }
  if (!slot->gone_at.has_value()) {
    slot->gone_at = base::Timestamp(now.value() + absl::ToInt64Milliseconds(retention));
  }
  return now < *slot->gone_at;
}

}  // namespace streams::sim
