#include "tools/rebuild/replay.h"

#include <cstdio>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/state_directory.h"
#include "tools/dead_letter_size.h"
#include "tools/rebuild/compare.h"
#include "tools/rebuild/founding.h"
#include "tools/rebuild/output_files.h"
#include "tools/rebuild/replay_run.h"
#include "topology/party_topology.h"

namespace tools {
namespace {

// The settings of another application with the same inputs and outputs.
Settings ForApplication(const Settings& settings, const std::string& id) {
  Settings other = settings;
  const std::string& old = settings.engine.application_id;
  if (other.topics.dead_letters == old + "-dead-letter") {
    other.topics.dead_letters = id + "-dead-letter";
  }
  other.engine.application_id = other.kafka.application_id = other.topic_setup.application_id = id;
  return other;
}

class Replayer {
 public:
  Replayer(const Settings& settings, const ReplayRequest& request, Connection kafka, Output* output)
      : settings_(settings),
        request_(request),
        output_(output),
        kafka_(std::move(kafka)),
        topology_(topology::PartyTopology(settings.topics, settings.intake)) {}

  absl::StatusOr<bool> Run() {
    RETURN_IF_ERROR(PrepareInto());
    ASSIGN_OR_RETURN(plan_,
                     PlanReplay(settings_, request_, topology_, kafka_, &live_memory_, &executor_));
    Describe();
    if (!request_.output_dir.empty()) {
      ASSIGN_OR_RETURN(files_, OutputFiles::Make(request_.output_dir, topology_.sink_topics()));
    }
    RETURN_IF_ERROR(OpenReplica());
    if (plan_.start.has_value()) RETURN_IF_ERROR(LoadStart());
    present_ = base::SystemClock().Now();
    ASSIGN_OR_RETURN(
        summary_,
        RunReplay(topology_, *kafka_.broker, plan_.from, plan_.to, replica_.get(),
                  [this](const auto& topic, const auto& record) { return Take(topic, record); }));
    RETURN_IF_ERROR(Summarize());
    if (!request_.into.empty()) RETURN_IF_ERROR(FoundInto());
    return request_.compare ? Compare() : true;
  }

 private:
  template <class... Arguments>
  void Print(const absl::FormatSpec<Arguments...>& format, const Arguments&... arguments) {
    output_->Text(absl::StrFormat(format, arguments...));
    output_->Flush();
  }

  // Whether it can be done is found out before the long part.
  absl::Status PrepareInto() {
    if (request_.into.empty()) return absl::OkStatus();
    into_ = ForApplication(settings_, request_.into);
    into_topology_ = topology::PartyTopology(into_.topics, into_.intake);
    ASSIGN_OR_RETURN(into_kafka_, Connection::Open(into_, "replay"));
    RETURN_IF_ERROR(CheckIsNew(into_, into_topology_, into_kafka_));
    ASSIGN_OR_RETURN(const auto members, kafka_.operators->Members(kKafkaTimeout));
    if (members.empty()) return absl::OkStatus();
    std::fprintf(stderr,
                 "replay: application %s has members: what it goes on to process, a worker of %s "
                 "will process and announce as well\n",
                 settings_.engine.application_id.c_str(), request_.into.c_str());
    return absl::OkStatus();
  }

  void Describe() {
    Print("replaying into %s\n", !request_.into.empty()        ? "application " + request_.into
                                 : request_.output_dir.empty() ? std::string("memory")
                                                               : request_.output_dir);
    Print("  from  %s\n", ToString(plan_.from));
    Print("  to    %s\n", ToString(plan_.to));
    Print("  state %s\n",
          plan_.start.has_value()
              ? "from " + plan_.start->what
              : std::string(plan_.from_the_beginning ? "empty, from the very beginning"
                                                     : "empty: what came before is not known"));
  }

  // On disk where files are wanted: state-dump reads it.
  absl::Status OpenReplica() {
    const auto stores = topology_.store_names();
    state::BackendFactory* factory = &memory_;
    if (!request_.output_dir.empty()) {
      ASSIGN_OR_RETURN(directory_, state::StateDirectory::Open(request_.output_dir, ReplayId()));
      disk_ = std::make_unique<state::RocksDbBackendFactory>(directory_->stores_path(),
                                                             state::RocksDbOptions{});
      factory = disk_.get();
    }
    ASSIGN_OR_RETURN(auto backend, factory->Open("0", stores));
    ASSIGN_OR_RETURN(replica_, state::Replica::Open(std::move(backend), stores.size(), &executor_));
    return absl::OkStatus();
  }

  // No worker's: its positions are none of a changelog's.
  std::string ReplayId() const { return settings_.engine.application_id + ".replay"; }

  absl::Status LoadStart() {
    return ContentOf(*plan_.start->replica, topology_.stores().size())(
        [this](state::StoreIndex store, std::string_view key, std::string_view value) {
          replica_->Apply(store, key, value);
          return absl::OkStatus();
        });
  }

  absl::Status Take(const std::string& topic, const streams::OutgoingRecord& record) {
    ++counts_[topic];
    if (!request_.compare && request_.output_dir.empty()) return absl::OkStatus();
    OutputRecord copy = CopyOutput(record);
    if (!request_.output_dir.empty()) RETURN_IF_ERROR(files_.Add(topic, copy));
    if (request_.compare) outputs_[topic].push_back(std::move(copy));
    return absl::OkStatus();
  }

  absl::Status Summarize() {
    objects_ = 0;
    RETURN_IF_ERROR(ContentOf(*replica_, topology_.stores().size())(
        [this](state::StoreIndex, std::string_view, std::string_view) {
          ++objects_;
          return absl::OkStatus();
        }));
    Print("replayed %d records: %d objects in the state; outputs%s\n", summary_.records, objects_,
          request_.into.empty() ? "" : ", which are suppressed");
    for (const std::string& topic : topology_.sink_topics()) {
      Print("  %-44s %d\n", topic, counts_[topic]);
    }
    if (request_.output_dir.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(files_.Finish());
    Print(
        "outputs are in %s/*.jsonl; the state: state-dump --offline --state_dir=%s "
        "--application_id=%s\n",
        request_.output_dir, request_.output_dir, ReplayId());
    return absl::OkStatus();
  }

  absl::Status FoundInto() {
    RETURN_IF_ERROR(CheckIsNew(into_, into_topology_, into_kafka_));
    RETURN_IF_ERROR(Found(into_, into_topology_, into_kafka_,
                          {.content = ContentOf(*replica_, topology_.stores().size()),
                           .objects = objects_,
                           .positions = plan_.to}));
    Print("done: a worker with APPLICATION_ID=%s goes on at %s\n", request_.into,
          ToString(plan_.to));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Compare() {
    Differences differences(request_.shown, output_);
    RETURN_IF_ERROR(CompareTheState(&differences));
    RETURN_IF_ERROR(CompareTheOutputs(&differences));
    Print("%s\n", differences.count() == 0
                      ? std::string("equal")
                      : absl::StrCat("different: ", differences.count(), " differences"));
    return differences.count() == 0;
  }

  absl::Status CompareTheState(Differences* differences) {
    if (summary_.reached != plan_.live->positions) {
      Print("state: not compared: %s includes the inputs up to %s, the replay up to %s\n",
            plan_.live->what, ToString(plan_.live->positions), ToString(summary_.reached));
      return absl::OkStatus();
    }
    if (!plan_.from_the_beginning && !plan_.start.has_value()) {
      Print("state: the replay began with an empty one: what came before is missing in it\n");
    }
    const int64_t before = differences->count();
    ASSIGN_OR_RETURN(
        const int64_t compared,
        CompareState(topology_.store_names(), *plan_.live->replica, *replica_, differences));
    Print("state: %d objects compared with %s, %d differ\n", compared, plan_.live->what,
          differences->count() - before);
    return absl::OkStatus();
  }

  absl::Status CompareTheOutputs(Differences* differences) {
    if (summary_.records == 0 && !plan_.from_the_beginning) {
      Print("outputs: not compared: no record was replayed, so none of the live ones is meant\n");
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool ends_together, LiveStandsAt(summary_.reached));
    const OutputWindow window{
        .from = plan_.from_the_beginning ? base::kNoTimestamp : summary_.first_timestamp,
        .ends_together = ends_together,
        .present = present_};
    for (const std::string& topic : topology_.sink_topics()) {
      const int64_t before = differences->count();
      ASSIGN_OR_RETURN(const OutputsCompared compared,
                       CompareOutputs(topic, outputs_[topic], window, kafka_, differences));
      Print(
          "outputs %s: %d compared, %d differ%s\n", topic, compared.records,
          differences->count() - before,
          compared.beyond == 0 ? "" : absl::StrCat("; ", compared.beyond, " live ones come later"));
    }
    return absl::OkStatus();
  }

  // Whether the live application has processed what the replay has, and no more.
  absl::StatusOr<bool> LiveStandsAt(const streams::InputPositions& positions) {
    std::vector<base::TopicPartition> inputs;
    for (const auto& [input, position] : positions) inputs.push_back(input);
    ASSIGN_OR_RETURN(const auto committed,
                     kafka_.broker->admin().GroupOffsets(inputs, kKafkaTimeout));
    for (const auto& [input, position] : positions) {
      const auto found = committed.find(input);
      if (found == committed.end() || found->second.offset != position) return false;
    }
    return true;
  }

  const Settings& settings_;
  const ReplayRequest& request_;
  Output* output_;
  Connection kafka_;
  const streams::Topology topology_;
  Settings into_;
  streams::Topology into_topology_;
  Connection into_kafka_;

  state::InlineExecutor executor_;
  state::MemoryBackendFactory live_memory_;
  state::MemoryBackendFactory memory_;
  std::unique_ptr<state::StateDirectory> directory_;
  std::unique_ptr<state::RocksDbBackendFactory> disk_;
  ReplayPlan plan_;
  std::unique_ptr<state::Replica> replica_;

  OutputFiles files_;
  std::map<std::string, std::vector<OutputRecord>> outputs_;  // by topic; to be compared
  std::map<std::string, int64_t> counts_;
  base::Timestamp present_{0};
  ReplaySummary summary_;
  int64_t objects_ = 0;
};

}  // namespace

absl::StatusOr<bool> Replay(Settings settings, const ReplayRequest& request, Output* output) {
  ASSIGN_OR_RETURN(Connection kafka, Connection::Open(settings, "replay"));
  // A broker that does not answer is told now, and not by a limit that is guessed.
  RETURN_IF_ERROR(kafka.broker->admin()
                      .DescribeTopics({{settings.topics.dead_letters}}, kKafkaTimeout)
                      .status());
  settings.intake.largest_dead_letter =
      LargestDeadLetter(settings.topics.dead_letters, kafka.broker->admin());
  return Replayer(settings, request, std::move(kafka), output).Run();
}

}  // namespace tools
