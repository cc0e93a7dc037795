// The plain model of the wire contract (tests/model/plain_model.py), which shares no code with
// the worker, in a process of its own: it judges runs beside the ones that go on.
//
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace simulation {

class PlainModel {
 public:
  static absl::StatusOr<std::unique_ptr<PlainModel>> Start();
  ~PlainModel();
  PlainModel(const PlainModel&) = delete;
  PlainModel& operator=(const PlainModel&) = delete;

  // `account`: Outcome::account. Waits where it lags behind.
  void Ask(uint64_t seed, const std::string& account);

  struct Answer {
    uint64_t seed;
    std::string wrong;  // empty: nothing
  };
  // Those that have come since; `all`: to everything that was asked. Where the model has ended,
  // that is what is wrong with all the rest.
  std::vector<Answer> Answers(bool all);

 private:
  PlainModel(pid_t process, int connection) : process_(process), connection_(connection) {}
  bool Read(bool wait);

  const pid_t process_;
  const int connection_;
  bool ended_ = false;
  std::deque<uint64_t> asked_;
  std::string text_;  // of answers, not yet taken
};

}  // namespace simulation
