#include "tools/watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "api/health.h"
#include "api/process_metrics.h"
#include "api/prometheus_text.h"
#include "base/clock.h"
#include "base/log.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "streams/kafka/kafka_broker.h"
#include "streams/kafka/reachability.h"

namespace tools {
namespace {

constexpr char kPrefix[] = "party_worker_";
constexpr base::MetricName kBuildInfo{
    "build_info", "1, with the versions of the worker and of the libraries that it runs on."};
constexpr base::MetricName kLastTurn{"last_turn_age_seconds",
                                     "How long ago the stream thread has begun its last turn."};
constexpr base::MetricName kUnreachable{
    "unreachable_brokers",
    "Brokers that could not be reached when they were tried last, or have left a request without "
    "an answer for 10 seconds."};

// What is known only when it is asked for.
void AddPresent(const streams::ThreadStatus& status, base::MetricSnapshot* snapshot) {
  const absl::Duration stood = base::SystemClock().Elapsed() - status.last_turn();
  snapshot->AddGauge(kLastTurn, {}, absl::ToDoubleSeconds(stood));
  snapshot->AddGauge(kUnreachable, {},
                     static_cast<double>(streams::kafka::UnreachableBrokers().size()));
}

std::vector<api::Page> Pages(const base::Metrics& metrics, const streams::ThreadStatus& status,
                             std::string topology) {
  const auto figures = [&metrics, &status] {
    base::MetricSnapshot snapshot = metrics.Snapshot();
    AddPresent(status, &snapshot);
    api::Reply reply;
    reply.content_type = api::kPrometheusContentType;
    reply.body = api::PrometheusText(kPrefix, snapshot) +
                 api::PrometheusText(/*prefix=*/"", api::ProcessMetrics());
    return reply;
  };
  const auto live = [&status] { return api::Live(status, base::SystemClock().Elapsed()); };
  const auto ready = [&status] {
    return api::Ready(status, base::SystemClock().Elapsed(), streams::kafka::UnreachableBrokers());
  };
  const auto description = [topology = std::move(topology)] {
    api::Reply reply;
    reply.body = topology;
    return reply;
  };
  return {
      {.path = "/metrics", .about = "figures, for Prometheus", .make = figures},
      {.path = "/health/live", .about = "200 while the worker turns, else 503", .make = live},
      {.path = "/health/ready",
       .about = "200 when all assigned tasks run, else 503 and why",
       .make = ready},
      {.path = "/topology", .about = "sources, processors, stores and sinks", .make = description},
  };
}

}  // namespace

absl::StatusOr<std::unique_ptr<api::HttpServer>> Watch(const Settings& settings,
                                                       const base::Metrics& metrics,
                                                       const streams::ThreadStatus& status,
                                                       std::string topology) {
  if (!settings.http_address.has_value()) return nullptr;
  auto server =
      api::HttpServer::Start(*settings.http_address, Pages(metrics, status, std::move(topology)));
  if (!server.ok()) {
    return absl::UnavailableError(absl::StrCat(
        "--http_address: ", std::string(server.status().message()),
        ". Each worker of a machine needs one of its own; port 0 takes any that is free, and "
        "--http_address=off does without"));
  }
  base::Log(base::LogLevel::kInfo, "metrics and health are shown",
            {{"at", absl::StrCat("http://", (*server)->address(), "/")}});
  return *std::move(server);
}

std::string Versions() {
  return absl::StrCat("party-worker ", PARTY_WORKER_VERSION, ", librdkafka ",
                      streams::kafka::LibraryVersion(), ", RocksDB ", state::RocksDbVersion());
}

void AddBuildInfo(base::Metrics& metrics) {
  metrics
      .GetGauge(kBuildInfo, {{"version", PARTY_WORKER_VERSION},
                             {"librdkafka", streams::kafka::LibraryVersion()},
                             {"rocksdb", state::RocksDbVersion()}})
      .Set(1);
}

}  // namespace tools
