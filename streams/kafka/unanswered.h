// Which brokers leave requests unanswered, by what the library tells of each request. A frozen
// broker, or one behind a network that drops everything, still has its connections: the
// library itself gives up after a minute.
//
// The answers on a connection come in the order of the requests. The library does not say
// which request an answer is to, but how long it took. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace streams::kafka {

class Unanswered {
 public:
  // A client's, to a broker's address or to a coordinator in that role.
  using Connection = std::pair<const void*, std::string>;

  // `held`: the broker may keep the request, and those behind it, as long as others of the
  // group take. `broker`: its number.
  void Sent(const Connection& connection, int32_t broker, bool held, absl::Duration now);
  void Answered(const Connection& connection, bool held, absl::Duration sent_at);
  // What it waits for does not come any more.
  void Ended(const Connection& connection) { waiting_.erase(connection); }
  void Ended(const void* client);

  struct Waiting {
    int32_t broker;
    std::string connection;
    absl::Duration since;
  };
  // Those that have heard nothing since then or longer. Held ones do not count.
  std::vector<Waiting> Since(absl::Duration then) const;
  // Whether one is held since then or longer.
  bool HeldSince(absl::Duration then) const;

 private:
  struct State {
    int32_t broker = -1;
    absl::Duration since;      // of the oldest request without an answer, or later
    absl::Duration last_sent;  // the newest
    bool held = false;
  };
  std::map<Connection, State> waiting_;
};

}  // namespace streams::kafka
