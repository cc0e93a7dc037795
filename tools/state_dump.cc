// Shows the stores of a state directory, brought up to date from the changelogs. Changes
// nothing, there or in Kafka.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "state/executor.h"
#include "state/state_directory.h"
#include "streams/error_kinds.h"
#include "streams/kafka/kafka_broker.h"
#include "tools/dump/catch_up.h"
#include "tools/dump/printer.h"
#include "tools/dump/source.h"
#include "tools/dump/verify.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

ABSL_FLAG(std::string, format, "table", "table, for people, or json: one object a line");
ABSL_FLAG(bool, offline, false, "show the local checkpoint alone, without asking Kafka");
ABSL_FLAG(bool, verify, false,
          "compare the local checkpoint with the changelogs, and all objects with the rules");

namespace {

constexpr char kUsage[] =
    "state-dump: the parties and characters in a worker's state directory.\n"
    "\n"
    "Takes the worker's settings (STATE_DIR, APPLICATION_ID, BOOTSTRAP_SERVERS, ...). Shows\n"
    "the local checkpoint brought up to date from the changelogs; --offline the checkpoint\n"
    "alone. --verify compares the two, and prints what differs, what was checked and what\n"
    "could not be. Works beside a running worker, and changes nothing. Exit status 1:\n"
    "something differs or could not be read, and is named; 2: wrong settings.";

absl::Status CheckFlags() {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "table" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("--format is \"", format, "\", allowed are: table, json"));
  }
  if (absl::GetFlag(FLAGS_verify) && absl::GetFlag(FLAGS_offline)) {
    return absl::InvalidArgumentError(
        "--verify compares with the changelogs, and --offline does without them: give one");
  }
  return absl::OkStatus();
}

// False: something differs or could not be decoded, and was named.
absl::StatusOr<bool> Run(tools::Settings settings) {
  const std::string& application_id = settings.engine.application_id;
  const std::string directory = state::ApplicationDirectory(settings.state_dir, application_id);
  const absl::Status ours = state::CheckInstanceFile(directory, application_id);
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
  ASSIGN_OR_RETURN(auto sources, dump::OpenSources(directory + "/stores", stores, &executor));
  const bool json = absl::GetFlag(FLAGS_format) == "json";
  if (absl::GetFlag(FLAGS_offline)) {
    std::fprintf(
        stderr, "state-dump: offline: the local checkpoint alone, %s\n",
        sources[0].replica->is_new() ? "and none has been made yet" : "without what came after it");
  } else {
    ASSIGN_OR_RETURN(const auto broker, streams::kafka::KafkaBroker::Create(settings.kafka));
    const auto asked = [&](const absl::Status& status) {
      if (!streams::IsWait(status)) return status;
      return base::Annotate(status, absl::StrCat("Kafka at ", settings.kafka.bootstrap_servers,
                                                 " (--offline does without)"));
    };
    if (absl::GetFlag(FLAGS_verify)) {
      const auto verified = dump::Verify(application_id, stores, *broker, sources, json);
      RETURN_IF_ERROR(asked(verified.status()));
      return verified;
    }
    RETURN_IF_ERROR(asked(dump::CatchUp(application_id, stores, *broker, &executor, &sources)));
  }
  dump::Printer printer(json);
  for (size_t i = 0; i < stores.size(); ++i) {
    RETURN_IF_ERROR(printer.Print(stores[i], state::StoreIndex(static_cast<uint8_t>(i)), sources));
  }
  return !printer.failed();
}

}  // namespace

int main(int argc, char** argv) {
  auto settings = tools::ParseSettings(argc, argv, "tools/state_dump.cc", kUsage);
  const absl::Status wrong = settings.ok() ? CheckFlags() : settings.status();
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
