// Shows the stores of a state directory, brought up to date from the changelogs. Changes
// nothing, there or in Kafka.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "serde/dump_json.h"
#include "serde/store_codecs.h"
#include "state/executor.h"
#include "state/memory/memory_backend.h"
#include "state/replica.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/state_directory.h"
#include "streams/engine_records.h"
#include "streams/error_kinds.h"
#include "streams/internal_topics.h"
#include "streams/kafka/kafka_broker.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

ABSL_FLAG(std::string, format, "table", "table, for people, or json: one object a line");
ABSL_FLAG(bool, offline, false, "show the local checkpoint alone, without asking Kafka");

namespace {

constexpr char kUsage[] =
    "state-dump: the parties and characters in a worker's state directory.\n"
    "\n"
    "Takes the worker's settings (STATE_DIR, APPLICATION_ID, BOOTSTRAP_SERVERS, ...). Shows\n"
    "the local checkpoint brought up to date from the changelogs; --offline the checkpoint\n"
    "alone. Works beside a running worker, and changes nothing. Exit status 1: something\n"
    "could not be read, and is named; 2: wrong settings.";

constexpr absl::Duration kTimeout = absl::Seconds(10);

// One state partition's stores, and what they were brought up to.
struct Source {
  std::string name;
  // Where there is no local store yet: the changelogs alone, in memory.
  std::unique_ptr<state::MemoryBackendFactory> memory;
  std::unique_ptr<state::Replica> replica;
};

absl::StatusOr<Source> EmptySource(const std::string& name, const std::vector<std::string>& stores,
                                   state::Executor* executor) {
  Source source{
      .name = name, .memory = std::make_unique<state::MemoryBackendFactory>(), .replica = nullptr};
  ASSIGN_OR_RETURN(auto backend, source.memory->Open(name, stores));
  ASSIGN_OR_RETURN(source.replica,
                   state::Replica::Open(std::move(backend), stores.size(), executor));
  return source;
}

absl::StatusOr<Source> OpenSource(const std::string& stores_path, const std::string& name,
                                  const std::vector<std::string>& stores,
                                  state::Executor* executor) {
  Source source{.name = name, .memory = nullptr, .replica = nullptr};
  auto backend = state::OpenRocksDbReadOnly(absl::StrCat(stores_path, "/", name), stores);
  if (absl::IsNotFound(backend.status())) return EmptySource(name, stores, executor);
  RETURN_IF_ERROR(backend.status());
  ASSIGN_OR_RETURN(source.replica,
                   state::Replica::Open(*std::move(backend), stores.size(), executor));
  return source;
}

std::vector<std::string> SourceNames(const std::string& stores_path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(stores_path, error)) {
    const std::string name = entry.path().filename().string();
    if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end(),
            [](const auto& a, const auto& b) { return std::stoi(a) < std::stoi(b); });
  if (names.empty()) names.emplace_back("0");
  return names;
}

// Reads the changelogs from the replica's positions to their present ends.
class CatchUp {
 public:
  CatchUp(const std::string& application_id, const std::vector<std::string>& stores, Source* source,
          streams::LogReader* reader)
      : source_(source), reader_(reader) {
    const base::Partition partition(std::stoi(source->name));
    for (const std::string& store : stores) {
      changelogs_.push_back({streams::ChangelogTopic(application_id, store), partition});
    }
  }

  absl::Status Run() {
    ASSIGN_OR_RETURN(const auto ranges, reader_->Ranges(changelogs_, kTimeout));
    std::vector<streams::PartitionStart> starts;
    for (size_t i = 0; i < changelogs_.size(); ++i) {
      const streams::LogRange& range = ranges.at(changelogs_[i]);
      const base::Offset from = source_->replica->positions().next[i];
      if (from > range.end) {
        return absl::FailedPreconditionError(absl::StrCat(
            "changelog ", base::ToString(changelogs_[i]), " ends at ", range.end.value(),
            ", before the local position ", from.value(),
            ": it is not the log that this state comes from. --offline shows the state alone"));
      }
      if (range.start == range.end || from == range.end) {
        ++ended_;
        continue;
      }
      starts.push_back({changelogs_[i], std::max(from, range.start)});
    }
    RETURN_IF_ERROR(CheckIdentities(ranges));
    RETURN_IF_ERROR(reader_->Assign(starts));
    streams::LogReader::Progress progress;
    absl::Duration deadline = base::SystemClock().Elapsed() + kTimeout;
    while (ended_ < changelogs_.size()) {
      RETURN_IF_ERROR(reader_->Poll(absl::Milliseconds(100), &progress));
      Apply(progress);
      if (!progress.messages.empty()) deadline = base::SystemClock().Elapsed() + kTimeout;
      if (base::SystemClock().Elapsed() > deadline) {
        return absl::DeadlineExceededError("the changelogs could not be read to their ends");
      }
    }
    return absl::OkStatus();
  }

 private:
  using Ranges = std::map<base::TopicPartition, streams::LogRange>;

  // A changelog that was made anew begins with another identity, or with none.
  absl::Status CheckIdentities(const Ranges& ranges) {
    if (source_->replica->is_new()) return absl::OkStatus();
    std::vector<streams::PartitionStart> starts;
    for (const base::TopicPartition& changelog : changelogs_) {
      const streams::LogRange& range = ranges.at(changelog);
      if (range.start < range.end) starts.push_back({changelog, range.start});
    }
    RETURN_IF_ERROR(reader_->Assign(starts));
    std::set<std::string> seen;
    streams::LogReader::Progress progress;
    const absl::Duration deadline = base::SystemClock().Elapsed() + kTimeout;
    while (seen.size() < starts.size()) {
      RETURN_IF_ERROR(reader_->Poll(absl::Milliseconds(100), &progress));
      for (const streams::Message& message : progress.messages) {
        if (!seen.insert(std::string(message.view().topic)).second) continue;
        RETURN_IF_ERROR(CheckIdentity(message.view()));
      }
      for (const streams::PartitionStart& end : progress.ends) seen.insert(end.partition.topic);
      if (base::SystemClock().Elapsed() > deadline) {
        return absl::DeadlineExceededError("the first records of the changelogs do not come");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckIdentity(const base::RecordView& first) {
    for (size_t i = 0; i < changelogs_.size(); ++i) {
      if (changelogs_[i].topic != first.topic) continue;
      std::string local;
      ASSIGN_OR_RETURN(const bool found,
                       source_->replica->Get(state::StoreIndex(static_cast<uint8_t>(i)),
                                             streams::kIdentityKey, &local));
      if (!found || (first.key == streams::kIdentityKey && first.value == local)) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("changelog ", base::ToString(changelogs_[i]),
                       " is not the log that this state comes from: it was made anew, or its ",
                       "head was cut. --offline shows the state alone"));
    }
    return absl::OkStatus();
  }

  void Apply(const streams::LogReader::Progress& progress) {
    for (const streams::Message& message : progress.messages) {
      const base::RecordView& record = message.view();
      for (size_t i = 0; i < changelogs_.size(); ++i) {
        if (changelogs_[i].topic != record.topic || !record.key.has_value()) continue;
        source_->replica->Apply(state::StoreIndex(static_cast<uint8_t>(i)), *record.key,
                                record.value);
      }
    }
    for (const streams::PartitionStart& end : progress.ends) {
      if (ended_partitions_.insert(end.partition).second) ++ended_;
    }
  }

  Source* source_;
  streams::LogReader* reader_;
  std::vector<base::TopicPartition> changelogs_;
  std::set<base::TopicPartition> ended_partitions_;
  size_t ended_ = 0;
};

// ------------------------------------------------------------------- printing

// Writes lines; a reader that has seen enough (`| head`) ends the program quietly.
class Output {
 public:
  void Line(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
  }
};

template <class T>
std::string Shown(const std::optional<T>& value) {
  return value.has_value() ? absl::StrCat(value->value()) : "-";
}

// A name as a column of at least so many characters. What could disturb a terminal is
// escaped.
std::string Column(const std::string& name, size_t width) {
  std::string text;
  size_t characters = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&text, "\\x%02x", byte);
      characters += 4;
      continue;
    }
    text.push_back(c);
    if ((byte & 0xc0) != 0x80) ++characters;  // not the further bytes of one in UTF-8
  }
  if (characters < width) text.append(width - characters, ' ');
  return text;
}

class Table {
 public:
  explicit Table(Output* output) : output_(output) {}

  absl::Status Add(const std::string& store, std::string_view key, std::string_view value) {
    if (store == serde::CharacterCodec::kName) return AddCharacter(key, value);
    if (store == serde::PartyCodec::kName) return AddParty(key, value);
    ASSIGN_OR_RETURN(const model::TenantId tenant, serde::PartySequenceCodec::DecodeKey(key));
    model::PartySequence sequence;
    RETURN_IF_ERROR(serde::PartySequenceCodec::DecodeValue(value, &sequence));
    Head(store, tenant, "next party id");
    output_->Line(absl::StrFormat("  %d", sequence.next.value()));
    return absl::OkStatus();
  }

 private:
  absl::Status AddCharacter(std::string_view key, std::string_view value) {
    ASSIGN_OR_RETURN(const auto id, serde::CharacterCodec::DecodeKey(key));
    model::Character it;
    RETURN_IF_ERROR(serde::CharacterCodec::DecodeValue(value, &it));
    Head("characters", id.tenant,
         absl::StrFormat("%10s  %-16s %5s %5s %-3s %5s %4s %10s  %-7s %10s  %s", "id", "name",
                         "level", "job", "gm", "world", "chan", "map", "", "party", "instance"));
    const bool instance = it.location.has_value() && !it.location->instance.is_nil();
    output_->Line(absl::StrFormat(
        "%12d  %s %5s %5s %-3s %5s %4s %10s  %-7s %10s  %s", id.id.value(),
        Column(it.name.value_or("-"), 16), Shown(it.level), Shown(it.job),
        it.gm.has_value() ? (*it.gm ? "yes" : "no") : "-", Shown(it.world), Shown(it.channel),
        it.location.has_value() ? absl::StrCat(it.location->map.value()) : "-",
        it.online ? "online" : "offline", Shown(it.party),
        instance ? base::ToString(it.location->instance) : "-"));
    return absl::OkStatus();
  }

  absl::Status AddParty(std::string_view key, std::string_view value) {
    ASSIGN_OR_RETURN(const auto id, serde::PartyCodec::DecodeKey(key));
    model::Party party;
    RETURN_IF_ERROR(serde::PartyCodec::DecodeValue(value, &party));
    Head("parties", id.tenant, absl::StrFormat("%10s  %10s  %s", "id", "leader", "members"));
    output_->Line(absl::StrFormat("%12d  %10d  %s", id.id.value(), party.leader.value(),
                                  absl::StrJoin(party.members.begin(), party.members.end(), ", ",
                                                [](std::string* out, model::CharacterId member) {
                                                  absl::StrAppend(out, member.value());
                                                })));
    return absl::OkStatus();
  }

  // Each tenant's part of each store begins with a heading.
  void Head(const std::string& store, const model::TenantId& tenant, const std::string& columns) {
    if (store == store_ && tenant == tenant_) return;
    store_ = store;
    tenant_ = tenant;
    output_->Line(
        absl::StrFormat("\n%s of tenant %s\n  %s", store, base::ToString(tenant.uuid), columns));
  }

  Output* output_;
  std::string store_;
  std::optional<model::TenantId> tenant_;
};

// All entries of one store over all sources, in the order of their keys. What cannot be
// read is named, and the rest still printed.
class Printer {
 public:
  explicit Printer(bool json) : json_(json), table_(&output_) {}

  absl::Status Print(const std::string& store, state::StoreIndex index,
                     const std::vector<Source>& sources) {
    if (sources.size() == 1) {
      return sources[0].replica->Scan(index, [&](std::string_view key, std::string_view value) {
        One(store, key, value);
        return true;
      });
    }
    std::map<std::string, std::string> all;
    for (const Source& source : sources) {
      RETURN_IF_ERROR(
          source.replica->Scan(index, [&](std::string_view key, std::string_view value) {
            if (key.size() >= state::kSmallestKey) all.emplace(key, value);
            return true;
          }));
    }
    for (const auto& [key, value] : all) One(store, key, value);
    return absl::OkStatus();
  }

  bool failed() const { return failed_; }

 private:
  void One(const std::string& store, std::string_view key, std::string_view value) {
    if (key.size() < state::kSmallestKey) return;  // the engine's
    absl::Status status;
    if (json_) {
      const auto line = serde::DumpJson(store, key, value);
      status = line.status();
      if (line.ok()) output_.Line(*line);
    } else {
      status = table_.Add(store, key, value);
    }
    if (status.ok()) return;
    failed_ = true;
    std::fprintf(stderr, "state-dump: %s\n", std::string(status.message()).c_str());
  }

  bool json_;
  Output output_;
  Table table_;
  bool failed_ = false;
};

// --------------------------------------------------------------------- the program

// How long they keep tombstones, at least.
absl::StatusOr<absl::Duration> CheckChangelogs(const std::string& application_id,
                                               const std::vector<std::string>& stores,
                                               streams::Admin& admin) {
  std::vector<std::string> changelogs;
  for (const std::string& store : stores) {
    changelogs.push_back(streams::ChangelogTopic(application_id, store));
  }
  ASSIGN_OR_RETURN(const auto found, admin.DescribeTopics(changelogs, kTimeout));
  for (const std::string& changelog : changelogs) {
    if (found.contains(changelog)) continue;
    return absl::NotFoundError(absl::StrCat("there is no changelog ", changelog,
                                            ". --offline shows the local state alone"));
  }
  absl::Duration tombstones = absl::InfiniteDuration();
  for (const std::string& changelog : changelogs) {
    ASSIGN_OR_RETURN(const auto settings, admin.TopicSettings(changelog, kTimeout));
    tombstones = std::min(tombstones, streams::TombstoneRetention(settings));
  }
  return tombstones;
}

// As a worker does: what was deleted may have left no trace in the changelogs since.
bool IsTooOld(const state::Replica& replica, absl::Duration tombstones) {
  const int64_t age = base::SystemClock().Now().value() - replica.positions().current_as_of.value();
  return !replica.is_new() && absl::Milliseconds(age) > tombstones / 2;
}

absl::Status CatchUpAll(const std::string& application_id, const std::vector<std::string>& stores,
                        streams::Broker& broker, state::Executor* executor,
                        std::vector<Source>* sources) {
  ASSIGN_OR_RETURN(const absl::Duration tombstones,
                   CheckChangelogs(application_id, stores, broker.admin()));
  ASSIGN_OR_RETURN(const auto reader, broker.NewLogReader());
  for (Source& source : *sources) {
    if (IsTooOld(*source.replica, tombstones)) {
      std::fprintf(stderr,
                   "state-dump: the checkpoint is older than half of the changelogs' "
                   "delete.retention.ms: read from the changelogs alone\n");
      ASSIGN_OR_RETURN(source, EmptySource(source.name, stores, executor));
    }
    RETURN_IF_ERROR(CatchUp(application_id, stores, &source, reader.get()).Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Run(tools::Settings settings) {
  const std::string directory =
      state::ApplicationDirectory(settings.state_dir, settings.engine.application_id);
  const absl::Status ours = state::CheckInstanceFile(directory, settings.engine.application_id);
  if (absl::IsNotFound(ours)) {
    return absl::NotFoundError(
        absl::StrCat("there is no state directory ", directory,
                     ". STATE_DIR and APPLICATION_ID must be those of the worker"));
  }
  RETURN_IF_ERROR(ours);
  settings.kafka.member_id = "state-dump";
  settings.kafka.static_member = false;
  const std::vector<std::string> stores =
      topology::PartyTopology(settings.topics, settings.intake).store_names();

  state::InlineExecutor executor;
  const std::string stores_path = directory + "/stores";
  std::vector<Source> sources;
  for (const std::string& name : SourceNames(stores_path)) {
    ASSIGN_OR_RETURN(Source source, OpenSource(stores_path, name, stores, &executor));
    sources.push_back(std::move(source));
  }
  const bool offline = absl::GetFlag(FLAGS_offline);
  if (offline) {
    std::fprintf(
        stderr, "state-dump: offline: the local checkpoint alone, %s\n",
        sources[0].replica->is_new() ? "and none has been made yet" : "without what came after it");
  } else {
    ASSIGN_OR_RETURN(const auto broker, streams::kafka::KafkaBroker::Create(settings.kafka));
    const absl::Status caught_up =
        CatchUpAll(settings.engine.application_id, stores, *broker, &executor, &sources);
    if (streams::IsWait(caught_up)) {
      return base::Annotate(caught_up, absl::StrCat("Kafka at ", settings.kafka.bootstrap_servers,
                                                    " (--offline does without)"));
    }
    RETURN_IF_ERROR(caught_up);
  }
  Printer printer(absl::GetFlag(FLAGS_format) == "json");
  for (size_t i = 0; i < stores.size(); ++i) {
    RETURN_IF_ERROR(printer.Print(stores[i], state::StoreIndex(static_cast<uint8_t>(i)), sources));
  }
  return !printer.failed();
}

}  // namespace

int main(int argc, char** argv) {
  auto settings = tools::ParseSettings(argc, argv, "tools/state_dump.cc", kUsage);
  absl::Status wrong = settings.status();
  const std::string format = absl::GetFlag(FLAGS_format);
  if (wrong.ok() && format != "table" && format != "json") {
    wrong = absl::InvalidArgumentError(
        absl::StrCat("--format is \"", format, "\", allowed are: table, json"));
  }
  if (!wrong.ok()) {
    std::fprintf(stderr, "state-dump: %s\n", std::string(wrong.message()).c_str());
    return 2;
  }
  const absl::StatusOr<bool> done = Run(*std::move(settings));
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fprintf(stderr, "state-dump: cannot write all of it\n");
    return 1;
  }
  if (done.ok()) return *done ? 0 : 1;
  std::fprintf(stderr, "state-dump: %s\n", std::string(done.status().message()).c_str());
  return 1;
}
