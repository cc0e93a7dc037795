// The HTTP server, what it says of a worker's health, and figures as Prometheus reads them.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/address.h"
#include "api/health.h"
#include "api/http_server.h"
#include "api/process_metrics.h"
#include "api/prometheus_text.h"
#include "base/metrics.h"

namespace api {
namespace {

// ------------------------------------------------------------------- addresses

TEST(AddressTest, HostAndPort) {
  const auto address = ParseAddress("127.0.0.1:9464");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_EQ(address->port, 9464);
  EXPECT_EQ(ToString(*ParseAddress("[::1]:0")), "[::1]:0");
  EXPECT_EQ(ParseAddress("[::1]:0")->host, "::1");
}

TEST(AddressTest, WhatIsNoneIsNamed) {
  for (const char* text : {"9464", ":9464", "localhost", "localhost:", "localhost:x", "::1:9464",
                           "localhost:65536", "localhost:-1", "[]:1"}) {
    const auto address = ParseAddress(text);
    EXPECT_FALSE(address.ok()) << text;
    EXPECT_TRUE(absl::StrContains(address.status().message(), text));
  }
}

// ---------------------------------------------------------------------- server

// The whole answer, to a request line and no headers but one.
std::string Ask(const std::string& address, const std::string& method, const std::string& path) {
  const auto parsed = *ParseAddress(address);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(parsed.port));
  inet_pton(AF_INET, parsed.host.c_str(), &to.sin_addr);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  const std::string request = absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(write(connection, request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char bytes[4096];
  ssize_t count = 0;
  while ((count = read(connection, bytes, sizeof(bytes))) > 0) {
    answer.append(bytes, static_cast<size_t>(count));
  }
  close(connection);
  return answer;
}

std::vector<Page> OnePage() {
  return {{.path = "/page", .about = "a page", .make = [] {
             Reply reply;
             reply.status = 503;
             reply.body = "not yet\n";
             return reply;
           }}};
}

TEST(HttpServerTest, GivesItsPagesAndListsThem) {
  const auto server = *HttpServer::Start({"127.0.0.1", 0}, OnePage());
  const std::string page = Ask(server->address(), "GET", "/page");
  EXPECT_TRUE(absl::StartsWith(page, "HTTP/1.1 503 ")) << page;
  EXPECT_TRUE(absl::EndsWith(page, "\r\n\r\nnot yet\n")) << page;
  const std::string list = Ask(server->address(), "GET", "/");
  EXPECT_TRUE(absl::StartsWith(list, "HTTP/1.1 200 ")) << list;
  EXPECT_TRUE(absl::EndsWith(list, "\r\n\r\n/page  a page\n")) << list;
  EXPECT_TRUE(absl::StartsWith(Ask(server->address(), "GET", "/other"), "HTTP/1.1 404 "));
  EXPECT_TRUE(absl::StartsWith(Ask(server->address(), "GET", "/../page"), "HTTP/1.1 404 "));
  EXPECT_TRUE(absl::StartsWith(Ask(server->address(), "DELETE", "/page"), "HTTP/1.1 404 "));
}

TEST(HttpServerTest, HeadIsGetWithoutItsBody) {
  const auto server = *HttpServer::Start({"127.0.0.1", 0}, OnePage());
  const std::string head = Ask(server->address(), "HEAD", "/page");
  EXPECT_TRUE(absl::StartsWith(head, "HTTP/1.1 503 ")) << head;
  EXPECT_TRUE(absl::StrContains(head, "Content-Length: 8\r\n")) << head;
  EXPECT_TRUE(absl::EndsWith(head, "\r\n\r\n")) << head;
}

TEST(HttpServerTest, AnAddressInUseIsRefused) {
  const auto first = *HttpServer::Start({"127.0.0.1", 0}, OnePage());
  const auto second = HttpServer::Start(*ParseAddress(first->address()), OnePage());
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(absl::StrContains(second.status().message(), first->address())) << second.status();
  EXPECT_TRUE(absl::StrContains(second.status().message(), "in use")) << second.status();
}

TEST(HttpServerTest, AnAddressOfAnotherMachineIsRefused) {
  EXPECT_FALSE(HttpServer::Start({"192.0.2.1", 0}, OnePage()).ok());
  EXPECT_FALSE(HttpServer::Start({"no-such-host.invalid", 1}, OnePage()).ok());
}

// Its port is free again at once, though connections to it have just ended.
TEST(HttpServerTest, StartsAgainWhereOneHasStopped) {
  auto server = *HttpServer::Start({"127.0.0.1", 0}, OnePage());
  const std::string address = server->address();
  Ask(address, "GET", "/page");
  server.reset();
  const auto again = HttpServer::Start(*ParseAddress(address), OnePage());
  EXPECT_TRUE(again.ok()) << again.status();
}

// ---------------------------------------------------------------------- health

using streams::ThreadStatus;

TEST(HealthTest, LiveWhileTheLoopTurns) {
  ThreadStatus status;
  status.Turned(absl::Minutes(10));
  EXPECT_EQ(Live(status, absl::Minutes(10)).status, 200);
  EXPECT_EQ(Live(status, absl::Minutes(14)).status, 200) << "in a call to a broker";
  const Reply dead = Live(status, absl::Minutes(15));
  EXPECT_EQ(dead.status, 503);
  EXPECT_EQ(dead.body, "not live: the stream thread's last turn was 300.0 s ago\n");
}

TEST(HealthTest, ReadyWhenAllThatIsAssignedRuns) {
  ThreadStatus status;
  const auto ready = [&] { return Ready(status, absl::Seconds(1), {}); };
  EXPECT_EQ(ready().status, 503);
  status.Set(ThreadStatus::Phase::kRestoring, "restoring 43 %");
  EXPECT_EQ(ready().status, 503);
  EXPECT_EQ(ready().body, "not ready: restoring 43 %\n");
  status.Set(ThreadStatus::Phase::kRunning, "state partition 0");
  EXPECT_EQ(ready().status, 200);
  EXPECT_EQ(ready().body, "ready: state partition 0\n");
  status.Set(ThreadStatus::Phase::kIdle, "another worker has the partitions");
  EXPECT_EQ(ready().status, 200);
  status.Set(ThreadStatus::Phase::kStopping, "stopping");
  EXPECT_EQ(ready().status, 503);
}

TEST(HealthTest, NotReadyWhereTheLoopStands) {
  ThreadStatus status;
  status.Set(ThreadStatus::Phase::kRunning, "state partition 0");
  const Reply reply = Ready(status, absl::Seconds(12), {"127.0.0.1:9092"});
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body,
            "not ready: state partition 0; the stream thread has been waiting for a broker for "
            "12.0 s; brokers that cannot be reached: 127.0.0.1:9092\n");
}

// --------------------------------------------------------------------- figures

constexpr base::MetricName kRecords{"records_total", "Records."};
constexpr base::MetricName kLag{"lag", "How far behind."};
constexpr base::MetricName kSeconds{"duration_seconds", "How long."};

TEST(PrometheusTextTest, CountersGaugesAndHistograms) {
  base::Metrics metrics;
  metrics.GetCounter(kRecords, {{"topic", "a"}}).Add(3);
  metrics.GetCounter(kRecords, {{"topic", "b\"\\"}}).Add();
  metrics.GetCounter(kRecords, {{"topic", "a"}}).Add();
  metrics.GetGauge(kLag).Set(1.5);
  constexpr double kBounds[] = {0.1, 1};
  base::Histogram& seconds = metrics.GetHistogram(kSeconds, kBounds);
  for (const double value : {0.05, 0.1, 0.5, 20.0}) seconds.Observe(value);
  EXPECT_EQ(PrometheusText("x_", metrics.Snapshot()),
            "# HELP x_duration_seconds How long.\n"
            "# TYPE x_duration_seconds histogram\n"
            "x_duration_seconds_count 4\n"
            "x_duration_seconds_sum 20.65\n"
            "x_duration_seconds_bucket{le=\"0.1\"} 2\n"
            "x_duration_seconds_bucket{le=\"1\"} 3\n"
            "x_duration_seconds_bucket{le=\"+Inf\"} 4\n"
            "# HELP x_lag How far behind.\n"
            "# TYPE x_lag gauge\n"
            "x_lag 1.5\n"
            "# HELP x_records_total Records.\n"
            "# TYPE x_records_total counter\n"
            "x_records_total{topic=\"a\"} 4\n"
            "x_records_total{topic=\"b\\\"\\\\\"} 1\n");
}

TEST(MetricsTest, ASourceIsAskedAsLongAsItIsRegistered) {
  base::Metrics metrics;
  {
    const auto source =
        metrics.AddSource([](base::MetricSnapshot* snapshot) { snapshot->AddGauge(kLag, {}, 7); });
    EXPECT_EQ(metrics.Snapshot().families().at("lag").samples[0].value, 7);
  }
  EXPECT_TRUE(metrics.Snapshot().families().empty());
}

// What a source reads is gone when its registration is: nobody may be reading it.
TEST(MetricsTest, SourcesComeAndGoWhileSomebodyLooks) {
  base::Metrics metrics;
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) (void)metrics.Snapshot();
  });
  base::Counter& counter = metrics.GetCounter(kRecords);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::make_unique<double>(i);
    const auto source = metrics.AddSource(
        [&value](base::MetricSnapshot* snapshot) { snapshot->AddGauge(kLag, {}, *value); });
    counter.Add();
  }
  stop = true;
  reader.join();
  EXPECT_EQ(counter.value(), 20'000u);
}

TEST(ProcessMetricsTest, TheSystemIsAsked) {
  const base::MetricSnapshot snapshot = ProcessMetrics();
  const auto value = [&](const std::string& name) {
    return snapshot.families().at(name).samples[0].value;
  };
  const double now = static_cast<double>(time(nullptr));
  EXPECT_LE(value("process_start_time_seconds"), now + 1);
  EXPECT_GT(value("process_start_time_seconds"), now - 86'400);
  EXPECT_GT(value("process_resident_memory_bytes"), 1e5);
  EXPECT_GT(value("process_open_fds"), 2);
  EXPECT_GE(value("process_max_fds"), value("process_open_fds"));
  EXPECT_GE(value("process_cpu_seconds_total"), 0);
}

}  // namespace
}  // namespace api
