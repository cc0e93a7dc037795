#include "tests/sim/plain_model.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace simulation {

absl::StatusOr<std::unique_ptr<PlainModel>> PlainModel::Start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::InternalError(absl::StrCat("a connection to the model: ", std::strerror(errno)));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = "/usr/bin/python3";
  std::string script = absl::StrCat(MODEL_DIR, "/judge_runs.py");
  char* const arguments[] = {program.data(), script.data(), nullptr};
  pid_t process = 0;
  const int failed =
      ::posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    return absl::InternalError(absl::StrCat("starting ", program, ": ", std::strerror(failed)));
  }
  return std::unique_ptr<PlainModel>(new PlainModel(process, ends[0]));
}

// It ends with its input.
PlainModel::~PlainModel() {
  ::close(connection_);
  ::waitpid(process_, nullptr, 0);
}

void PlainModel::Ask(uint64_t seed, const std::string& account) {
  asked_.push_back(seed);
  const std::string line = account + "\n";
  for (size_t sent = 0; !ended_ && sent < line.size();) {
    const ssize_t count = ::send(connection_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    ended_ = count < 0;
    if (!ended_) sent += static_cast<size_t>(count);
  }
}

// False where nothing came.
bool PlainModel::Read(bool wait) {
  pollfd ready{.fd = connection_, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, wait ? -1 : 0) <= 0) return wait && errno == EINTR;
  char buffer[1 << 16];
  const ssize_t count = ::read(connection_, buffer, sizeof(buffer));
  if (count <= 0) {
    ended_ = true;
    return false;
  }
  text_.append(buffer, static_cast<size_t>(count));
  return true;
}

std::vector<PlainModel::Answer> PlainModel::Answers(bool all) {
  std::vector<Answer> answers;
  while (!asked_.empty()) {
    const size_t end = text_.find('\n');
    if (end != std::string::npos) {
      answers.push_back({asked_.front(), text_.substr(0, end)});
      asked_.pop_front();
      text_.erase(0, end + 1);
    } else if (ended_) {
      answers.push_back({asked_.front(), "the plain model has ended"});
      asked_.pop_front();
    } else if (!Read(/*wait=*/all) && !all) {
      break;
    }
  }
  return answers;
}

}  // namespace simulation
