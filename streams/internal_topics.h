// The topics that the engine makes for itself: their names, their settings, and whether
// one that exists is fit to hold state.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "streams/broker.h"

namespace streams {

std::string ChangelogTopic(const std::string& application_id, const std::string& store);
// Of each store, in their order.
std::vector<std::string> ChangelogTopics(const std::string& application_id,
                                         const std::vector<std::string>& stores);
std::string RepartitionTopic(const std::string& application_id, const std::string& name);

// With every setting that matters named, so that a broker's defaults can't hurt. `history`:
// compaction leaves what is younger.
TopicSpec ChangelogSpec(const std::string& topic, int32_t partitions, int replication_factor,
                        absl::Duration history = absl::ZeroDuration());
TopicSpec RepartitionSpec(const std::string& topic, int32_t partitions, int replication_factor);

// An error names the setting, what it is and what it must be.
absl::Status CheckChangelog(const std::string& topic, const TopicDescription& description,
                            const std::map<std::string, std::string>& settings,
                            int32_t state_partitions,
                            absl::Duration history = absl::ZeroDuration());
absl::Status CheckRepartition(const std::string& topic, const TopicDescription& description,
                              const std::map<std::string, std::string>& settings,
                              int32_t state_partitions);

// How long the changelog keeps tombstones.
absl::Duration TombstoneRetention(const std::map<std::string, std::string>& settings);

// How old a record is at least before compaction may remove it.
absl::Duration CompactionLag(const std::map<std::string, std::string>& settings);

}  // namespace streams
