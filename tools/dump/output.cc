#include "tools/dump/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace dump {

void Output::Line(std::string_view text, std::string_view style) {
  if (style.empty()) return Line(text);
  buffer_.append(style);
  buffer_.append(text);
  Line(style_.end);
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
      Complain(absl::StrCat("cannot write all of it: ", std::strerror(errno)));
    }
  }
  buffer_.clear();
  return !failed_;
}

void Complain(std::string_view what) {
  const std::string line = absl::StrCat("state-dump: ", std::string(what), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace dump
