#include "streams/sim/hooks.h"

namespace streams::sim {

const char* Name(Call call) {
  static constexpr const char* kNames[] = {
      "new-consumer",  "new-producer", "new-reader", "poll",  "committed", "assign",
      "seek",          "fetch",        "close",      "init",  "begin",     "produce",
      "flush",         "send-offsets", "commit",     "abort", "ranges",    "stable-ends",
      "reader-assign", "reader-poll",  "admin"};
  return kNames[static_cast<size_t>(call)];
}

}  // namespace streams::sim
