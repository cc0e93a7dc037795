// Takes an application back to a point of its inputs; what it does is in
// tools/rebuild/application_reset.h.

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "tools/moment.h"
#include "tools/output.h"
#include "tools/rebuild/application_reset.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

ABSL_FLAG(bool, execute, false, "do it; without, it is only shown");
ABSL_FLAG(bool, to_earliest, false, "begin at the inputs' earliest records; the default");
ABSL_FLAG(bool, to_latest, false, "begin behind the inputs' last records");
ABSL_FLAG(std::string, to_datetime, "",
          "begin at the first records of this time, 2026-11-24T10:00:00Z, or later");
ABSL_FLAG(std::string, by_duration, "",
          "begin at the first records of so long ago, 36h or 90m, or later");
ABSL_FLAG(std::string, to_offset, "",
          "begin at each input's position: topic-0@12,topic-0@7,... as the worker's log has them");
ABSL_FLAG(bool, delete_local_state, false, "delete the stores in STATE_DIR, too");

namespace {

constexpr char kUsage[] =
    "reset: takes an application back to where it has processed nothing: the counterpart of\n"
    "Kafka Streams' application reset tool.\n"
    "\n"
    "Takes the worker's settings (APPLICATION_ID, BOOTSTRAP_SERVERS, STATE_DIR, the topics).\n"
    "Shows what there is and what would change: the group's offsets, the internal topics,\n"
    "the local state. --execute does it, where the group has no members. Parties and\n"
    "characters are forgotten; a worker then starts without any flag, and begins at the\n"
    "earliest records or where one of the --to_... flags says. Inputs and outputs stay.\n"
    "Exit status 1: it could not be done, and why; 2: wrong settings.";

// What was asked for, by flag; at most one.
absl::StatusOr<tools::InputPoint> ReadPoint() {
  std::vector<std::pair<std::string, std::string>> given;  // flag, point
  if (absl::GetFlag(FLAGS_to_earliest)) given.emplace_back("--to_earliest", "earliest");
  if (absl::GetFlag(FLAGS_to_latest)) given.emplace_back("--to_latest", "latest");
  const std::string time = absl::GetFlag(FLAGS_to_datetime);
  if (!time.empty()) given.emplace_back("--to_datetime", time);
  const std::string duration = absl::GetFlag(FLAGS_by_duration);
  if (!duration.empty()) given.emplace_back("--by_duration", duration);
  const std::string offsets = absl::GetFlag(FLAGS_to_offset);
  if (!offsets.empty()) given.emplace_back("--to_offset", offsets);
  if (given.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(given[0].first, " and ", given[1].first, " say different things; give one"));
  }
  if (given.empty()) return tools::ParseInputPoint("earliest");
  const auto& [flag, text] = given[0];
  if (flag == "--by_duration") {
    absl::Duration ago;
    if (!absl::ParseDuration(text, &ago) || ago < absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " is \"", text, "\", allowed is a duration like 36h or 90m"));
    }
    return tools::InputPoint{.kind = tools::InputPoint::Kind::kTime,
                             .time = base::Timestamp(absl::ToUnixMillis(absl::Now() - ago)),
                             .positions = {}};
  }
  absl::StatusOr<tools::InputPoint> point = tools::ParseInputPoint(text);
  if (!point.ok()) return base::Annotate(point.status(), flag);
  const bool fits = (flag == "--to_datetime") == (point->kind == tools::InputPoint::Kind::kTime) &&
                    (flag == "--to_offset") == (point->kind == tools::InputPoint::Kind::kOffsets);
  if (!fits) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " is \"", text, "\", allowed is ",
                     flag == "--to_datetime" ? tools::kTimes
                                             : "each input's position, topic-0@12,topic-0@7,..."));
  }
  return point;
}

absl::Status Run(const tools::Settings& settings, const tools::InputPoint& to,
                 tools::Output* output) {
  ASSIGN_OR_RETURN(const tools::Connection kafka, tools::Connection::Open(settings, "reset"));
  const streams::Topology topology = topology::PartyTopology(settings.topics, settings.intake);
  ASSIGN_OR_RETURN(
      const tools::ResetPlan plan,
      tools::PlanReset(settings, topology, to, absl::GetFlag(FLAGS_delete_local_state), kafka));
  output->Text(tools::Describe(plan));
  if (!tools::IsThere(plan)) {
    output->Line(absl::StrCat(
        "there is nothing of application ", plan.application_id, " at ",
        settings.kafka.bootstrap_servers,
        ": no group with offsets of these inputs, no\ninternal topics, no local state. Is ",
        "APPLICATION_ID what its workers have?"));
  }
  const absl::Status may = tools::CheckReset(plan, settings.kafka.session_timeout);
  if (!absl::GetFlag(FLAGS_execute)) {
    output->Line("dry run: nothing was changed. --execute does it");
    if (!may.ok()) {
      output->Line(absl::StrCat("as things are it would be refused: ", may.message()));
    }
    return absl::OkStatus();
  }
  // What nobody can have seen is not done.
  output->set_status(1);
  if (!output->Flush()) return absl::InternalError("nothing was changed");
  RETURN_IF_ERROR(may);
  RETURN_IF_ERROR(tools::ExecuteReset(settings, topology, plan, kafka));
  output->set_status(0);
  output->Line(tools::IsThere(plan) || !plan.to_earliest
                   ? "done: a worker starts without any flag, with empty stores"
                   : "there was nothing to do");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = tools::ParseSettings(argc, argv, "tools/reset.cc", kUsage);
  const absl::StatusOr<tools::InputPoint> to = settings.ok() ? ReadPoint() : settings.status();
  if (!to.ok()) {
    std::fprintf(stderr, "reset: %s\n", std::string(to.status().message()).c_str());
    return 2;
  }
  tools::Output output("reset");
  const absl::Status done = tools::NameKafka(Run(*settings, *to, &output), *settings);
  const bool written = output.Flush();
  if (done.ok()) return written ? 0 : 1;
  std::fprintf(stderr, "reset: %s\n", std::string(done.message()).c_str());
  return 1;
}
