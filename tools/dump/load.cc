#include "tools/dump/load.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "state/state_directory.h"
#include "streams/error_kinds.h"
#include "streams/internal_topics.h"
#include "tools/dump/changelogs.h"
#include "tools/dump/past.h"

namespace dump {
namespace {

state::StoreIndex Index(size_t store) { return state::StoreIndex(static_cast<uint8_t>(store)); }

absl::Status CheckReached(const Point& at, const std::vector<std::string>& stores,
                          const Changelogs& changelogs,
                          const std::vector<streams::LogRange>& ranges) {
  for (size_t i = 0; i < stores.size(); ++i) {
    const auto cut = at.positions.find(stores[i]);
    if (cut == at.positions.end()) continue;
    if (cut->second <= ranges[i].stable_end) continue;
    return absl::OutOfRangeError(absl::StrCat("changelog ", base::ToString(changelogs.partition(i)),
                                              " ends at ", ranges[i].stable_end.value(),
                                              ", before the position ", cut->second.value()));
  }
  return absl::OkStatus();
}

}  // namespace

Loader::Loader(tools::Settings settings, std::vector<std::string> stores)
    : settings_(std::move(settings)), stores_(std::move(stores)) {
  settings_.kafka.member_id = "state-dump";
  settings_.kafka.static_member = false;
}

absl::StatusOr<streams::Broker*> Loader::broker() {
  if (broker_ == nullptr) {
    ASSIGN_OR_RETURN(broker_, streams::kafka::KafkaBroker::Create(settings_.kafka));
  }
  return broker_.get();
}

absl::Status Loader::NameKafka(const absl::Status& status) const {
  if (!streams::IsWait(status)) return status;
  return base::Annotate(status,
                        absl::StrCat("Kafka at ", settings_.kafka.bootstrap_servers,
                                     " (the local checkpoint alone needs none: --offline)"));
}

absl::StatusOr<std::vector<Source>> Loader::Checkpoints(const std::string& state_dir) {
  const std::string& application_id = settings_.engine.application_id;
  const std::string directory = state::ApplicationDirectory(state_dir, application_id);
  const absl::Status ours = state::CheckInstanceFile(directory, application_id);
  if (absl::IsNotFound(ours)) {
    return absl::NotFoundError(
        absl::StrCat("there is no state directory ", directory,
                     ". STATE_DIR and APPLICATION_ID must be those of the worker"));
  }
  RETURN_IF_ERROR(ours);
  ASSIGN_OR_RETURN(auto sources, OpenSources(directory + "/stores", stores_, &executor_));
  for (const Source& source : sources) found_damage_ |= source.damaged;
  return sources;
}

absl::Status Loader::CatchUp(std::vector<Source>* sources) {
  const std::string& application_id = settings_.engine.application_id;
  ASSIGN_OR_RETURN(streams::Broker * broker, this->broker());
  ASSIGN_OR_RETURN(const absl::Duration tombstones,
                   CheckChangelogs(application_id, stores_, broker->admin()));
  ASSIGN_OR_RETURN(const auto reader, broker->NewLogReader());
  for (Source& source : *sources) {
    if (HasNoStore(source)) {
      Complain(
          absl::StrCat("there is no store in ", source.path, ": read from the changelogs alone"));
    }
    if (source.damaged) {
      Complain(absl::StrCat(source.path, ": what is left of it is not used: read from the ",
                            "changelogs alone"));
      ASSIGN_OR_RETURN(source, EmptySource(source.partition, stores_, &executor_));
    } else if (IsTooOld(*source.replica, tombstones)) {
      Complain(
          "the checkpoint is older than half of the changelogs' delete.retention.ms, or of the "
          "future: read from the changelogs alone");
      ASSIGN_OR_RETURN(source, EmptySource(source.partition, stores_, &executor_));
    }
    Changelogs changelogs(application_id, stores_, source.partition, reader.get());
    ASSIGN_OR_RETURN(const auto ranges, changelogs.Ranges());
    RETURN_IF_ERROR(changelogs.CheckBelong(*source.replica, ranges));
    const std::vector<base::Offset> from = source.replica->positions().next;
    RETURN_IF_ERROR(
        changelogs.Read(from, ranges, [&](size_t store, const base::RecordView& record) {
          source.replica->Apply(Index(store), *record.key, record.value);
        }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Source>> Loader::FromChangelogs(const std::optional<Point>& at) {
  const std::string& application_id = settings_.engine.application_id;
  ASSIGN_OR_RETURN(streams::Broker * broker, this->broker());
  ASSIGN_OR_RETURN(const absl::Duration tombstones,
                   CheckChangelogs(application_id, stores_, broker->admin()));
  const std::string first = streams::ChangelogTopic(application_id, stores_[0]);
  ASSIGN_OR_RETURN(const auto described,
                   broker->admin().DescribeTopics(std::vector{first}, kKafkaTimeout));
  ASSIGN_OR_RETURN(const auto reader, broker->NewLogReader());
  std::vector<Source> sources;
  for (int32_t i = 0; i < described.at(first).partitions; ++i) {
    const base::Partition partition(i);
    if (at.has_value()) {
      ASSIGN_OR_RETURN(Source source, ReadPast(partition, *at, tombstones, reader.get()));
      sources.push_back(std::move(source));
    } else {
      ASSIGN_OR_RETURN(Source source, EmptySource(partition, stores_, &executor_));
      sources.push_back(std::move(source));
    }
  }
  if (!at.has_value()) RETURN_IF_ERROR(CatchUp(&sources));
  return sources;
}

// For how long the changelogs keep every record, as they are set now.
absl::StatusOr<absl::Duration> Loader::History(streams::Admin& admin) {
  absl::Duration history = absl::InfiniteDuration();
  for (const std::string& topic :
       streams::ChangelogTopics(settings_.engine.application_id, stores_)) {
    ASSIGN_OR_RETURN(const auto settings, admin.TopicSettings(topic, kKafkaTimeout));
    history = std::min(history, streams::CompactionLag(settings));
  }
  return history;
}

absl::StatusOr<Source> Loader::ReadPast(base::Partition partition, const Point& at,
                                        absl::Duration tombstones, streams::LogReader* reader) {
  ASSIGN_OR_RETURN(streams::Broker * broker, this->broker());
  ASSIGN_OR_RETURN(const absl::Duration history, History(broker->admin()));
  Changelogs changelogs(settings_.engine.application_id, stores_, partition, reader);
  ASSIGN_OR_RETURN(const auto ranges, changelogs.Ranges());
  RETURN_IF_ERROR(CheckReached(at, stores_, changelogs, ranges));
  ASSIGN_OR_RETURN(Source source, EmptySource(partition, stores_, &executor_));
  Past past(at, stores_);
  const auto take = [&](size_t store, const base::RecordView& record) {
    if (past.Take(store, record)) {
      source.replica->Apply(Index(store), *record.key, record.value);
    }
  };
  RETURN_IF_ERROR(
      changelogs.Read(std::vector<base::Offset>(stores_.size(), base::Offset(0)), ranges, take));
  Complain(past.Told(history, tombstones, base::SystemClock().Now()));
  return source;
}

absl::StatusOr<std::vector<Source>> Loader::Load(const Options& options) {
  if (options.from == Options::From::kChangelogs) return FromChangelogs(options.at);
  ASSIGN_OR_RETURN(auto sources, Local(settings_.state_dir, options.from));
  if (options.from == Options::From::kCheckpoint) {
    const bool none = std::all_of(sources.begin(), sources.end(),
                                  [](const Source& one) { return one.replica->is_new(); });
    Complain(absl::StrCat("offline: the local checkpoint alone, ",
                          found_damage_ ? "and of that what the other files hold: objects may be "
                                          "missing, or as they were before"
                          : none        ? "and none has been made yet"
                                        : "without what came after it"));
  }
  return sources;
}

absl::StatusOr<std::vector<Source>> Loader::Local(const std::string& state_dir,
                                                  Options::From from) {
  ASSIGN_OR_RETURN(auto sources, Checkpoints(state_dir));
  if (from != Options::From::kCheckpoint) {
    RETURN_IF_ERROR(CatchUp(&sources));
    return sources;
  }
  // An empty answer would pass for an empty state.
  for (const Source& source : sources) {
    if (!HasNoStore(source)) continue;
    return absl::NotFoundError(
        absl::StrCat("there is no store in ", source.path, ", though the directory is the ",
                     "application's: it was removed, or a worker has not come to make it. ",
                     "--from_changelog shows the state from the changelogs"));
  }
  return sources;
}

}  // namespace dump
