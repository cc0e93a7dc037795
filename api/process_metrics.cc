#include "api/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace api {
namespace {

constexpr base::MetricName kCpu{"process_cpu_seconds_total",
                                "User and system CPU time of the process."};
constexpr base::MetricName kMemory{"process_resident_memory_bytes",
                                   "Memory of the process that is not swapped out."};
constexpr base::MetricName kStart{"process_start_time_seconds",
                                  "When the process was started, in seconds since 1970."};
constexpr base::MetricName kOpenFiles{"process_open_fds", "Open file descriptors."};
constexpr base::MetricName kMostFiles{"process_max_fds", "Open file descriptors, at most."};

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The system counts from its boot, in ticks.
double StartTime() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  size_t at = name_end + 1;
  constexpr int kFieldsBefore = 19;  // between the name and the start
  for (int i = 0; i < kFieldsBefore && at != std::string::npos; ++i) at = text.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  const double since_boot =
      std::strtod(text.c_str() + at, nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
  timespec boot{};
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &now);
  const double booted = static_cast<double>(now.tv_sec - boot.tv_sec) +
                        static_cast<double>(now.tv_nsec - boot.tv_nsec) / 1e9;
  return booted + since_boot;
}

}  // namespace

base::MetricSnapshot ProcessMetrics() {
  // The wall clock may be set: the start is not to move with it.
  static const double start = StartTime();
  base::MetricSnapshot snapshot;
  if (start > 0) snapshot.AddGauge(kStart, {}, start);
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    snapshot.AddCounter(kCpu, {}, Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  }
  long total = 0;
  long resident = 0;
  if (std::ifstream("/proc/self/statm") >> total >> resident) {
    snapshot.AddGauge(kMemory, {},
                      static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  std::error_code failed;
  const std::filesystem::directory_iterator files("/proc/self/fd", failed);
  if (!failed)
    snapshot.AddGauge(kOpenFiles, {}, static_cast<double>(std::distance(begin(files), end(files))));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    snapshot.AddGauge(kMostFiles, {}, static_cast<double>(limit.rlim_cur));
  }
  return snapshot;
}

}  // namespace api
