// party-worker as it ships, between a broker and a disk at which it can be made to die:
// crash_points.h. `--list_points` prints the points. PARTY_WORKER_UNDECIDED=6s: for so long it
// waits until a changelog that is held up is the operator's, instead of a minute.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tests/crash/crash_points.h"
#include "tests/crash/crashing_broker.h"
#include "tests/crash/crashing_stores.h"
#include "tools/worker.h"

namespace {

class CrashingParts final : public tools::WorkerParts {
 public:
  CrashingParts(streams::Broker& kafka, state::BackendFactory& disk)
      : broker_(&kafka), stores_(&disk) {}
  streams::Broker& broker() override { return broker_; }
  state::BackendFactory& stores() override { return stores_; }
  void Change(streams::EngineConfig* config) override {
    const char* const undecided = std::getenv("PARTY_WORKER_UNDECIDED");
    if (undecided != nullptr && !absl::ParseDuration(undecided, &config->undecided)) std::abort();
  }

 private:
  crash::CrashingBroker broker_;
  crash::CrashingStores stores_;
};

void ListPoints() {
  for (const crash::PointInfo& info : crash::AllPoints()) {
    std::printf("%-20s %s\n", info.name, info.when);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--list_points") {
    ListPoints();
    return 0;
  }
  if (const absl::Status armed = crash::ArmPoints(); !armed.ok()) {
    std::fprintf(stderr, "crashing-party-worker: %s\n", std::string(armed.message()).c_str());
    return 2;
  }
  return tools::WorkerMain(argc, argv,
                           [](streams::Broker& kafka,
                              state::BackendFactory& disk) -> std::unique_ptr<tools::WorkerParts> {
                             return std::make_unique<CrashingParts>(kafka, disk);
                           });
}
