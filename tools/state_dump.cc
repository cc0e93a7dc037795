// Shows the state: of a state directory, brought up to date from the changelogs, or of the
// changelogs alone. Changes nothing, there or in Kafka.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "tools/dump/diff.h"
#include "tools/dump/load.h"
#include "tools/dump/lookup.h"
#include "tools/dump/options.h"
#include "tools/dump/output.h"
#include "tools/dump/positions.h"
#include "tools/dump/printer.h"
#include "tools/dump/stats.h"
#include "tools/dump/verify.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

namespace {

using dump::Loader;
using dump::Options;
using dump::Output;

constexpr char kUsage[] =
    "state-dump: the parties and characters of an application, and where it stands.\n"
    "\n"
    "Takes the worker's settings (STATE_DIR, APPLICATION_ID, BOOTSTRAP_SERVERS, ...). Shows\n"
    "the local checkpoint brought up to date from the changelogs; --offline the checkpoint\n"
    "alone; --from_changelog the changelogs alone, now or --at a moment. By default all\n"
    "objects, or those of a --store, --tenant or --id; else what one of --party, --character,\n"
    "--stats, --positions, --verify and --diff says. Works beside a running worker, on a\n"
    "stopped one and on a copy, and changes nothing. Exit status 1: something differs, is not\n"
    "there or could not be read, and is named; 2: wrong settings.";

// Where the options get their objects from, in words.
std::string SideName(const Options& options, const std::string& state_dir) {
  switch (options.from) {
    case Options::From::kUpToDate:
      return state_dir + " and what came after its checkpoint";
    case Options::From::kCheckpoint:
      return state_dir + ", its checkpoint";
    case Options::From::kChangelogs:
      break;
  }
  return options.at.has_value() ? "changelog@" + ToString(*options.at) : "changelog";
}

// As --diff names it: "changelog", "changelog@POINT", or a state directory.
absl::StatusOr<dump::Side> OtherSide(Loader* loader, const Options& options) {
  constexpr char kAt[] = "changelog@";
  if (options.other == "changelog" || absl::StartsWith(options.other, kAt)) {
    std::optional<dump::Point> at;
    if (options.other != "changelog") {
      ASSIGN_OR_RETURN(at,
                       dump::ParsePoint(options.other.substr(sizeof kAt - 1), loader->stores()));
    }
    ASSIGN_OR_RETURN(auto sources, loader->FromChangelogs(at));
    return dump::Side{.name = options.other, .sources = std::move(sources)};
  }
  Options as_there;
  as_there.from =
      options.from == Options::From::kUpToDate ? options.from : Options::From::kCheckpoint;
  ASSIGN_OR_RETURN(auto sources, loader->Local(options.other, as_there.from));
  return dump::Side{.name = SideName(as_there, options.other), .sources = std::move(sources)};
}

absl::StatusOr<bool> Diff(Loader* loader, const Options& options, Output* output) {
  ASSIGN_OR_RETURN(dump::Side second, OtherSide(loader, options));
  ASSIGN_OR_RETURN(auto sources, loader->Load(options));
  const dump::Side first{.name = SideName(options, loader->settings().state_dir),
                         .sources = std::move(sources)};
  return dump::PrintDiff(loader->stores(), first, second, options, output) ==
         dump::DiffResult::kEqual;
}

// False: something differs, is not there or could not be read, and was named.
absl::StatusOr<bool> Run(Loader* loader, const Options& options, Output* output) {
  switch (options.what) {
    case Options::What::kPositions:
      RETURN_IF_ERROR(dump::PrintPositions(loader, options, output));
      return true;
    case Options::What::kVerify: {
      ASSIGN_OR_RETURN(const auto sources, loader->Checkpoints(loader->settings().state_dir));
      ASSIGN_OR_RETURN(streams::Broker * broker, loader->broker());
      return dump::Verify(loader->settings().engine.application_id, loader->stores(), *broker,
                          sources, options, output);
    }
    case Options::What::kDiff:
      return Diff(loader, options, output);
    case Options::What::kObjects:
    case Options::What::kParty:
    case Options::What::kCharacter:
    case Options::What::kStats:
      break;
  }
  ASSIGN_OR_RETURN(const auto sources, loader->Load(options));
  if (options.what == Options::What::kStats) {
    return dump::PrintStats(loader->stores(), sources, options, output);
  }
  dump::Printer printer(options.json, output);
  bool whole = true;
  if (options.what == Options::What::kObjects) {
    printer.Print(loader->stores(), sources, options.filter);
  } else {
    printer.NameFrom(sources);
    const auto print =
        options.what == Options::What::kParty ? dump::PrintParty : dump::PrintCharacter;
    ASSIGN_OR_RETURN(whole, print(loader->stores(), sources, options, &printer));
  }
  return whole && !printer.failed();
}

int Fail(const absl::Status& status, int exit_status) {
  dump::Complain(std::string(status.message()));
  return exit_status;
}

}  // namespace

int main(int argc, char** argv) {
  auto settings = tools::ParseSettings(argc, argv, dump::kFlagsFile, kUsage);
  if (!settings.ok()) return Fail(settings.status(), 2);
  const std::vector<std::string> stores =
      topology::PartyTopology(settings->topics, settings->intake).store_names();
  const auto options = dump::ReadOptions(stores);
  if (!options.ok()) return Fail(options.status(), 2);

  Loader loader(*std::move(settings), stores);
  Output output(options->style);
  const absl::StatusOr<bool> done = Run(&loader, *options, &output);
  const bool written = output.Flush();
  if (!done.ok()) return Fail(loader.NameKafka(done.status()), 1);
  return *done && written && !loader.found_damage() ? 0 : 1;
}
