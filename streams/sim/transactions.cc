#include "streams/sim/transactions.h"

#include <algorithm>
#include <set>
#include <utility>

namespace streams::sim {

int32_t TransactionCoordinator::InitProducer(const std::string& id, absl::Duration timeout,
                                             absl::Duration now) {
  Producer& producer = producers_[id];
  if (producer.open) Decide(&producer, /*commit=*/false, now);
  WriteAll(&producer);
  producer.timeout = timeout;
  return ++producer.epoch;
}

TransactionCoordinator::Producer* TransactionCoordinator::Open(const std::string& id, int32_t epoch,
                                                               absl::Duration now) {
  Producer& producer = producers_[id];
  if (producer.epoch != epoch) return nullptr;
  if (producer.open) return &producer;
  WriteAll(&producer);
  producer.open = true;
  producer.began = now;
  producer.transaction = {.number = TransactionNumber(++transactions_),
                          .transactional_id = id,
                          .records = {},
                          .offsets = {}};
  return &producer;
}

bool TransactionCoordinator::Append(const std::string& id, int32_t epoch,
                                    const base::TopicPartition& partition, Record record,
                                    absl::Duration now, base::Offset* offset) {
  Producer* const producer = Open(id, epoch, now);
  if (producer == nullptr) return false;
  Decided& transaction = producer->transaction;
  EntryPtr entry = effects_.append(partition, std::move(record), transaction.number);
  *offset = entry->offset;
  transaction.records.emplace_back(partition, std::move(entry));
  return true;
}

bool TransactionCoordinator::AddOffsets(const std::string& id, int32_t epoch,
                                        const std::string& group, const OffsetMap& offsets,
                                        absl::Duration now) {
  Producer* const producer = Open(id, epoch, now);
  if (producer == nullptr) return false;
  OffsetMap& all = producer->transaction.offsets[group];
  for (const auto& [partition, offset] : offsets) all[partition] = offset;
  effects_.add_offsets(group, producer->transaction.number, offsets);
  return true;
}

bool TransactionCoordinator::End(const std::string& id, int32_t epoch, bool commit,
                                 absl::Duration now) {
  Producer& producer = producers_[id];
  if (producer.epoch != epoch) return false;
  if (producer.open) Decide(&producer, commit, now);
  return true;
}

bool TransactionCoordinator::HasOpen(const std::string& id) const {
  const auto found = producers_.find(id);
  return found != producers_.end() && found->second.open;
}

void TransactionCoordinator::Decide(Producer* producer, bool commit, absl::Duration now) {
  Decided transaction = std::move(producer->transaction);
  transaction.commit = commit;
  producer->open = false;
  std::set<base::TopicPartition> partitions;
  for (const auto& [partition, entry] : transaction.records) partitions.insert(partition);
  const auto marker = [&] {
    return Marker{.due = now + effects_.marker_delay(),
                  .number = transaction.number,
                  .commit = commit,
                  .partition = {},
                  .group = {}};
  };
  for (const base::TopicPartition& partition : partitions) {
    producer->markers.push_back(marker());
    producer->markers.back().partition = partition;
  }
  for (const auto& [group, offsets] : transaction.offsets) {
    producer->markers.push_back(marker());
    producer->markers.back().of_group = true;
    producer->markers.back().group = group;
  }
  if (effects_.on_decided) effects_.on_decided(transaction);
  Tick(now);
}

void TransactionCoordinator::Write(const Marker& marker) {
  if (marker.of_group) {
    effects_.end_offsets(marker.group, marker.number, marker.commit);
  } else {
    effects_.mark(marker.partition, marker.number, marker.commit);
  }
}

void TransactionCoordinator::WriteAll(Producer* producer) {
  for (const Marker& marker : std::exchange(producer->markers, {})) Write(marker);
}

void TransactionCoordinator::Tick(absl::Duration now) {
  for (auto& [id, producer] : producers_) {
    if (producer.open && now >= producer.began + producer.timeout) {
      ++producer.epoch;
      Decide(&producer, /*commit=*/false, now);
    }
    std::erase_if(producer.markers, [&](const Marker& marker) {
      if (marker.due > now) return false;
      Write(marker);
      return true;
    });
  }
}

absl::Duration TransactionCoordinator::NextDue() const {
  absl::Duration due = absl::InfiniteDuration();
  for (const auto& [id, producer] : producers_) {
    if (producer.open) due = std::min(due, producer.began + producer.timeout);
    for (const Marker& marker : producer.markers) due = std::min(due, marker.due);
  }
  return due;
}

}  // namespace streams::sim
