#include "tests/kafka/own_kafka.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/kafka/broker_harness.h"

namespace streams {
namespace {

// Sessions as short as a test has time for; timed-out transactions are looked for, and logs
// are cleaned, without a pause. So no transaction may time out while this broker restarts: its
// markers would be lost (docs/decisions/0014-lost-markers.md).
constexpr char kSettings[] =
    " --set group.min.session.timeout.ms=500"
    " --set transaction.abort.timed.out.transaction.cleanup.interval.ms=200"
    " --set log.cleaner.backoff.ms=100";

// The output of a command; nothing where it fails.
std::string OutputOf(const std::string& command) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string output;
  char buffer[256];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) output += buffer;
  return pclose(pipe) == 0 ? output : "";
}

}  // namespace

void GiveUp(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

OwnKafka::OwnKafka() {
  std::string directory = (std::filesystem::temp_directory_path() / "party-test-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) GiveUp("there is no place for a broker");
  directory_ = directory;
  port_ = std::string(absl::StripAsciiWhitespace(
      OutputOf("/usr/bin/python3 -c 'import sys; sys.path.insert(0, \"" SOURCE_DIR
               "/tests/support\"); import ports; print(ports.free_for_a_broker())'")));
  servers_ = absl::StrCat("127.0.0.1:", port_);
  if (!Tool(absl::StrCat("start", kSettings))) GiveUp("the test's own broker does not start");
}

OwnKafka::~OwnKafka() {
  Tool("wipe");
  std::filesystem::remove_all(directory_);
}

void OwnKafka::Restart() {
  const bool killed = Tool("kill");
  absl::SleepFor(kOutage);
  if (!killed || !Tool("start")) GiveUp("the test's own broker does not start again");
}

bool OwnKafka::Tool(const std::string& command) const {
  return std::system(absl::StrCat(SOURCE_DIR "/tools/kafka ", command, " --dir ", directory_,
                                  "/kafka --port ", port_, " >&2")
                         .c_str()) == 0;
}

}  // namespace streams
