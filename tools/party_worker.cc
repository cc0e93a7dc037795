// The worker: sets up, runs the stream thread until it is told to stop.

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/uuid.h"
#include "base/waiting_line.h"
#include "state/executor.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "state/state_directory.h"
#include "streams/kafka/kafka_broker.h"
#include "streams/replicas.h"
#include "streams/stream_thread.h"
#include "streams/topic_setup.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

namespace {

constexpr char kUsage[] =
    "party-worker: the party service of an online game, as a stream processor on Kafka.\n"
    "\n"
    "Consumes party commands, character status events and invite status events; keeps\n"
    "parties and characters in a local store that its changelog topics can rebuild;\n"
    "announces what happened, exactly once. Runs until SIGTERM or SIGINT: then it commits,\n"
    "writes its state to disk and exits with 0. Exit status 1: it has stopped for a reason\n"
    "that it names; 2: wrong settings.";

constexpr absl::Duration kStopTimeout = absl::Seconds(4);
// What hangs in a call to a broker that is gone must not hold up the stop: nothing that is
// committed can be lost by it.
constexpr absl::Duration kLastResort = absl::Seconds(4);

// SIGTERM and SIGINT, taken by a thread of their own.
class StopSignal {
 public:
  // What that thread does before it ends the process because the stop takes too long; until
  // this object is gone.
  class AtLast {
   public:
    AtLast(StopSignal* stop, std::function<void()> act) : stop_(stop) {
      stop_->Arm(std::move(act));
    }
    ~AtLast() { stop_->Arm(nullptr); }
    AtLast(const AtLast&) = delete;
    AtLast& operator=(const AtLast&) = delete;

   private:
    StopSignal* stop_;
  };

  StopSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::thread([this] { Wait(); });
  }
  ~StopSignal() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    changed_.notify_all();
    pthread_kill(waiter_.native_handle(), SIGTERM);
    waiter_.join();
  }

  // The exit status where the process has to be ended by that thread.
  void set_status_at_last(int status) { status_at_last_ = status; }

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

 private:
  void Arm(std::function<void()> at_last) {
    const std::lock_guard lock(mutex_);
    at_last_ = std::move(at_last);
  }

  void Wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
    std::unique_lock lock(mutex_);
    if (finished_) return;
    base::Log(base::LogLevel::kInfo, "stopping",
              {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    stopped_.store(true, std::memory_order_relaxed);
    if (changed_.wait_for(lock, absl::ToChronoMilliseconds(kLastResort),
                          [this] { return finished_; })) {
      return;
    }
    if (at_last_) at_last_();
    base::Log(base::LogLevel::kWarning,
              "stopped while a call did not return; what was open is done again after the start");
    _exit(status_at_last_);
  }

  sigset_t signals_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> status_at_last_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
  std::function<void()> at_last_;
  std::thread waiter_;
};

bool IsWait(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

absl::StatusOr<streams::TopicsFound> WaitForTopics(const streams::Topology& topology,
                                                   const streams::TopicSetup& setup,
                                                   streams::Admin& admin, const StopSignal& stop) {
  base::WaitingLine line(base::SystemClock(), base::LogLevel::kWarning);
  while (!stop.stopped()) {
    auto found = streams::SetUpTopics(topology, setup, admin);
    if (found.ok() || !IsWait(found.status())) return found;
    line.Say(found.status());
    absl::SleepFor(absl::Milliseconds(200));
  }
  return absl::CancelledError("stopped");
}

// A dead letter must fit its topic, with room for the record's own framing.
size_t LargestDeadLetter(const std::string& topic, streams::Admin& admin) {
  constexpr size_t kFraming = 2'000;
  size_t largest = 1'000'000;
  const auto settings = admin.TopicSettings(topic, absl::Seconds(5));
  if (settings.ok() && settings->contains("max.message.bytes")) {
    size_t bytes = 0;
    if (absl::SimpleAtoi(settings->at("max.message.bytes"), &bytes)) largest = bytes;
  }
  return largest > 2 * kFraming ? largest - kFraming : largest / 2;
}

void LogCounters(const base::Metrics& metrics) {
  for (const base::Metrics::Sample& sample : metrics.Snapshot()) {
    if (sample.value == 0) continue;
    base::Log(base::LogLevel::kInfo, "count", {{"name", sample.name}, {"value", sample.value}});
  }
}

absl::Status Run(tools::Settings settings, StopSignal& stop) {
  ASSIGN_OR_RETURN(const auto directory,
                   state::StateDirectory::Open(settings.state_dir, settings.engine.application_id));
  settings.engine.member_id = absl::StrCat("0-", directory->instance_id());
  settings.kafka.member_id = settings.engine.member_id;
  settings.kafka.process_nonce = base::ToString(base::RandomUuid()).substr(0, 8);
  base::Log(base::LogLevel::kInfo, "party-worker",
            {{"application_id", settings.engine.application_id},
             {"instance_id", directory->instance_id()},
             {"state_dir", settings.state_dir},
             {"bootstrap_servers", settings.kafka.bootstrap_servers}});

  ASSIGN_OR_RETURN(const auto broker, streams::kafka::KafkaBroker::Create(settings.kafka));
  state::RocksDbBackendFactory stores(directory->stores_path(), state::RocksDbOptions{});
  ASSIGN_OR_RETURN(settings.topic_setup.has_local_state, stores.Exists("0"));
  const auto found = WaitForTopics(topology::PartyTopology(settings.topics, settings.intake),
                                   settings.topic_setup, broker->admin(), stop);
  if (absl::IsCancelled(found.status())) return absl::OkStatus();
  RETURN_IF_ERROR(found.status());
  settings.engine.tombstone_retention = found->tombstone_retention;
  settings.intake.largest_dead_letter =
      LargestDeadLetter(settings.topics.dead_letters, broker->admin());

  const streams::Topology topology = topology::PartyTopology(settings.topics, settings.intake);
  state::BackgroundExecutor executor;
  streams::Replicas replicas(&stores, topology.store_names(), &executor);
  base::Metrics metrics;
  streams::StreamThread thread(topology, settings.engine, *broker, replicas, base::SystemClock(),
                               metrics);
  const auto put_down = [](const absl::Status& checkpoint) {
    if (checkpoint.ok()) return;
    base::Log(base::LogLevel::kError, "the last checkpoint failed; the next start reads more",
              {{"why", checkpoint.message()}});
  };
  const StopSignal::AtLast at_last(&stop, [&] {
    broker->standstill().Use([&] { put_down(thread.CheckpointNow()); });
    put_down(replicas.CheckpointParked());
  });
  absl::Status stopped;
  while (stopped.ok() && !stop.stopped()) stopped = thread.RunOnce();
  if (stopped.ok()) {
    stopped = thread.Stop(kStopTimeout);
  } else {
    // Before anything that could hang.
    base::Log(base::LogLevel::kError, "stopping", {{"why", stopped.message()}});
    stop.set_status_at_last(1);
    thread.Leave(kStopTimeout);
  }
  // After a restart of the thread its replica is parked.
  put_down(replicas.CheckpointParked());
  LogCounters(metrics);
  return stopped;
}

}  // namespace

int main(int argc, char** argv) {
  auto settings = tools::ParseSettings(argc, argv, "tools/party_worker.cc", kUsage);
  if (!settings.ok()) {
    std::fprintf(stderr, "party-worker: %s\n", std::string(settings.status().message()).c_str());
    return 2;
  }
  if (const absl::Status set_up = base::SetUpLogging(settings->log_level); !set_up.ok()) return 2;
  StopSignal stop;
  if (const absl::Status outcome = Run(*std::move(settings), stop); !outcome.ok()) {
    base::Log(base::LogLevel::kError, "stopped", {{"why", outcome.message()}});
    return 1;
  }
  base::Log(base::LogLevel::kInfo, "stopped");
  return 0;
}
