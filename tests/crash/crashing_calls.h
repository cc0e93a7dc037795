// Calls of the C library, made by the libraries beneath the engine, at which the worker can
// die: syncs of files, renames of folders, and the request that commits a transaction. The
// file that defines them comes before the C library, which then does the work.
//
// Thread-safe.
#pragma once

#include <atomic>

namespace crash {

// What is going on while a flag is up tells which of the points a call is.
extern std::atomic<bool> applying;    // a backend writes a batch
extern std::atomic<bool> flushing;    // a backend flushes
extern std::atomic<bool> committing;  // a producer commits

class Raised {
 public:
  explicit Raised(std::atomic<bool>* flag) : flag_(flag) { *flag_ = true; }
  ~Raised() { *flag_ = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  std::atomic<bool>* flag_;
};

}  // namespace crash
