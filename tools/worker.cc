#include "tools/worker.h"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/uuid.h"
#include "base/waiting_line.h"
#include "state/executor.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/state_directory.h"
#include "streams/error_kinds.h"
#include "streams/kafka/kafka_broker.h"
#include "streams/replicas.h"
#include "streams/stream_thread.h"
#include "streams/thread_status.h"
#include "streams/topic_setup.h"
#include "streams/topology_description.h"
#include "tools/dead_letter_size.h"
#include "tools/watch.h"
#include "topology/party_topology.h"

// What is done, or decided after a stop, for one start.
ABSL_FLAG(bool, rebuild, false,
          "restore from the changelogs, local state is set aside and kept beside");
ABSL_FLAG(std::string, offsets, "",
          "where the group's offsets and the state differ: from-state or from-group");
ABSL_FLAG(std::string, changelogs, "",
          "from-log: the changelogs as they now are count, local state is set aside");
ABSL_FLAG(std::string, lost_inputs, "",
          "skip: where input records are gone before they were processed, go on behind them");
ABSL_FLAG(
    std::string, lost_markers, "",
    "commit or abort: how a transaction ended whose end the broker has lost, where the worker "
    "asks for it");

namespace tools {
namespace {

constexpr char kOwnFlags[] = "tools/worker.cc";
constexpr char kUsage[] =
    "party-worker: the party service of an online game, as a stream processor on Kafka.\n"
    "\n"
    "Consumes party commands, character status events and invite status events; keeps\n"
    "parties and characters in a local store that its changelog topics can rebuild;\n"
    "announces what happened, exactly once. Runs until SIGTERM or SIGINT: then it commits,\n"
    "writes its state to disk and exits with 0. Exit status 1: it has stopped for a reason\n"
    "that it names; 2: wrong settings.\n"
    "\n"
    "What it is told by flag alone is for one start: it is not to be written into a unit file.\n"
    "--version alone prints the versions of the worker and of the libraries that it runs on.";

constexpr absl::Duration kStopTimeout = absl::Seconds(4);

absl::StatusOr<streams::OperatorChoices> ReadChoices() {
  streams::OperatorChoices choices;
  ASSIGN_OR_RETURN(const std::string offsets,
                   OneOf(FLAGS_offsets, {"", "from-state", "from-group"}));
  if (offsets == "from-state") choices.offsets = streams::OperatorChoices::Offsets::kFromState;
  if (offsets == "from-group") choices.offsets = streams::OperatorChoices::Offsets::kFromGroup;
  ASSIGN_OR_RETURN(const std::string changelogs, OneOf(FLAGS_changelogs, {"", "from-log"}));
  choices.changelogs_from_log = changelogs == "from-log";
  ASSIGN_OR_RETURN(const std::string lost, OneOf(FLAGS_lost_inputs, {"", "skip"}));
  choices.skip_lost_inputs = lost == "skip";
  ASSIGN_OR_RETURN(const std::string markers, OneOf(FLAGS_lost_markers, {"", "commit", "abort"}));
  if (markers == "commit") choices.lost_end = streams::LostEnd::kCommit;
  if (markers == "abort") choices.lost_end = streams::LostEnd::kAbort;
  return choices;
}

absl::StatusOr<Settings> ReadWorkerSettings(int argc, char** argv) {
  ASSIGN_OR_RETURN(Settings settings, ParseSettings(argc, argv, kOwnFlags, kUsage));
  RETURN_IF_ERROR(RefuseVariables(kOwnFlags));
  ASSIGN_OR_RETURN(settings.engine.choices, ReadChoices());
  settings.topic_setup.changelogs_from_log = settings.engine.choices.changelogs_from_log;
  settings.topic_setup.rebuild = absl::GetFlag(FLAGS_rebuild);
  return settings;
}

absl::StatusOr<streams::TopicsFound> WaitForTopics(const streams::Topology& topology,
                                                   const streams::TopicSetup& setup,
                                                   streams::Admin& admin, const StopSignal& stop,
                                                   streams::ThreadStatus* status) {
  base::WaitingLine line(base::SystemClock(), base::LogLevel::kWarning);
  while (!stop.stopped()) {
    status->Turned(base::SystemClock().Elapsed());
    auto found = streams::SetUpTopics(topology, setup, admin);
    if (found.ok() || !streams::IsWait(found.status())) return found;
    line.Say(found.status());
    status->Set(streams::ThreadStatus::Phase::kStarting,
                absl::StrCat("waiting: ", std::string(found.status().message())));
    absl::SleepFor(absl::Milliseconds(200));
  }
  return absl::CancelledError("stopped");
}

void SetLocalStateAside(const state::StateDirectory& directory, streams::Replicas* replicas) {
  const std::string suffix =
      absl::StrCat("aside-", absl::FormatTime("%Y%m%dT%H%M%SZ", absl::Now(), absl::UTCTimeZone()));
  base::Log(base::LogLevel::kInfo, "rebuilding from the changelogs",
            {{"local_state_will_be_kept_as",
              absl::StrCat(directory.stores_path(), "/<state partition>.", suffix)}});
  replicas->Rebuild(suffix);
}

void LogCounters(const base::Metrics& metrics) {
  const base::MetricSnapshot snapshot = metrics.Snapshot();
  for (const auto& [name, family] : snapshot.families()) {
    if (family.kind != base::MetricKind::kCounter) continue;
    for (const base::MetricSample& sample : family.samples) {
      if (sample.value == 0) continue;
      const std::string labels = absl::StrJoin(
          sample.labels, ",",
          absl::PairFormatter(absl::AlphaNumFormatter(), "=", absl::AlphaNumFormatter()));
      base::Log(base::LogLevel::kInfo, "count",
                {{"name", name}, {"of", labels}, {"value", static_cast<uint64_t>(sample.value)}});
    }
  }
}

// Why the worker stops: said once, and before anything that could hang.
class LastWord {
 public:
  void Say(const absl::Status& outcome) {
    if (std::exchange(said_, true)) return;
    if (outcome.ok()) {
      base::Log(base::LogLevel::kInfo, "stopped");
    } else {
      base::Log(base::LogLevel::kError, "stopped", {{"why", outcome.message()}});
    }
  }

 private:
  bool said_ = false;
};

absl::Status Run(Settings settings, StopSignal& stop, const WrapParts& wrap, LastWord& last_word) {
  ASSIGN_OR_RETURN(const auto directory,
                   state::StateDirectory::Open(settings.state_dir, settings.engine.application_id));
  settings.engine.member_id = absl::StrCat("0-", directory->instance_id());
  settings.kafka.member_id = settings.engine.member_id;
  settings.kafka.process_nonce = base::ToString(base::RandomUuid()).substr(0, 8);
  base::Log(base::LogLevel::kInfo, "party-worker",
            {{"application_id", settings.engine.application_id},
             {"instance_id", directory->instance_id()},
             {"state_dir", settings.state_dir},
             {"bootstrap_servers", settings.kafka.bootstrap_servers}});

  base::Metrics metrics;
  streams::ThreadStatus status;
  status.Turned(base::SystemClock().Elapsed());
  status.Set(streams::ThreadStatus::Phase::kStarting, "asking Kafka for the topics");
  AddBuildInfo(metrics);
  ASSIGN_OR_RETURN(const auto watch,
                   Watch(settings, metrics, status,
                         streams::ToText(streams::Describe(
                             topology::PartyTopology(settings.topics, settings.intake)))));
  ASSIGN_OR_RETURN(const auto kafka, streams::kafka::KafkaBroker::Create(settings.kafka));
  state::RocksDbBackendFactory disk(directory->stores_path(), state::RocksDbOptions{});
  const auto of_kafka = metrics.AddSource(
      [&](base::MetricSnapshot* snapshot) { kafka->statistics().Collect(snapshot); });
  const auto of_disk =
      metrics.AddSource([&](base::MetricSnapshot* snapshot) { disk.Collect(snapshot); });
  const std::unique_ptr<WorkerParts> wrapped = wrap ? wrap(*kafka, disk) : nullptr;
  if (wrapped) wrapped->Change(&settings.engine);
  streams::Broker& broker = wrapped ? wrapped->broker() : *kafka;
  state::BackendFactory& stores = wrapped ? wrapped->stores() : disk;
  ASSIGN_OR_RETURN(settings.topic_setup.has_local_state, stores.Exists("0"));
  const auto found = WaitForTopics(topology::PartyTopology(settings.topics, settings.intake),
                                   settings.topic_setup, broker.admin(), stop, &status);
  if (absl::IsCancelled(found.status())) return absl::OkStatus();
  RETURN_IF_ERROR(found.status());
  settings.engine.tombstone_retention = found->tombstone_retention;
  settings.intake.largest_dead_letter =
      LargestDeadLetter(settings.topics.dead_letters, broker.admin());

  const streams::Topology topology = topology::PartyTopology(settings.topics, settings.intake);
  state::BackgroundExecutor executor;
  streams::Replicas replicas(&stores, topology.store_names(), &executor);
  if (settings.topic_setup.rebuild) SetLocalStateAside(*directory, &replicas);
  streams::StreamThread thread(topology, settings.engine, broker, replicas, base::SystemClock(),
                               metrics);
  thread.ReportTo(&status);
  const auto put_down = [](const absl::Status& checkpoint) {
    if (checkpoint.ok()) return;
    base::Log(base::LogLevel::kError, "the last checkpoint failed; the next start reads more",
              {{"why", checkpoint.message()}});
  };
  const StopSignal::AtLast at_last(&stop, [&] {
    kafka->standstill().Use([&] { put_down(thread.CheckpointNow()); });
    put_down(replicas.CheckpointParked());
  });
  absl::Status stopped;
  while (stopped.ok() && !stop.stopped()) stopped = thread.RunOnce();
  if (stopped.ok()) {
    stopped = thread.Stop(kStopTimeout);
    LogCounters(metrics);
  } else {
    LogCounters(metrics);
    last_word.Say(stopped);
    stop.set_status_at_last(1);
    thread.Leave(kStopTimeout);
  }
  // After a restart of the thread its replica is parked.
  put_down(replicas.CheckpointParked());
  return stopped;
}

}  // namespace

absl::Status RunWorker(Settings settings, StopSignal& stop, const WrapParts& wrap) {
  LastWord last_word;
  const absl::Status outcome = Run(std::move(settings), stop, wrap, last_word);
  last_word.Say(outcome);
  return outcome;
}

int WorkerMain(int argc, char** argv, const WrapParts& wrap) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::printf("%s\n", Versions().c_str());
    return 0;
  }
  auto settings = ReadWorkerSettings(argc, argv);
  if (!settings.ok()) {
    std::fprintf(stderr, "party-worker: %s\n", std::string(settings.status().message()).c_str());
    return 2;
  }
  if (!base::SetUpLogging(settings->log_level, settings->log_format).ok()) return 2;
  StopSignal stop;
  return RunWorker(*std::move(settings), stop, wrap).ok() ? 0 : 1;
}

}  // namespace tools
