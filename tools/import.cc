// Founds an application with a state that comes as JSON lines. The lines are read and checked
// in tools/rebuild/state_lines.h, the application is founded in tools/rebuild/founding.h.

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "tools/output.h"
#include "tools/rebuild/connection.h"
#include "tools/rebuild/founding.h"
#include "tools/rebuild/input_point.h"
#include "tools/rebuild/state_lines.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

ABSL_FLAG(std::string, file, "", "the lines; empty: from standard input");
ABSL_FLAG(std::string, start_at, "",
          "where in the inputs the application begins: latest, earliest, a time, or each input's "
          "position (topic-0@12,topic-0@7,...). There is no default");
ABSL_FLAG(bool, check, false, "read and check the lines only; asks no Kafka");

namespace {

constexpr char kUsage[] =
    "import: founds an application with the characters and parties that come as JSON lines, as\n"
    "state-dump --format json prints them: for backups, and for those who come from another\n"
    "party service.\n"
    "\n"
    "Takes the worker's settings; APPLICATION_ID must be new. All lines are checked first:\n"
    "each by itself, and against the rules (1 to 6 members, the leader one of them, members and\n"
    "parties that know of each other, ids below the tenant's next one). If any is wrong,\n"
    "nothing is written. A worker of that id then starts without any flag, and begins at\n"
    "--start_at: where the state was taken. Exit status 1: lines are wrong, or it could not be\n"
    "done, and why; 2: wrong settings.";

constexpr size_t kMostShown = 20;

struct Request {
  tools::InputPoint start_at;
  std::string file;
  bool check = false;
};

absl::StatusOr<Request> ReadRequest() {
  Request request{
      .start_at = {}, .file = absl::GetFlag(FLAGS_file), .check = absl::GetFlag(FLAGS_check)};
  const std::string start_at = absl::GetFlag(FLAGS_start_at);
  if (start_at.empty() && !request.check) {
    return absl::InvalidArgumentError(
        "--start_at is wanted: where in the inputs was the state taken? latest, where nothing was "
        "written to them since the other service stopped; the time at which it stopped; each "
        "input's position; earliest, where the inputs hold only what came after it");
  }
  if (!start_at.empty()) {
    auto point = tools::ParseInputPoint(start_at);
    if (!point.ok()) return base::Annotate(point.status(), "--start_at");
    request.start_at = *std::move(point);
  }
  if (request.file.empty() && ::isatty(STDIN_FILENO) != 0) {
    return absl::InvalidArgumentError(
        "--file is empty and standard input is a terminal: where are the lines?");
  }
  return request;
}

absl::Status ReadLines(const std::string& path, tools::StateLines* lines) {
  std::ifstream file;
  std::error_code error;
  int64_t size = 0;
  if (!path.empty()) {
    file.open(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path, error)) {
      return absl::NotFoundError(absl::StrCat("cannot read --file ", path));
    }
    if (std::filesystem::is_regular_file(path, error)) {
      size = static_cast<int64_t>(std::filesystem::file_size(path, error));
    }
  }
  std::istream& in = path.empty() ? std::cin : file;
  tools::Progress progress("reading the lines (bytes)", size);
  lines->Read(in, &progress);
  if (in.bad()) return absl::InternalError("the lines could not be read to their end");
  progress.Finish();
  return absl::OkStatus();
}

absl::Status CheckLines(tools::StateLines* lines, tools::Output* output) {
  const std::vector<std::string> wrong = lines->Check();
  for (size_t i = 0; i < std::min(wrong.size(), kMostShown); ++i) {
    std::fprintf(stderr, "import: %s\n", wrong[i].c_str());
  }
  if (wrong.size() > kMostShown) {
    std::fprintf(stderr, "import: ... and %zu more\n", wrong.size() - kMostShown);
  }
  if (!wrong.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(wrong.size(), wrong.size() == 1 ? " thing is" : " things are",
                     " wrong; nothing was written"));
  }
  if (lines->objects() == 0) {
    return absl::FailedPreconditionError("there are no lines; nothing was written");
  }
  output->Line(absl::StrCat(
      lines->state().characters.size(), " characters, ", lines->state().parties.size(),
      " parties, ", lines->state().sequences.size(), " tenants' sequences: all keep the rules"));
  return absl::OkStatus();
}

absl::Status Run(const tools::Settings& settings, const Request& request, tools::Output* output) {
  tools::StateLines lines;
  RETURN_IF_ERROR(ReadLines(request.file, &lines));
  RETURN_IF_ERROR(CheckLines(&lines, output));
  if (request.check) return absl::OkStatus();
  output->set_status(1);
  if (!output->Flush()) return absl::InternalError("nothing was written to Kafka");
  const streams::Topology topology = topology::PartyTopology(settings.topics, settings.intake);
  ASSIGN_OR_RETURN(const tools::Connection kafka, tools::Connection::Open(settings, "import"));
  RETURN_IF_ERROR(tools::CheckIsNew(settings, topology, kafka));
  ASSIGN_OR_RETURN(
      const tools::Ranges inputs,
      tools::InputRanges(tools::InputsOf(topology), kafka, settings.topic_setup.create_topics));
  ASSIGN_OR_RETURN(const streams::InputPositions positions,
                   tools::Resolve(request.start_at, inputs, kafka));
  RETURN_IF_ERROR(tools::Found(settings, topology, kafka,
                               {.content = lines.Content(topology.store_names()),
                                .objects = lines.objects(),
                                .positions = positions}));
  output->set_status(0);
  output->Line(absl::StrCat("done: a worker with APPLICATION_ID=", settings.engine.application_id,
                            " begins at ", tools::ToString(positions)));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = tools::ParseSettings(argc, argv, "tools/import.cc", kUsage);
  const absl::StatusOr<Request> request = settings.ok() ? ReadRequest() : settings.status();
  if (!request.ok()) {
    std::fprintf(stderr, "import: %s\n", std::string(request.status().message()).c_str());
    return 2;
  }
  tools::Output output("import");
  const absl::Status done = tools::NameKafka(Run(*settings, *request, &output), *settings);
  const bool written = output.Flush();
  if (done.ok()) return written ? 0 : 1;
  std::fprintf(stderr, "import: %s\n", std::string(done.message()).c_str());
  return 1;
}
