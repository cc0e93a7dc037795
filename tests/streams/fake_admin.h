// Topics and a group's offsets in memory, and a record of what was asked to be made.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "streams/broker.h"

namespace streams {

class FakeAdmin final : public Admin {
 public:
  struct Topic {
    TopicDescription description;
    std::map<std::string, std::string> settings;
  };

  absl::StatusOr<std::map<std::string, TopicDescription>> DescribeTopics(
      std::span<const std::string> names, absl::Duration) override {
    if (!unreachable.ok()) return unreachable;
    std::map<std::string, TopicDescription> found;
    for (const std::string& name : names) {
      if (const auto it = topics.find(name); it != topics.end()) {
        found[name] = it->second.description;
      }
    }
    return found;
  }
  absl::StatusOr<std::map<std::string, std::string>> TopicSettings(const std::string& topic,
                                                                   absl::Duration) override {
    return topics.at(topic).settings;
  }
  absl::StatusOr<int> DefaultReplicationFactor(absl::Duration) override {
    if (!default_told.ok()) return default_told;
    return default_replication;
  }
  absl::Status CreateTopics(std::span<const TopicSpec> specs, absl::Duration) override {
    for (const TopicSpec& spec : specs) {
      made.push_back(spec);
      if (not_seen_yet) continue;
      topics[spec.name] = {.description = {.partitions = spec.partitions,
                                           .replication_factor = spec.replication_factor < 0
                                                                     ? default_replication
                                                                     : spec.replication_factor},
                           .settings = spec.settings};
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> GroupOffsets(
      std::span<const base::TopicPartition> partitions, absl::Duration) override {
    std::map<base::TopicPartition, CommittedOffset> found;
    for (const base::TopicPartition& partition : partitions) {
      if (const auto it = offsets.find(partition); it != offsets.end()) found.insert(*it);
    }
    return found;
  }
  absl::Status DeleteRecords(std::span<const PartitionStart>, absl::Duration) override {
    return absl::UnimplementedError("not needed here");
  }

  std::vector<std::string> made_names() const {
    std::vector<std::string> names;
    for (const TopicSpec& spec : made) names.push_back(spec.name);
    return names;
  }

  std::map<std::string, Topic> topics;
  std::map<base::TopicPartition, CommittedOffset> offsets;
  std::vector<TopicSpec> made;
  absl::Status unreachable;
  bool not_seen_yet = false;  // what is made is not described yet
  int default_replication = 1;
  absl::Status default_told;  // not OK: the brokers do not tell it
};

}  // namespace streams
