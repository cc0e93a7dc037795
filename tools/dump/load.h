// The stores that an operator wants to see, from wherever they are wanted from.
//
// What cannot be had as it was asked for (a checkpoint that is too old, a past that compaction
// has removed) is said on standard error. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/executor.h"
#include "streams/broker.h"
#include "streams/kafka/kafka_broker.h"
#include "tools/dump/options.h"
#include "tools/dump/source.h"
#include "tools/settings.h"

namespace dump {

class Loader {
 public:
  Loader(tools::Settings settings, std::vector<std::string> stores);

  const std::vector<std::string>& stores() const { return stores_; }
  const tools::Settings& settings() const { return settings_; }

  // The last checkpoints of a worker with this STATE_DIR.
  absl::StatusOr<std::vector<Source>> Checkpoints(const std::string& state_dir);

  // Applies what is committed behind the checkpoints, in memory. One that is of no use is
  // replaced by what the changelogs alone give.
  absl::Status CatchUp(std::vector<Source>* sources);

  // The checkpoints alone, or brought up to date. Error: alone, and there is no store.
  absl::StatusOr<std::vector<Source>> Local(const std::string& state_dir, Options::From from);

  // What the changelogs alone give, at their ends or at a point.
  absl::StatusOr<std::vector<Source>> FromChangelogs(const std::optional<Point>& at);

  // By the options.
  absl::StatusOr<std::vector<Source>> Load(const Options& options);

  // Whether a store that was looked at is damaged; its files were named.
  bool found_damage() const { return found_damage_; }

  absl::StatusOr<streams::Broker*> broker();
  // Adds to an error that Kafka does not answer, which Kafka.
  absl::Status NameKafka(const absl::Status& status) const;

 private:
  absl::StatusOr<Source> ReadPast(base::Partition partition, const Point& at,
                                  absl::Duration tombstones, streams::LogReader* reader);
  absl::StatusOr<absl::Duration> History(streams::Admin& admin);

  tools::Settings settings_;
  std::vector<std::string> stores_;
  state::InlineExecutor executor_;
  std::unique_ptr<streams::Broker> broker_;
  bool found_damage_ = false;
};

}  // namespace dump
