#include "streams/sim/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace streams::sim {
namespace {

using Settings = std::map<std::string, std::string>;

// Those that a broker has for a topic that names none, as far as anybody here asks.
const Settings& DefaultSettings() {
  static const Settings defaults = {{"cleanup.policy", "delete"},
                                    {"compression.type", "producer"},
                                    {"delete.retention.ms", "86400000"},
                                    {"max.message.bytes", "1048588"},
                                    {"message.timestamp.after.max.ms", "3600000"},
                                    {"message.timestamp.before.max.ms", "9223372036854775807"},
                                    {"message.timestamp.type", "CreateTime"},
                                    {"min.cleanable.dirty.ratio", "0.5"},
                                    {"min.compaction.lag.ms", "0"},
                                    {"min.insync.replicas", "1"},
                                    {"retention.bytes", "-1"},
                                    {"retention.ms", "604800000"},
                                    {"segment.bytes", "1073741824"},
                                    {"segment.ms", "604800000"},
                                    {"unclean.leader.election.enable", "false"}};
  return defaults;
}

int64_t Number(const Topic& topic, const std::string& name) {
  int64_t number = 0;
  return absl::SimpleAtoi(topic.settings.at(name), &number) ? number : 0;
}

// As it would lie in a batch of its own, about.
size_t Size(const Record& record) {
  size_t size = 70 + record.key.value_or("").size() + record.value.value_or("").size();
  for (const auto& [name, value] : record.headers) size += name.size() + value.value_or("").size();
  return size;
}

}  // namespace

Cluster::Cluster(VirtualClock* clock)
    : clock_(clock),
      groups_(&CountPartitions, this),
      transactions_(EffectsOfTransactions()),
      marker_delay_([] { return absl::ZeroDuration(); }) {}

TransactionCoordinator::Effects Cluster::EffectsOfTransactions() {
  return {
      .append =
          [this](const base::TopicPartition& partition, Record record, TransactionNumber number) {
            return Append(partition, std::move(record), number);
          },
      .mark =
          [this](const base::TopicPartition& partition, TransactionNumber number, bool commit) {
            PartitionLog* const log = FindLog(partition);
            if (log != nullptr) log->EndTransaction(number, commit, clock_->Now());
          },
      .add_offsets = [this](
                         const std::string& group, TransactionNumber number,
                         const OffsetMap& offsets) { groups_.AddPending(group, number, offsets); },
      .end_offsets = [this](const std::string& group, TransactionNumber number,
                            bool commit) { groups_.EndTransaction(group, number, commit); },
      .marker_delay = [this] { return marker_delay_(); },
      .on_decided =
          [this](const Decided& decided) {
            if (on_decided_) on_decided_(decided);
          }};
}

// ------------------------------------------------------------------------ topics

absl::Status Cluster::CreateTopic(const TopicSpec& spec) {
  if (topics_.contains(spec.name)) return absl::OkStatus();
  Topic topic{.settings = DefaultSettings(), .partitions = {}};
  for (const auto& [name, value] : spec.settings) {
    if (!topic.settings.contains(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("making topic ", spec.name, ": unknown setting ", name));
    }
    topic.settings[name] = value;
  }
  topic.partitions.resize(static_cast<size_t>(std::max(1, spec.partitions)));
  topics_.emplace(spec.name, std::move(topic));
  return absl::OkStatus();
}

Topic* Cluster::FindTopic(const std::string& name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

PartitionLog* Cluster::FindLog(const base::TopicPartition& partition) {
  Topic* const topic = FindTopic(partition.topic);
  const auto index = static_cast<size_t>(partition.partition.value());
  if (topic == nullptr || index >= topic->partitions.size()) return nullptr;
  return &topic->partitions[index];
}

int32_t Cluster::CountPartitions(void* cluster, const std::string& topic) {
  const Topic* const found = static_cast<Cluster*>(cluster)->FindTopic(topic);
  return found == nullptr ? 0 : static_cast<int32_t>(found->partitions.size());
}

// ----------------------------------------------------------------------- writing

Cluster::Acceptance Cluster::Check(const base::TopicPartition& partition, const Record& record) {
  if (FindLog(partition) == nullptr) return Acceptance::kNoSuchPartition;
  const Topic& topic = *FindTopic(partition.topic);
  if (static_cast<int64_t>(Size(record)) > Number(topic, "max.message.bytes")) {
    return Acceptance::kTooLarge;
  }
  if (topic.settings.at("message.timestamp.type") == "LogAppendTime") return Acceptance::kAccepted;
  const int64_t age = clock_->Now().value() - record.timestamp.value();
  const bool set_here = record.timestamp == base::kNoTimestamp;
  return !set_here && age > Number(topic, "message.timestamp.before.max.ms")
             ? Acceptance::kBadTimestamp
             : Acceptance::kAccepted;
}

EntryPtr Cluster::Append(const base::TopicPartition& partition, Record record,
                         TransactionNumber number) {
  const bool by_broker =
      FindTopic(partition.topic)->settings.at("message.timestamp.type") == "LogAppendTime";
  if (by_broker || record.timestamp == base::kNoTimestamp) record.timestamp = clock_->Now();
  return FindLog(partition)->Append(std::move(record), number);
}

// -------------------------------------------------------------------------- time

void Cluster::RemoveSession(Session* session) { std::erase(sessions_, session); }

void Cluster::Tick() {
  for (Session* session : sessions_) session->Background();
  groups_.Tick(now());
  transactions_.Tick(now());
}

absl::Duration Cluster::NextDue() const {
  return std::min(groups_.NextDue(), transactions_.NextDue());
}

void Cluster::Outage(absl::Duration duration) {
  clock_->Advance(duration);
  groups_.RenewSessions(now());
  for (Session* session : sessions_) session->AfterOutage(duration);
  Tick();
}

void Cluster::Compact(const std::function<base::Offset(const base::TopicPartition&,
                                                       const PartitionLog&)>& clean_end) {
  for (auto& [name, topic] : topics_) {
    if (topic.settings.at("cleanup.policy") != "compact") continue;
    const absl::Duration retention = absl::Milliseconds(Number(topic, "delete.retention.ms"));
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const base::TopicPartition partition{name, base::Partition(static_cast<int32_t>(i))};
      PartitionLog& log = topic.partitions[i];
      log.Compact(clock_->Now(), retention, clean_end(partition, log));
    }
  }
}

}  // namespace streams::sim
