// The worker: sets up, and runs the stream thread until it is told to stop.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "state/backend.h"
#include "streams/broker.h"
#include "tools/settings.h"
#include "tools/stop_signal.h"

namespace tools {

// Kafka and the disk as the engine sees them. For tests, which put something between.
class WorkerParts {
 public:
  virtual ~WorkerParts() = default;
  virtual streams::Broker& broker() = 0;
  virtual state::BackendFactory& stores() = 0;
  // What no flag sets.
  virtual void Change(streams::EngineConfig*) {}
};
using WrapParts = std::function<std::unique_ptr<WorkerParts>(streams::Broker& kafka,
                                                             state::BackendFactory& disk)>;

// Runs until `stop`: then commits, writes the state to disk, and returns OK. An error says
// why it has stopped by itself; nothing is lost by it. The log's last line says the same.
absl::Status RunWorker(Settings settings, StopSignal& stop, const WrapParts& wrap = nullptr);

// A whole main(): settings, logging, signals, RunWorker. Returns the exit status: 0 stopped
// as told, 1 for a reason that it has logged, 2 wrong settings.
int WorkerMain(int argc, char** argv, const WrapParts& wrap = nullptr);

}  // namespace tools
