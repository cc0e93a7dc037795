#include "tools/settings.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/status.h"

namespace tools {

// --kafka may come again and again; absl's flags start anew at each occurrence.
struct KafkaSettings {
  std::vector<std::string> all;
};
bool AbslParseFlag(absl::string_view text, KafkaSettings* settings, std::string* error) {
  static KafkaSettings seen;
  if (!text.empty()) {
    const auto setting = streams::kafka::ParseSetting(std::string(text));
    if (!setting.ok()) {
      *error = std::string(setting.status().message());
      return false;
    }
    seen.all.emplace_back(text);
  }
  *settings = seen;
  return true;
}
std::string AbslUnparseFlag(const KafkaSettings& settings) {
  return absl::StrJoin(settings.all, ",");
}

}  // namespace tools

// ---- where
ABSL_FLAG(std::string, bootstrap_servers, "127.0.0.1:9092",
          "Kafka brokers to begin with: host:port[,host:port...]");
ABSL_FLAG(std::string, command_topic_party, "COMMAND_TOPIC_PARTY", "input: party commands");
ABSL_FLAG(std::string, event_topic_character_status, "EVENT_TOPIC_CHARACTER_STATUS",
          "input: character status events");
ABSL_FLAG(std::string, event_topic_invite_status, "EVENT_TOPIC_INVITE_STATUS",
          "input: invite status events");
ABSL_FLAG(std::string, event_topic_party_status, "EVENT_TOPIC_PARTY_STATUS",
          "output: party status events");
ABSL_FLAG(std::string, event_topic_party_member_status, "EVENT_TOPIC_PARTY_MEMBER_STATUS",
          "output: party member status events");
ABSL_FLAG(std::string, command_topic_invite, "COMMAND_TOPIC_INVITE", "output: invite commands");
ABSL_FLAG(std::string, dead_letter_topic, "",
          "output: bad input; empty: <application id>-dead-letter");
ABSL_FLAG(bool, create_topics, false, "make missing input and output topics, one partition each");

// ---- who
ABSL_FLAG(std::string, application_id, "party-worker",
          "the consumer group, and the first part of internal topics' names");
ABSL_FLAG(std::string, state_dir, "party-worker-state",
          "directory of the local state; one for each worker");
ABSL_FLAG(std::string, environment, "",
          "process only records whose ENVIRONMENT header is this or absent; empty: all");

// ---- how
ABSL_FLAG(
    std::string, output_guarantee, "exactly_once",
    "exactly_once, or at_least_once: outputs by a plain producer, no markers in their topics");
ABSL_FLAG(int64_t, commit_interval_ms, 100, "commit at the latest after so long (1 to 60000)");
ABSL_FLAG(int64_t, commit_floor_ms, 2,
          "with all inputs processed, commit no sooner after the last commit (0 to 60000)");
ABSL_FLAG(int64_t, session_timeout_ms, 10000,
          "a worker that is silent for so long loses its partitions (6000 to 1800000; the broker "
          "has limits of its own)");
ABSL_FLAG(std::string, on_stop, "stay",
          "stay: keep the partitions for the session timeout, for a restart; leave: give them up "
          "at once");
ABSL_FLAG(int64_t, state_partitions, 0,
          "of the changelogs, when they are first made; 0: as the largest input has");
ABSL_FLAG(int64_t, replication_factor, -1, "of topics that are made; -1: the broker's default");
ABSL_FLAG(absl::Duration, changelog_history, absl::ZeroDuration(),
          "compaction leaves what is younger in the changelogs (24h, 90m; see state-dump --at)");
ABSL_FLAG(int64_t, cache_bytes, 64 << 20, "for objects in memory (1000000 or more)");
ABSL_FLAG(int64_t, checkpoint_keys, 100'000, "checkpoint after so many changed keys (1 or more)");
ABSL_FLAG(int64_t, checkpoint_records, 500'000,
          "checkpoint after so many changelog records (1 or more)");
ABSL_FLAG(int64_t, checkpoint_interval_ms, 30'000, "checkpoint after so long (1 or more)");
ABSL_FLAG(std::string, log_level, "info", "debug, info, warning or error");
ABSL_FLAG(std::string, log_format, "text", "text: key=value, or json: one object a line");
ABSL_FLAG(std::string, http_address, "127.0.0.1:9464",
          "host:port where metrics and health are shown, port 0: any free one; off or empty: "
          "nowhere");
ABSL_FLAG(tools::KafkaSettings, kafka, {},
          "a librdkafka setting, name=value; may come again and again");
ABSL_FLAG(std::string, kafka_config, "", "a file of librdkafka settings, name=value lines");

namespace tools {
namespace {

std::string EnvironmentName(std::string_view flag) {
  return absl::AsciiStrToUpper(std::string(flag));
}

bool IsCommon(const absl::CommandLineFlag& flag) {
  return absl::EndsWith(flag.Filename(), "tools/settings.cc");
}

// absl's own flags are of no use here.
bool IsOurs(const absl::CommandLineFlag& flag, const std::string& own_file) {
  return IsCommon(flag) || absl::EndsWith(flag.Filename(), own_file);
}

// The flags that have their value from the environment.
std::set<std::string>& FromEnvironment() {
  static auto& names = *new std::set<std::string>();
  return names;
}

// How the operator has named what is wrong.
std::string Named(std::string_view flag) {
  const std::string name(flag);
  return FromEnvironment().contains(name)
             ? absl::StrCat("environment variable ", EnvironmentName(name))
             : absl::StrCat("--", name);
}

absl::Status Parse(const std::string& value, absl::CommandLineFlag* flag) {
  std::string error;
  if (flag->ParseFrom(value, &error)) return absl::OkStatus();
  const std::string is = absl::StrCat(Named(std::string(flag->Name())), " is \"", value, "\"");
  if (flag->IsOfType<bool>()) {
    return absl::InvalidArgumentError(absl::StrCat(is, ", allowed are: true, false"));
  }
  if (flag->IsOfType<int64_t>()) {
    return absl::InvalidArgumentError(absl::StrCat(is, ", allowed is a whole number"));
  }
  return absl::InvalidArgumentError(absl::StrCat(is, ": ", error));
}

// Null where the flag's variable is not set; set and empty counts as not set.
const char* InEnvironment(std::string_view flag) {
  const char* value = std::getenv(EnvironmentName(flag).c_str());
  return value == nullptr || *value == '\0' ? nullptr : value;
}

absl::Status TakeEnvironment() {
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!IsCommon(*flag)) continue;
    const char* value = InEnvironment(std::string_view(name.data(), name.size()));
    if (value == nullptr) continue;
    FromEnvironment().insert(std::string(name));
    RETURN_IF_ERROR(Parse(value, flag));
  }
  return absl::OkStatus();
}

void PrintFlag(const std::string& name, const absl::CommandLineFlag& flag, bool variable) {
  const std::string value = flag.DefaultValue();
  std::printf("  --%s%s\n      %s\n      default: %s\n", name.c_str(),
              variable ? ("   " + EnvironmentName(name)).c_str() : "", flag.Help().c_str(),
              value.empty() ? "(empty)" : value.c_str());
}

void PrintHelp(const std::string& own_file, const std::string& usage) {
  std::map<std::string, const absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (IsOurs(*flag, own_file)) flags[std::string(name)] = flag;
  }
  std::printf("%s\n\nBy flag:\n\n", usage.c_str());
  for (const auto& [name, flag] : flags) {
    if (!IsCommon(*flag)) PrintFlag(name, *flag, /*variable=*/false);
  }
  std::printf("\nSettings, by flag or by environment variable (the flag wins):\n\n");
  for (const auto& [name, flag] : flags) {
    if (IsCommon(*flag)) PrintFlag(name, *flag, /*variable=*/true);
  }
}

bool AsksForHelp(std::string_view argument) {
  return argument == "--help" || argument == "-h" || argument == "-help";
}

// Before absl sees them, so that a wrong flag is answered in one way: named, with what is
// allowed.
absl::Status CheckArguments(int argc, char** argv, const std::string& own_file) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!absl::StartsWith(argument, "--") || argument.size() == 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", argument, "\" is no flag; flags begin with --. See --help"));
    }
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (flag == nullptr && absl::StartsWith(name, "no")) {
      const absl::CommandLineFlag* negated = absl::FindCommandLineFlag(name.substr(2));
      if (negated != nullptr && negated->IsOfType<bool>() && IsOurs(*negated, own_file)) continue;
    }
    if (flag == nullptr || !IsOurs(*flag, own_file)) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no flag --", name, ". See --help for those that there are"));
    }
    if (flag->IsOfType<bool>() && equals == std::string::npos) {
      FromEnvironment().erase(name);
      continue;
    }
    std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (equals == std::string::npos) {
      if (++i >= argc) {
        return absl::InvalidArgumentError(absl::StrCat("flag --", name, " wants a value"));
      }
      value = argv[i];
    }
    FromEnvironment().erase(name);
    RETURN_IF_ERROR(Parse(value, flag));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> InRange(const absl::Flag<int64_t>& flag, int64_t least, int64_t most) {
  const int64_t value = absl::GetFlag(flag);
  if (value >= least && value <= most) return value;
  return absl::InvalidArgumentError(absl::StrCat(Named(std::string(flag.Name())), " is ", value,
                                                 ", allowed are ", least, " to ", most));
}

// As Kafka allows in topics and groups, since it becomes a part of both and of a path.
bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 200 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

absl::Status CheckNameOf(const std::string& named, const std::string& name) {
  if (IsName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      named, " is \"", name, "\", allowed are 1 to 200 letters, digits, '.', '_' and '-'"));
}

absl::Status CheckName(const char* flag, const std::string& name) {
  return CheckNameOf(Named(flag), name);
}

topology::Topics ReadTopics() {
  topology::Topics topics;
  topics.character_status = absl::GetFlag(FLAGS_event_topic_character_status);
  topics.invite_status = absl::GetFlag(FLAGS_event_topic_invite_status);
  topics.party_commands = absl::GetFlag(FLAGS_command_topic_party);
  topics.party_status = absl::GetFlag(FLAGS_event_topic_party_status);
  topics.member_status = absl::GetFlag(FLAGS_event_topic_party_member_status);
  topics.invites = absl::GetFlag(FLAGS_command_topic_invite);
  topics.dead_letters = absl::GetFlag(FLAGS_dead_letter_topic);
  if (topics.dead_letters.empty()) {
    topics.dead_letters = absl::GetFlag(FLAGS_application_id) + "-dead-letter";
  }
  return topics;
}

absl::Status CheckTopics(const topology::Topics& topics) {
  const std::vector<std::pair<const char*, std::string>> named = {
      {"event_topic_character_status", topics.character_status},
      {"event_topic_invite_status", topics.invite_status},
      {"command_topic_party", topics.party_commands},
      {"event_topic_party_status", topics.party_status},
      {"event_topic_party_member_status", topics.member_status},
      {"command_topic_invite", topics.invites},
      {"dead_letter_topic", topics.dead_letters}};
  for (size_t i = 0; i < named.size(); ++i) {
    RETURN_IF_ERROR(CheckName(named[i].first, named[i].second));
    for (size_t j = 0; j < i; ++j) {
      if (named[i].second != named[j].second) continue;
      return absl::InvalidArgumentError(absl::StrCat(Named(named[j].first), " and ",
                                                     Named(named[i].first),
                                                     " name the same topic: ", named[i].second));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<streams::kafka::KafkaConfig> ReadKafka() {
  streams::kafka::KafkaConfig kafka;
  kafka.bootstrap_servers = absl::GetFlag(FLAGS_bootstrap_servers);
  if (kafka.bootstrap_servers.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(Named("bootstrap_servers"), " is empty, allowed is host:port[,host:port...]"));
  }
  kafka.application_id = absl::GetFlag(FLAGS_application_id);
  ASSIGN_OR_RETURN(const int64_t session, InRange(FLAGS_session_timeout_ms, 6000, 1'800'000));
  kafka.session_timeout = absl::Milliseconds(session);
  // The broker's transaction.max.timeout.ms is 15 minutes where nobody has changed it.
  kafka.transaction_timeout = std::min(kafka.session_timeout, absl::Minutes(15));
  ASSIGN_OR_RETURN(const std::string on_stop, OneOf(FLAGS_on_stop, {"stay", "leave"}));
  kafka.static_member = on_stop == "stay";
  if (const std::string file = absl::GetFlag(FLAGS_kafka_config); !file.empty()) {
    auto settings = streams::kafka::ReadSettingsFile(file);
    if (!settings.ok()) return base::Annotate(settings.status(), Named("kafka_config"));
    RETURN_IF_ERROR(base::Annotate(streams::kafka::CheckOverrides(*settings), file));
    kafka.overrides = *std::move(settings);
  }
  for (const std::string& text : absl::GetFlag(FLAGS_kafka).all) {
    ASSIGN_OR_RETURN(const auto setting, streams::kafka::ParseSetting(text));
    kafka.overrides[setting.first] = setting.second;
  }
  RETURN_IF_ERROR(streams::kafka::CheckOverrides(kafka.overrides));
  return kafka;
}

absl::Status ReadLimits(streams::EngineConfig* engine) {
  ASSIGN_OR_RETURN(const int64_t interval, InRange(FLAGS_commit_interval_ms, 1, 60'000));
  ASSIGN_OR_RETURN(const int64_t floor, InRange(FLAGS_commit_floor_ms, 0, 60'000));
  engine->commit.interval = absl::Milliseconds(interval);
  engine->commit.floor = absl::Milliseconds(std::min(floor, interval));
  constexpr int64_t kMost = int64_t{1} << 40;
  ASSIGN_OR_RETURN(const int64_t cache, InRange(FLAGS_cache_bytes, 1'000'000, kMost));
  engine->cache_bytes = static_cast<size_t>(cache);
  ASSIGN_OR_RETURN(const int64_t keys, InRange(FLAGS_checkpoint_keys, 1, kMost));
  ASSIGN_OR_RETURN(const int64_t records, InRange(FLAGS_checkpoint_records, 1, kMost));
  ASSIGN_OR_RETURN(const int64_t every, InRange(FLAGS_checkpoint_interval_ms, 1, kMost));
  engine->checkpoint = {.keys = static_cast<size_t>(keys),
                        .records = static_cast<size_t>(records),
                        .interval = absl::Milliseconds(every)};
  return absl::OkStatus();
}

absl::StatusOr<std::optional<api::Address>> ReadHttpAddress() {
  const std::string text = absl::GetFlag(FLAGS_http_address);
  if (text.empty() || text == "off") return std::nullopt;
  auto address = api::ParseAddress(text);
  if (!address.ok()) return base::Annotate(address.status(), Named("http_address"));
  return *std::move(address);
}

absl::StatusOr<Settings> ReadSettings() {
  Settings settings;
  settings.engine.application_id = absl::GetFlag(FLAGS_application_id);
  RETURN_IF_ERROR(CheckName("application_id", settings.engine.application_id));
  ASSIGN_OR_RETURN(settings.kafka, ReadKafka());
  settings.topics = ReadTopics();
  RETURN_IF_ERROR(CheckTopics(settings.topics));
  RETURN_IF_ERROR(ReadLimits(&settings.engine));
  ASSIGN_OR_RETURN(const std::string guarantee,
                   OneOf(FLAGS_output_guarantee, {"exactly_once", "at_least_once"}));
  settings.engine.output_guarantee = guarantee == "exactly_once"
                                         ? streams::OutputGuarantee::kExactlyOnce
                                         : streams::OutputGuarantee::kAtLeastOnce;
  settings.engine.leave_group_on_stop = !settings.kafka.static_member;
  settings.topic_setup.application_id = settings.engine.application_id;
  settings.topic_setup.create_topics = absl::GetFlag(FLAGS_create_topics);
  ASSIGN_OR_RETURN(const int64_t partitions, InRange(FLAGS_state_partitions, 0, 10'000));
  settings.topic_setup.state_partitions = static_cast<int>(partitions);
  ASSIGN_OR_RETURN(const int64_t factor, InRange(FLAGS_replication_factor, -1, 100));
  if (factor == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(Named("replication_factor"), " is 0, allowed are -1 and 1 to 100"));
  }
  settings.topic_setup.replication_factor = static_cast<int>(factor);
  settings.topic_setup.changelog_history = absl::GetFlag(FLAGS_changelog_history);
  if (settings.topic_setup.changelog_history < absl::ZeroDuration() ||
      settings.topic_setup.changelog_history > absl::Hours(24 * 365)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Named("changelog_history"), " is ",
                     absl::FormatDuration(settings.topic_setup.changelog_history),
                     ", allowed are 0 to 8760h (a year)"));
  }
  settings.intake.environment = absl::GetFlag(FLAGS_environment);
  settings.state_dir = absl::GetFlag(FLAGS_state_dir);
  if (settings.state_dir.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(Named("state_dir"), " is empty, allowed is the path of a directory"));
  }
  ASSIGN_OR_RETURN(settings.log_level,
                   OneOf(FLAGS_log_level, {"debug", "info", "warning", "error"}));
  ASSIGN_OR_RETURN(settings.log_format, OneOf(FLAGS_log_format, {"text", "json"}));
  ASSIGN_OR_RETURN(settings.http_address, ReadHttpAddress());
  settings.kafka.statistics = settings.http_address.has_value();
  return settings;
}

}  // namespace

absl::StatusOr<std::string> OneOf(const absl::Flag<std::string>& flag,
                                  const std::vector<std::string>& allowed) {
  const std::string value = absl::GetFlag(flag);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  std::vector<std::string> shown;
  for (const std::string& one : allowed) {
    if (!one.empty()) shown.push_back(one);
  }
  return absl::InvalidArgumentError(absl::StrCat(Named(std::string(flag.Name())), " is \"", value,
                                                 "\", allowed are: ", absl::StrJoin(shown, ", ")));
}

absl::Status RefuseVariables(const std::string& own_flags_file) {
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (IsCommon(*flag) || !IsOurs(*flag, own_flags_file)) continue;
    const std::string own(name);
    if (InEnvironment(own) == nullptr) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "environment variable ", EnvironmentName(own), " is set: --", own,
        " is for one start, and a flag alone; as a variable it would be done at each start"));
  }
  return absl::OkStatus();
}

absl::Status CheckApplicationId(const std::string& flag, const std::string& id) {
  return CheckNameOf(flag, id);
}

absl::StatusOr<Settings> ParseSettings(int argc, char** argv, const std::string& own_flags_file,
                                       const std::string& usage) {
  // Also where some other setting is wrong.
  if (std::any_of(argv + 1, argv + argc, AsksForHelp)) {
    PrintHelp(own_flags_file, usage);
    std::exit(0);
  }
  RETURN_IF_ERROR(TakeEnvironment());
  RETURN_IF_ERROR(CheckArguments(argc, argv, own_flags_file));
  absl::ParseCommandLine(argc, argv);
  return ReadSettings();
}

}  // namespace tools
