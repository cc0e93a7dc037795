#include "tools/rebuild/state_copy.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/state_directory.h"
#include "state/store.h"
#include "streams/error_kinds.h"
#include "streams/internal_topics.h"
#include "streams/replicas.h"
#include "streams/task_start.h"
#include "tools/rebuild/input_point.h"

namespace tools {
namespace {

constexpr base::Partition kPartition{0};
// For a moment in which nothing is written.
constexpr int kLooks = 5;

// A member of the group to a task's start, and to nobody else: it only looks.
class Onlooker final : public streams::GroupConsumer {
 public:
  explicit Onlooker(streams::Admin& admin) : admin_(admin) {}

  absl::StatusOr<std::map<base::TopicPartition, streams::CommittedOffset>> Committed(
      std::span<const base::TopicPartition> partitions, bool /*stable*/,
      absl::Duration timeout) override {
    return admin_.GroupOffsets(partitions, timeout);
  }
  bool AssignmentLost() const override { return false; }

  streams::GroupEvent Poll(absl::Duration) override { return {}; }
  absl::StatusOr<std::shared_ptr<const streams::GroupMetadata>> Metadata() override {
    return OnlyLooks();
  }
  absl::Status Assign(std::span<const streams::PartitionStart>) override { return OnlyLooks(); }
  absl::Status Unassign() override { return OnlyLooks(); }
  absl::Status Seek(std::span<const streams::PartitionStart>) override { return OnlyLooks(); }
  absl::Status Fetch(const base::TopicPartition&, size_t, std::vector<streams::Message>*) override {
    return OnlyLooks();
  }
  base::Offset Position(const base::TopicPartition&) const override { return base::Offset(0); }
  std::vector<std::string> TwinClientIds(absl::Duration) override { return {}; }
  void Close(bool) override {}

 private:
  static absl::Status OnlyLooks() { return absl::UnimplementedError("an onlooker only looks"); }

  streams::Admin& admin_;
};

std::vector<std::pair<std::string, base::TopicPartition>> Changelogs(
    const std::string& application_id, const streams::Topology& topology) {
  std::vector<std::pair<std::string, base::TopicPartition>> changelogs;
  for (const std::string& store : topology.store_names()) {
    changelogs.emplace_back(
        store, base::TopicPartition{streams::ChangelogTopic(application_id, store), kPartition});
  }
  return changelogs;
}

absl::Status CheckChangelogsAreThere(const Settings& settings, const streams::Topology& topology,
                                     const Connection& kafka) {
  std::vector<std::string> topics = InternalTopics(settings.engine.application_id, topology);
  ASSIGN_OR_RETURN(const auto found, kafka.broker->admin().DescribeTopics(topics, kKafkaTimeout));
  for (const std::string& topic : topics) {
    if (found.contains(topic)) continue;
    return absl::NotFoundError(
        absl::StrCat("application ", settings.engine.application_id, " has no topic ", topic,
                     ". APPLICATION_ID must be that of the state that is meant"));
  }
  return absl::OkStatus();
}

// As a worker's start would, into memory.
absl::StatusOr<std::unique_ptr<state::Replica>> Restore(const Settings& settings,
                                                        const streams::Topology& topology,
                                                        const Connection& kafka,
                                                        streams::Replicas* replicas) {
  const std::string& id = settings.engine.application_id;
  // What the group's offsets say, or a log that was trimmed, does not matter to a look.
  streams::EngineConfig config = settings.engine;
  config.tombstone_retention = absl::InfiniteDuration();
  config.choices = {.offsets = streams::OperatorChoices::Offsets::kFromState,
                    .skip_lost_inputs = true};
  Onlooker onlooker(kafka.broker->admin());
  streams::TaskStart start(
      {.consumer = &onlooker,
       .reader = kafka.reader.get(),
       .replicas = replicas,
       .clock = &base::SystemClock(),
       // Nobody's transaction is ended or completed by a look.
       .end_transactions_of = [](const std::string&) { return absl::OkStatus(); },
       .complete_transactions_of = [](const std::string&, const std::vector<base::TopicPartition>&,
                                      bool) { return absl::OkStatus(); },
       .transactional_id = {}},
      config, kPartition, Changelogs(id, topology), InputsOf(topology),
      {streams::RepartitionTopic(id, topology.repartition_names()[0]), kPartition});
  constexpr absl::Duration kLongest = absl::Seconds(30);
  const absl::Duration deadline = base::SystemClock().Elapsed() + kLongest;
  while (true) {
    const auto done = start.Step();
    if (done.ok() && *done) return start.TakeReplica();
    if (done.ok()) continue;
    const bool again = streams::IsWait(done.status()) && base::SystemClock().Elapsed() < deadline;
    if (!again) return done.status();
    base::SystemClock().Sleep(absl::Milliseconds(100));
  }
}

// No transaction was open and none has ended since the replica's ends were taken.
absl::StatusOr<bool> StoodStill(const state::Replica& replica, const std::string& application_id,
                                const streams::Topology& topology, const Connection& kafka) {
  std::vector<base::TopicPartition> partitions;
  for (const auto& [store, changelog] : Changelogs(application_id, topology)) {
    partitions.push_back(changelog);
  }
  ASSIGN_OR_RETURN(const Ranges ranges, kafka.reader->Ranges(partitions, kKafkaTimeout));
  for (size_t i = 0; i < partitions.size(); ++i) {
    const streams::LogRange& range = ranges.at(partitions[i]);
    // A marker at the end may not have been counted.
    if (range.stable_end != range.end ||
        range.end.value() - replica.positions().next[i].value() > 1) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<StateCopy> OpenCheckpoint(const std::string& directory,
                                         const std::string& application_id,
                                         const streams::Topology& topology,
                                         state::Executor* executor) {
  RETURN_IF_ERROR(state::CheckInstanceFile(directory, application_id));
  const std::string path = directory + "/stores/0";
  const auto stores = topology.store_names();
  ASSIGN_OR_RETURN(auto backend, state::OpenRocksDbReadOnly(path, stores));
  StateCopy copy{
      .what = absl::StrCat("the checkpoint in ", directory), .positions = {}, .replica = nullptr};
  ASSIGN_OR_RETURN(copy.replica, state::Replica::Open(std::move(backend), stores.size(), executor));
  if (copy.replica->is_new()) {
    return absl::NotFoundError(absl::StrCat("there is no checkpoint in ", path));
  }
  if (!copy.replica->positions().consistent) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the checkpoint in ", path, " stands in the middle of a restore: its objects need not ",
        "fit each other. Let its worker finish, or take another copy"));
  }
  ASSIGN_OR_RETURN(copy.positions, streams::ReadInputPositions(*copy.replica));
  return copy;
}

absl::StatusOr<StateCopy> ReadChangelogs(const Settings& settings,
                                         const streams::Topology& topology, const Connection& kafka,
                                         state::MemoryBackendFactory* memory,
                                         state::Executor* executor) {
  const std::string& id = settings.engine.application_id;
  RETURN_IF_ERROR(CheckChangelogsAreThere(settings, topology, kafka));
  StateCopy copy{
      .what = absl::StrCat("the changelogs of ", id), .positions = {}, .replica = nullptr};
  streams::Replicas replicas(memory, topology.store_names(), executor);
  for (int looks = 0; looks < kLooks; ++looks) {
    ASSIGN_OR_RETURN(copy.replica, Restore(settings, topology, kafka, &replicas));
    ASSIGN_OR_RETURN(const bool whole, StoodStill(*copy.replica, id, topology, kafka));
    if (whole) {
      ASSIGN_OR_RETURN(copy.positions, streams::ReadInputPositions(*copy.replica));
      return copy;
    }
    // What it has, the next look goes on from.
    replicas.Park(kPartition, std::move(copy.replica));
  }
  return absl::UnavailableError(absl::StrCat(
      "the changelogs of ", id, " are written to all the time, so that no moment can be seen: ",
      "stop the worker, or let STATE_DIR name its state directory, whose checkpoint is one"));
}

StateContent ContentOf(const state::Replica& replica, size_t stores) {
  return [&replica, stores](const AddObject& add) {
    absl::Status added;
    for (size_t i = 0; i < stores; ++i) {
      const state::StoreIndex store(static_cast<uint8_t>(i));
      RETURN_IF_ERROR(replica.Scan(store, [&](std::string_view key, std::string_view value) {
        if (key.size() >= state::kSmallestKey) added = add(store, key, value);
        return added.ok();
      }));
      RETURN_IF_ERROR(added);
    }
    return added;
  };
}

}  // namespace tools
