#include "streams/kafka/unanswered.h"

#include <algorithm>

namespace streams::kafka {
namespace {

// By so much the library's idea of when it sent a request may differ from ours.
constexpr absl::Duration kSlack = absl::Milliseconds(1);

}  // namespace

void Unanswered::Sent(const Connection& connection, int32_t broker, bool held, absl::Duration now) {
  const auto [at, first] = waiting_.try_emplace(connection);
  State& state = at->second;
  if (first) state.since = now;
  state.broker = broker;
  state.last_sent = now;
  state.held = state.held || held;
}

void Unanswered::Answered(const Connection& connection, bool held, absl::Duration sent_at) {
  const auto at = waiting_.find(connection);
  if (at == waiting_.end()) return;
  State& state = at->second;
  if (held) state.held = false;
  if (state.last_sent <= sent_at + kSlack) {
    waiting_.erase(at);
  } else {
    state.since = state.last_sent;
  }
}

void Unanswered::Ended(const void* client) {
  std::erase_if(waiting_, [&](const auto& entry) { return entry.first.first == client; });
}

std::vector<Unanswered::Waiting> Unanswered::Since(absl::Duration then) const {
  std::vector<Waiting> found;
  for (const auto& [connection, state] : waiting_) {
    if (state.held || state.since > then) continue;
    found.push_back(
        {.broker = state.broker, .connection = connection.second, .since = state.since});
  }
  return found;
}

bool Unanswered::HeldSince(absl::Duration then) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& entry) {
    return entry.second.held && entry.second.since <= then;
  });
}

}  // namespace streams::kafka
