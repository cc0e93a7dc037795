#include "streams/internal_topics.h"

#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace streams {
namespace {

using Settings = std::map<std::string, std::string>;

constexpr int64_t kWeekMs = 7 * 24 * 60 * 60 * 1000LL;
// A replica must be able to be away for half of it.
constexpr int64_t kSmallestTombstoneRetentionMs = 60 * 60 * 1000LL;

std::string Setting(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

int64_t Number(const Settings& settings, const std::string& name, int64_t otherwise) {
  int64_t number = 0;
  return absl::SimpleAtoi(Setting(settings, name), &number) ? number : otherwise;
}

absl::Status Unfit(const std::string& topic, std::string_view setting, const std::string& is,
                   std::string_view must) {
  return absl::FailedPreconditionError(absl::StrCat(
      "internal topic ", topic, " would lose state: ", std::string(setting), " is ", is,
      ", it must be ", std::string(must), ". Set it so (kafka-configs --alter), then start again"));
}

absl::Status CheckPartitions(const std::string& topic, const TopicDescription& description,
                             int32_t state_partitions) {
  if (description.partitions == state_partitions) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "internal topic ", topic, " has ", description.partitions, " partitions where the state has ",
      state_partitions, ". The number of state partitions is fixed when the changelogs are made; ",
      "all changelogs and the repartition topic must have it"));
}

absl::Status CheckReplicas(const std::string& topic, const TopicDescription& description,
                           const Settings& settings) {
  const int64_t in_sync = Number(settings, "min.insync.replicas", 1);
  if (description.replication_factor >= 3 && in_sync < 2) {
    return Unfit(
        topic, "min.insync.replicas", absl::StrCat(in_sync),
        absl::StrCat("2 or more with a replication factor of ", description.replication_factor));
  }
  if (description.replication_factor > 0 && in_sync > description.replication_factor) {
    return Unfit(topic, "min.insync.replicas", absl::StrCat(in_sync),
                 absl::StrCat("at most the replication factor, ", description.replication_factor));
  }
  return absl::OkStatus();
}

Settings CommonSettings(int replication_factor) {
  return {{"retention.ms", "-1"},
          {"retention.bytes", "-1"},
          {"compression.type", "producer"},
          {"unclean.leader.election.enable", "false"},
          {"min.insync.replicas", replication_factor >= 3 ? "2" : "1"}};
}

}  // namespace

std::string ChangelogTopic(const std::string& application_id, const std::string& store) {
  return absl::StrCat(application_id, "-", store, "-changelog");
}

std::vector<std::string> ChangelogTopics(const std::string& application_id,
                                         const std::vector<std::string>& stores) {
  std::vector<std::string> topics;
  for (const std::string& store : stores) topics.push_back(ChangelogTopic(application_id, store));
  return topics;
}

std::string RepartitionTopic(const std::string& application_id, const std::string& name) {
  return absl::StrCat(application_id, "-", name, "-repartition");
}

TopicSpec ChangelogSpec(const std::string& topic, int32_t partitions, int replication_factor,
                        absl::Duration history) {
  TopicSpec spec{.name = topic,
                 .partitions = partitions,
                 .replication_factor = replication_factor,
                 .settings = CommonSettings(replication_factor)};
  spec.settings["cleanup.policy"] = "compact";
  spec.settings["delete.retention.ms"] = absl::StrCat(kWeekMs);
  spec.settings["min.compaction.lag.ms"] = absl::StrCat(absl::ToInt64Milliseconds(history));
  spec.settings["message.timestamp.type"] = "LogAppendTime";
  spec.settings["segment.bytes"] = absl::StrCat(100 << 20);
  return spec;
}

TopicSpec RepartitionSpec(const std::string& topic, int32_t partitions, int replication_factor) {
  TopicSpec spec{.name = topic,
                 .partitions = partitions,
                 .replication_factor = replication_factor,
                 .settings = CommonSettings(replication_factor)};
  spec.settings["cleanup.policy"] = "delete";
  spec.settings["message.timestamp.type"] = "CreateTime";
  spec.settings["segment.bytes"] = absl::StrCat(50 << 20);
  return spec;
}

absl::Status CheckChangelog(const std::string& topic, const TopicDescription& description,
                            const Settings& settings, int32_t state_partitions,
                            absl::Duration history) {
  RETURN_IF_ERROR(CheckPartitions(topic, description, state_partitions));
  const std::string policy = Setting(settings, "cleanup.policy");
  if (policy != "compact") return Unfit(topic, "cleanup.policy", policy, "compact");
  const int64_t tombstones = Number(settings, "delete.retention.ms", 0);
  if (tombstones < kSmallestTombstoneRetentionMs) {
    return Unfit(topic, "delete.retention.ms", absl::StrCat(tombstones),
                 absl::StrCat(kSmallestTombstoneRetentionMs, " (an hour) or more"));
  }
  if (CompactionLag(settings) < history) {
    return absl::FailedPreconditionError(absl::StrCat(
        "changelog ", topic, " keeps a history of ", absl::FormatDuration(CompactionLag(settings)),
        " (min.compaction.lag.ms), ", "--changelog_history asks for ",
        absl::FormatDuration(history), ". Set min.compaction.lag.ms to ",
        absl::ToInt64Milliseconds(history), " (kafka-configs --alter), or leave the flag away"));
  }
  return CheckReplicas(topic, description, settings);
}

absl::Status CheckRepartition(const std::string& topic, const TopicDescription& description,
                              const Settings& settings, int32_t state_partitions) {
  RETURN_IF_ERROR(CheckPartitions(topic, description, state_partitions));
  const std::string policy = Setting(settings, "cleanup.policy");
  if (policy != "delete") return Unfit(topic, "cleanup.policy", policy, "delete");
  for (const char* name : {"retention.ms", "retention.bytes"}) {
    if (Number(settings, name, 0) != -1) {
      return Unfit(topic, name, Setting(settings, name),
                   "-1 (records are deleted once they are processed)");
    }
  }
  return CheckReplicas(topic, description, settings);
}

absl::Duration TombstoneRetention(const Settings& settings) {
  return absl::Milliseconds(Number(settings, "delete.retention.ms", 24 * 60 * 60 * 1000LL));
}

absl::Duration CompactionLag(const Settings& settings) {
  return absl::Milliseconds(Number(settings, "min.compaction.lag.ms", 0));
}

}  // namespace streams
