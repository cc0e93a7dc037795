#include "tools/rebuild/compare.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/murmur2.h"
#include "base/status.h"
#include "serde/dump_json.h"
#include "state/store.h"

namespace tools {
namespace {

constexpr size_t kLookAhead = 1'000;
constexpr absl::Duration kStandstill = absl::Seconds(30);

using Objects = std::map<std::string, std::string>;

absl::StatusOr<Objects> ReadObjects(const state::Replica& replica, state::StoreIndex store) {
  Objects objects;
  RETURN_IF_ERROR(replica.Scan(store, [&](std::string_view key, std::string_view value) {
    if (key.size() >= state::kSmallestKey) objects.emplace(key, value);
    return true;
  }));
  return objects;
}

std::string Shown(const std::string& store, const std::string& key, const std::string* value) {
  if (value == nullptr) return "";
  const auto line = serde::DumpJson(store, key, *value);
  return line.ok() ? *line : std::string(line.status().message());
}

bool Equal(const OutputRecord& live, const OutputRecord& replayed, const OutputWindow& window) {
  if (live.key != replayed.key || live.value != replayed.value ||
      live.headers != replayed.headers) {
    return false;
  }
  return live.timestamp == replayed.timestamp || replayed.timestamp >= window.present;
}

// Where two sequences go on together: so many of each are passed over, as few as can be.
std::pair<size_t, size_t> NextCommon(const std::vector<OutputRecord>& live, size_t i,
                                     const std::vector<OutputRecord>& replayed, size_t j,
                                     const OutputWindow& window) {
  for (size_t sum = 1; sum <= kLookAhead; ++sum) {
    // Few of one side beside many of the other are tried first.
    for (size_t skip : {size_t{0}, sum, sum / 2}) {
      const size_t a = i + skip;
      const size_t b = j + (sum - skip);
      if (a < live.size() && b < replayed.size() && Equal(live[a], replayed[b], window)) {
        return {skip, sum - skip};
      }
    }
  }
  return {std::min<size_t>(1, live.size() - i), std::min<size_t>(1, replayed.size() - j)};
}

// By partition, as the worker's producer places them.
std::map<int32_t, std::vector<OutputRecord>> ByPartition(const std::vector<OutputRecord>& records,
                                                         int32_t partitions) {
  std::map<int32_t, std::vector<OutputRecord>> split;
  for (const OutputRecord& record : records) {
    const int32_t partition = partitions == 1 || !record.key.has_value()
                                  ? 0
                                  : base::PartitionForKey(*record.key, partitions).value();
    split[partition].push_back(record);
  }
  return split;
}

absl::StatusOr<std::vector<OutputRecord>> ReadLive(const base::TopicPartition& partition,
                                                   const OutputWindow& window,
                                                   const Connection& kafka) {
  ASSIGN_OR_RETURN(const auto ranges, kafka.reader->Ranges({{partition}}, kKafkaTimeout));
  const streams::LogRange range = ranges.at(partition);
  std::vector<OutputRecord> records;
  if (range.start >= range.stable_end) return records;
  RETURN_IF_ERROR(kafka.reader->Assign({{streams::PartitionStart{partition, range.start}}}));
  streams::LogReader::Progress progress;
  absl::Duration deadline = base::SystemClock().Elapsed() + kStandstill;
  base::Offset position = range.start;
  while (position < range.stable_end) {
    RETURN_IF_ERROR(kafka.reader->Poll(absl::Milliseconds(100), &progress));
    for (const streams::Message& message : progress.messages) {
      position = base::Next(message.view().offset);
      const bool in_window =
          window.from == base::kNoTimestamp || message.view().timestamp >= window.from;
      if (in_window && message.view().offset < range.stable_end) {
        records.push_back(CopyOutput(message.view()));
      }
    }
    for (const auto& end : progress.ends) position = std::max(position, end.from);
    const absl::Duration now = base::SystemClock().Elapsed();
    if (!progress.messages.empty()) deadline = now + kStandstill;
    if (now > deadline) {
      return absl::UnavailableError(
          absl::StrCat("the records of ", base::ToString(partition), " do not come"));
    }
  }
  return records;
}

}  // namespace

absl::StatusOr<int64_t> CompareState(const std::vector<std::string>& stores,
                                     const state::Replica& live, const state::Replica& replayed,
                                     Differences* differences) {
  int64_t compared = 0;
  for (size_t i = 0; i < stores.size(); ++i) {
    const state::StoreIndex store(static_cast<uint8_t>(i));
    ASSIGN_OR_RETURN(const Objects there, ReadObjects(live, store));
    ASSIGN_OR_RETURN(const Objects made, ReadObjects(replayed, store));
    differences->Begin("store " + stores[i]);
    auto a = there.begin();
    auto b = made.begin();
    for (; a != there.end() || b != made.end(); ++compared) {
      const bool only_live = b == made.end() || (a != there.end() && a->first < b->first);
      const bool only_made = a == there.end() || (b != made.end() && b->first < a->first);
      if (only_live || only_made || a->second != b->second) {
        const std::string& key = only_made ? b->first : a->first;
        differences->Add(Shown(stores[i], key, only_made ? nullptr : &a->second),
                         Shown(stores[i], key, only_live ? nullptr : &b->second));
      }
      if (!only_made) ++a;
      if (!only_live) ++b;
    }
    differences->End();
  }
  return compared;
}

OutputsCompared CompareSequences(const std::vector<OutputRecord>& live,
                                 const std::vector<OutputRecord>& replayed,
                                 const OutputWindow& window, Differences* differences) {
  OutputsCompared compared{.records = static_cast<int64_t>(replayed.size())};
  size_t i = 0;
  size_t j = 0;
  // What has the time of the first input can be of an earlier one.
  while (i < live.size() && live[i].timestamp == window.from &&
         (replayed.empty() || !Equal(live[i], replayed[0], window))) {
    ++i;
  }
  while (j < replayed.size()) {
    if (i < live.size() && Equal(live[i], replayed[j], window)) {
      ++i, ++j;
      continue;
    }
    const auto [a, b] = NextCommon(live, i, replayed, j, window);
    for (size_t k = 0; k < std::max(a, b); ++k) {
      differences->Add(k < a ? ToJson(live[i + k]) : "", k < b ? ToJson(replayed[j + k]) : "");
    }
    i += a;
    j += b;
  }
  for (; i < live.size(); ++i) {
    if (window.ends_together) {
      differences->Add(ToJson(live[i]), "");
    } else {
      ++compared.beyond;
    }
  }
  return compared;
}

absl::StatusOr<OutputsCompared> CompareOutputs(const std::string& topic,
                                               const std::vector<OutputRecord>& replayed,
                                               const OutputWindow& window, const Connection& kafka,
                                               Differences* differences) {
  ASSIGN_OR_RETURN(const auto found,
                   kafka.broker->admin().DescribeTopics({{topic}}, kKafkaTimeout));
  OutputsCompared all;
  const auto description = found.find(topic);
  if (description == found.end()) {
    return absl::NotFoundError(absl::StrCat("there is no output topic ", topic));
  }
  auto split = ByPartition(replayed, description->second.partitions);
  differences->Begin("topic " + topic);
  for (int32_t p = 0; p < description->second.partitions; ++p) {
    ASSIGN_OR_RETURN(const auto live, ReadLive({topic, base::Partition(p)}, window, kafka));
    const OutputsCompared one = CompareSequences(live, split[p], window, differences);
    all.records += one.records;
    all.beyond += one.beyond;
  }
  differences->End();
  return all;
}

}  // namespace tools
