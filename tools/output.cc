#include "tools/output.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tools {

Output::Output(std::string program) : program_(std::move(program)) {
  ::signal(SIGPIPE, SIG_IGN);
  buffer_.reserve(kPiece + 4096);
}

bool Output::Flush() {
  std::string_view rest = buffer_;
  while (!failed_ && !rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      std::_Exit(status_);  // at once, whatever else would be done
    } else if (errno != EINTR) {
      failed_ = true;
      std::fprintf(stderr, "%s: cannot write all of it: %s\n", program_.c_str(),
                   std::strerror(errno));
    }
  }
  buffer_.clear();
  return !failed_;
}

}  // namespace tools
