#include "api/health.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace api {
namespace {

std::string Seconds(absl::Duration duration) {
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration));
}

Reply Answer(bool well, const std::string& text) {
  Reply reply;
  reply.status = well ? 200 : 503;
  reply.body = text + "\n";
  return reply;
}

}  // namespace

Reply Live(const streams::ThreadStatus& status, absl::Duration now) {
  const absl::Duration stood = now - status.last_turn();
  const bool live = stood < kLongestTurn;
  return Answer(live, absl::StrCat(live ? "live" : "not live",
                                   ": the stream thread's last turn was ", Seconds(stood), " ago"));
}

Reply Ready(const streams::ThreadStatus& status, absl::Duration now,
            const std::vector<std::string>& unreachable) {
  const streams::ThreadStatus::View view = status.view();
  using Phase = streams::ThreadStatus::Phase;
  const absl::Duration stood = now - status.last_turn();
  const bool well =
      (view.phase == Phase::kRunning || view.phase == Phase::kIdle) && stood < kLongestReadyTurn;
  std::string text = absl::StrCat(well ? "ready: " : "not ready: ", view.detail);
  if (stood >= kLongestReadyTurn) {
    absl::StrAppend(&text, "; the stream thread has been waiting for a broker for ",
                    Seconds(stood));
  }
  if (!unreachable.empty()) {
    absl::StrAppend(&text, "; brokers that cannot be reached: ", absl::StrJoin(unreachable, ", "));
  }
  return Answer(well, text);
}

}  // namespace api
