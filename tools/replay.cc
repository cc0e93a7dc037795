// Runs this version over inputs that are there; what it does is in tools/rebuild/replay.h.

#include "tools/rebuild/replay.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "tools/output.h"
#include "tools/settings.h"

ABSL_FLAG(std::string, from, "",
          "where to begin: earliest (the default), a time, or each input's position "
          "(topic-0@12,topic-0@7,...); not beside a --start_state that is a folder");
ABSL_FLAG(std::string, to, "",
          "where to end: latest, a time, or each input's position; by default latest, with "
          "--compare where the live state stands, with --into where the group has committed");
ABSL_FLAG(std::string, start_state, "",
          "an application's folder in a state directory, or a copy of one: begin with its state, "
          "at its positions; or a file of state-dump's JSON lines, with --from; empty: begin with "
          "empty stores");
ABSL_FLAG(std::string, output_dir, "",
          "write outputs and state into this directory, which must be empty or not there");
ABSL_FLAG(bool, compare, false, "hold state and outputs against what is live");
ABSL_FLAG(int64_t, show, 20, "so many differences of each store and topic (0 or more)");
ABSL_FLAG(std::string, into, "",
          "found the application of this id with the state, outputs suppressed");
ABSL_FLAG(std::string, lost_inputs, "",
          "skip: with --into, go on behind input records that are gone");

namespace {

constexpr char kUsage[] =
    "replay: runs this version of the party service over inputs that are there: the same\n"
    "topology and the same merge as the worker, without touching the application's topics\n"
    "and offsets.\n"
    "\n"
    "Takes the worker's settings. Without a flag it counts what comes of the inputs.\n"
    "--output_dir writes outputs and state into files. --compare tells what this version\n"
    "makes of the inputs that the live application has processed, and how it differs.\n"
    "--into rebuilds a lost state under another application id: a worker of that id goes on\n"
    "from there. Exit status 1: there are differences, or it could not be done, and why; 2:\n"
    "wrong settings.";

absl::Status ReadPoint(const absl::Flag<std::string>& flag, const char* name,
                       std::optional<tools::InputPoint>* point) {
  const std::string text = absl::GetFlag(flag);
  if (text.empty()) return absl::OkStatus();
  auto parsed = tools::ParseInputPoint(text);
  if (!parsed.ok()) return base::Annotate(parsed.status(), name);
  *point = *std::move(parsed);
  return absl::OkStatus();
}

absl::Status TakeLostInputs(tools::Settings* settings) {
  ASSIGN_OR_RETURN(const std::string lost, tools::OneOf(FLAGS_lost_inputs, {"", "skip"}));
  settings->engine.choices.skip_lost_inputs = lost == "skip";
  return absl::OkStatus();
}

absl::StatusOr<tools::ReplayRequest> ReadRequest(const tools::Settings& settings) {
  tools::ReplayRequest request{.from = std::nullopt,
                               .to = std::nullopt,
                               .start_state = absl::GetFlag(FLAGS_start_state),
                               .output_dir = absl::GetFlag(FLAGS_output_dir),
                               .into = absl::GetFlag(FLAGS_into),
                               .compare = absl::GetFlag(FLAGS_compare),
                               .shown = absl::GetFlag(FLAGS_show)};
  RETURN_IF_ERROR(ReadPoint(FLAGS_from, "--from", &request.from));
  RETURN_IF_ERROR(ReadPoint(FLAGS_to, "--to", &request.to));
  const bool lines = tools::IsLines(request.start_state);
  if (request.from.has_value() && !request.start_state.empty() && !lines) {
    return absl::InvalidArgumentError(
        "--from and --start_state: a state begins at the positions that it includes; give one");
  }
  if (lines && !request.from.has_value()) {
    return absl::InvalidArgumentError(
        "--start_state is a file, which does not say where in the inputs it was taken: --from "
        "must");
  }
  if (request.compare && !request.into.empty()) {
    return absl::InvalidArgumentError("--compare and --into: give one");
  }
  if (request.shown < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--show is ", request.shown, ", allowed is 0 or more"));
  }
  if (request.into.empty()) return request;
  RETURN_IF_ERROR(tools::CheckApplicationId("--into", request.into));
  if (request.into == settings.engine.application_id) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--into is \"", request.into, "\", which is the application itself; allowed is a new id"));
  }
  return request;
}

}  // namespace

int main(int argc, char** argv) {
  if (!base::SetUpLogging("error").ok()) return 2;  // dead letters are among what it writes
  auto settings = tools::ParseSettings(argc, argv, "tools/replay.cc", kUsage);
  if (settings.ok()) {
    if (const absl::Status lost = TakeLostInputs(&*settings); !lost.ok()) settings = lost;
  }
  const absl::StatusOr<tools::ReplayRequest> request =
      settings.ok() ? ReadRequest(*settings) : settings.status();
  if (!request.ok()) {
    std::fprintf(stderr, "replay: %s\n", std::string(request.status().message()).c_str());
    return 2;
  }
  tools::Output output("replay");
  output.set_status(1);  // a reader that goes away ends it before it is done
  const auto equal = tools::Replay(*settings, *request, &output);
  const bool written = output.Flush();
  if (equal.ok()) return *equal && written ? 0 : 1;
  const absl::Status wrong = tools::NameKafka(equal.status(), *settings);
  std::fprintf(stderr, "replay: %s\n", std::string(wrong.message()).c_str());
  return 1;
}
