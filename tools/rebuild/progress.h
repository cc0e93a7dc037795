// How far a long step is: rate, share and time left, on standard error. On a terminal one
// line that is written over; elsewhere a line every few seconds. At the end a line that
// says what it came to. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"

namespace tools {

// "reading the inputs: 1200000 of 4000000 (30 %), 400000/s, 7 s left". Total 0: not known.
std::string ProgressText(const std::string& what, int64_t done, int64_t total,
                         absl::Duration taken);

class Progress {
 public:
  struct Options {
    bool terminal = false;
    std::function<void(const std::string& bytes)> write;
  };

  // `what`: "reading the inputs"; `total`: how much there is to do, 0 where
  // nobody knows. The clock outlives this.
  Progress(std::string what, int64_t total, const base::Clock& clock, Options options);
  // To standard error.
  Progress(std::string what, int64_t total);
  // Where Finish has not been called: leaves the terminal with a clean line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(int64_t by) { Show(done_ + by); }
  void Finish();

 private:
  void Show(int64_t done);

  const std::string what_;
  const int64_t total_;
  const base::Clock& clock_;
  const Options options_;
  const absl::Duration began_;
  absl::Duration next_;
  int64_t done_ = 0;
  bool line_open_ = false;
};

}  // namespace tools
