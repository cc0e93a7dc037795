// Tells in the log when a broker goes away and when it is back: one line each, however
// many clients try it however often. One for the process, since all of its clients talk
// to the same brokers. Thread-safe.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace streams::kafka {

// Makes the client of this configuration report the states of its connections.
void WatchReachability(rd_kafka_conf_t* conf);

// What the library's log says of a connection that has failed: why, for the line that tells
// it. To be called in the thread in which it says so.
void NoteFailure(std::string_view message);

// The addresses of those that could not be reached when they were tried last, or that have
// left a request without an answer for kSilence.
inline constexpr absl::Duration kSilence = absl::Seconds(10);
std::vector<std::string> UnreachableBrokers();

// While it lives it looks each second whether a broker is silent. Where a member waits for its
// group and has nothing else to ask, it asks something by `questions`, which outlives it: else
// nobody would notice.
class SilenceWatch {
 public:
  explicit SilenceWatch(rd_kafka_t* questions);
  ~SilenceWatch();

 private:
  void Run();

  rd_kafka_t* const questions_;
  absl::Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace streams::kafka
