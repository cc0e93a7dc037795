#include "streams/topic_setup.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/internal_topics.h"

namespace streams {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);

using Descriptions = std::map<std::string, TopicDescription>;

std::vector<std::string> Missing(const std::vector<std::string>& topics,
                                 const Descriptions& found) {
  std::vector<std::string> missing;
  for (const std::string& topic : topics) {
    if (!found.contains(topic)) missing.push_back(topic);
  }
  return missing;
}

absl::Status CreateInputsAndOutputs(const std::vector<std::string>& missing,
                                    const TopicSetup& setup, Admin& admin) {
  if (!setup.create_topics) {
    return absl::UnavailableError(
        absl::StrCat("missing topics: ", absl::StrJoin(missing, ", "),
                     " (--create_topics makes them, with one partition each)"));
  }
  std::vector<TopicSpec> specs;
  for (const std::string& topic : missing) {
    specs.push_back({.name = topic,
                     .partitions = 1,
                     .replication_factor = setup.replication_factor,
                     .settings = {}});
  }
  RETURN_IF_ERROR(admin.CreateTopics(specs, kTimeout));
  base::Log(base::LogLevel::kInfo, "made topics", {{"topics", absl::StrJoin(missing, ",")}});
  return absl::OkStatus();
}

// A changelog is made only where there is no sign that it ever was.
absl::Status CheckMayMake(const std::vector<std::string>& missing,
                          const std::vector<std::string>& changelogs,
                          const std::vector<std::string>& inputs, const Descriptions& found,
                          const TopicSetup& setup, Admin& admin) {
  const auto lost = std::count_if(changelogs.begin(), changelogs.end(),
                                  [&](const std::string& topic) { return !found.contains(topic); });
  const bool all_lost = lost == std::ssize(changelogs);
  if (lost == 0 || (all_lost && setup.changelogs_from_log)) return absl::OkStatus();
  if (all_lost && setup.rebuild) {
    return absl::FailedPreconditionError(absl::StrCat(
        "there are no changelogs of application ", setup.application_id, " (",
        absl::StrJoin(changelogs, ", "), "): --rebuild has nothing to restore from. Local state ",
        "is as it was. APPLICATION_ID must be the one whose state is wanted; else restore the ",
        "topics from a backup, or start without --rebuild"));
  }
  std::string sign;
  if (setup.has_local_state) sign = "there is local state";
  std::vector<base::TopicPartition> partitions;
  for (const std::string& input : inputs) {
    for (int32_t p = 0; p < found.at(input).partitions; ++p) {
      partitions.push_back({input, base::Partition(p)});
    }
  }
  ASSIGN_OR_RETURN(const auto offsets, admin.GroupOffsets(partitions, kTimeout));
  if (!offsets.empty()) {
    absl::StrAppend(&sign, sign.empty() ? "" : " and ", "group ", setup.application_id,
                    " has committed offsets (", base::ToString(offsets.begin()->first), " at ",
                    offsets.begin()->second.offset.value(), ")");
  }
  if (sign.empty()) return absl::OkStatus();
  const std::string advice =
      all_lost
          ? absl::StrCat("Restore them from a backup; or start once with --changelogs=from-log",
                         offsets.empty() ? "" : " and --offsets=from-group",
                         " to go on with empty stores; or delete the group and the state ",
                         "directory to begin from the inputs' beginning")
          : std::string(
                "The other changelogs hold what refers to it, so no flag makes that right. Restore "
                "it from a backup, or reset the application (`reset --delete_local_state "
                "--execute`), or rebuild its state under another id (`replay --into`)");
  return absl::FailedPreconditionError(absl::StrCat("missing: ", absl::StrJoin(missing, ", "),
                                                    ", but ", sign,
                                                    ": state was lost with the topics. ", advice));
}

absl::StatusOr<int32_t> StatePartitions(const std::vector<std::string>& inputs,
                                        const std::vector<std::string>& changelogs,
                                        const Descriptions& found, const TopicSetup& setup) {
  for (const std::string& changelog : changelogs) {
    const auto it = found.find(changelog);
    if (it == found.end()) continue;
    if (setup.state_partitions > 0 && setup.state_partitions != it->second.partitions) {
      return absl::FailedPreconditionError(absl::StrCat(
          "STATE_PARTITIONS is ", setup.state_partitions, ", but changelog ", changelog, " has ",
          it->second.partitions, " partitions. The number is fixed when the changelogs are made; ",
          "leave STATE_PARTITIONS away, or use another application id"));
    }
    return it->second.partitions;
  }
  if (setup.state_partitions > 0) return setup.state_partitions;
  int32_t largest = 1;
  for (const std::string& input : inputs) largest = std::max(largest, found.at(input).partitions);
  return largest;
}

PartitionCounts Counts(const std::vector<std::string>& inputs, const Descriptions& found,
                       int32_t state_partitions) {
  PartitionCounts counts{.inputs = {}, .state = state_partitions};
  for (const std::string& input : inputs) counts.inputs[input] = found.at(input).partitions;
  return counts;
}

// Named, since the settings that keep the state safe depend on it.
absl::StatusOr<int> InternalReplicationFactor(const TopicSetup& setup, Admin& admin) {
  if (setup.replication_factor > 0) return setup.replication_factor;
  const auto factor = admin.DefaultReplicationFactor(kTimeout);
  if (factor.ok() || absl::IsUnavailable(factor.status()) ||
      absl::IsDeadlineExceeded(factor.status())) {
    return factor;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "internal topics are to be made with the brokers' default replication factor, ", "but ",
      std::string(factor.status().message()), ". Say how many replicas by --replication_factor"));
}

absl::Status CreateInternal(const std::vector<std::string>& missing,
                            const std::vector<std::string>& changelogs, int32_t partitions,
                            const TopicSetup& setup, Admin& admin) {
  ASSIGN_OR_RETURN(const int replicas, InternalReplicationFactor(setup, admin));
  std::vector<TopicSpec> specs;
  for (const std::string& topic : missing) {
    const bool is_changelog =
        std::find(changelogs.begin(), changelogs.end(), topic) != changelogs.end();
    specs.push_back(is_changelog
                        ? ChangelogSpec(topic, partitions, replicas, setup.changelog_history)
                        : RepartitionSpec(topic, partitions, replicas));
  }
  RETURN_IF_ERROR(admin.CreateTopics(specs, kTimeout));
  base::Log(base::LogLevel::kInfo, "made internal topics",
            {{"topics", absl::StrJoin(missing, ",")}, {"partitions", partitions}});
  return absl::OkStatus();
}

// Those of the internal topics that exist; what is common to them.
absl::StatusOr<TopicsFound> CheckInternal(const std::vector<std::string>& internal,
                                          const std::vector<std::string>& changelogs,
                                          const Descriptions& found, int32_t partitions,
                                          const TopicSetup& setup, Admin& admin) {
  TopicsFound topics{.state_partitions = partitions,
                     .tombstone_retention = absl::InfiniteDuration()};
  for (const std::string& topic : internal) {
    if (!found.contains(topic)) continue;
    ASSIGN_OR_RETURN(const auto settings, admin.TopicSettings(topic, kTimeout));
    if (std::find(changelogs.begin(), changelogs.end(), topic) == changelogs.end()) {
      RETURN_IF_ERROR(CheckRepartition(topic, found.at(topic), settings, partitions));
      continue;
    }
    RETURN_IF_ERROR(
        CheckChangelog(topic, found.at(topic), settings, partitions, setup.changelog_history));
    topics.tombstone_retention = std::min(topics.tombstone_retention, TombstoneRetention(settings));
  }
  return topics;
}

}  // namespace

absl::StatusOr<TopicsFound> SetUpTopics(const Topology& topology, const TopicSetup& setup,
                                        Admin& admin) {
  const std::vector<std::string> inputs = topology.source_topics();
  std::vector<std::string> outer = inputs;
  for (const std::string& topic : topology.sink_topics()) outer.push_back(topic);
  const std::vector<std::string> changelogs =
      ChangelogTopics(setup.application_id, topology.store_names());
  std::vector<std::string> internal = changelogs;
  for (const std::string& name : topology.repartition_names()) {
    internal.push_back(RepartitionTopic(setup.application_id, name));
  }
  std::vector<std::string> all = outer;
  all.insert(all.end(), internal.begin(), internal.end());

  ASSIGN_OR_RETURN(Descriptions found, admin.DescribeTopics(all, kTimeout));
  if (const auto missing = Missing(outer, found); !missing.empty()) {
    RETURN_IF_ERROR(CreateInputsAndOutputs(missing, setup, admin));
    ASSIGN_OR_RETURN(found, admin.DescribeTopics(all, kTimeout));
    if (!Missing(outer, found).empty()) return absl::UnavailableError("topics just made");
  }
  ASSIGN_OR_RETURN(const int32_t partitions, StatePartitions(inputs, changelogs, found, setup));
  RETURN_IF_ERROR(MakePlan(topology, Counts(inputs, found, partitions)).status());
  ASSIGN_OR_RETURN(const TopicsFound fit,
                   CheckInternal(internal, changelogs, found, partitions, setup, admin));
  const auto missing = Missing(internal, found);
  if (missing.empty()) return fit;
  RETURN_IF_ERROR(CheckMayMake(missing, changelogs, inputs, found, setup, admin));
  RETURN_IF_ERROR(CreateInternal(missing, changelogs, partitions, setup, admin));
  ASSIGN_OR_RETURN(found, admin.DescribeTopics(all, kTimeout));
  if (!Missing(internal, found).empty()) return absl::UnavailableError("topics just made");
  return CheckInternal(internal, changelogs, found, partitions, setup, admin);
}

absl::StatusOr<PartitionCounts> FindPartitions(const Topology& topology, const TopicSetup& setup,
                                               Admin& admin) {
  const std::vector<std::string> inputs = topology.source_topics();
  const std::vector<std::string> changelogs =
      ChangelogTopics(setup.application_id, topology.store_names());
  std::vector<std::string> all = inputs;
  all.insert(all.end(), changelogs.begin(), changelogs.end());
  ASSIGN_OR_RETURN(const Descriptions found, admin.DescribeTopics(all, kTimeout));
  if (const auto missing = Missing(inputs, found); !missing.empty()) {
    return absl::UnavailableError(absl::StrCat("missing topics: ", absl::StrJoin(missing, ", ")));
  }
  ASSIGN_OR_RETURN(const int32_t partitions, StatePartitions(inputs, changelogs, found, setup));
  return Counts(inputs, found, partitions);
}

}  // namespace streams
