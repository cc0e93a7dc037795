#include "tools/rebuild/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tools {
namespace {

constexpr absl::Duration kOnTerminal = absl::Milliseconds(200);
constexpr absl::Duration kElsewhere = absl::Seconds(5);
constexpr char kClearLine[] = "\r\x1b[K";

int64_t PerSecond(int64_t done, absl::Duration taken) {
  return static_cast<int64_t>(static_cast<double>(done) /
                              std::max(0.001, absl::ToDoubleSeconds(taken)));
}

}  // namespace

std::string ProgressText(const std::string& what, int64_t done, int64_t total,
                         absl::Duration taken) {
  const int64_t rate = PerSecond(done, taken);
  if (total == 0) return absl::StrFormat("%s: %d, %d/s", what, done, rate);
  const int64_t all = std::max(done, total);
  std::string text =
      absl::StrFormat("%s: %d of %d (%d %%), %d/s", what, done, all, 100 * done / all, rate);
  if (rate > 0 && done < all) absl::StrAppend(&text, ", ", (all - done) / rate, " s left");
  return text;
}

Progress::Progress(std::string what, int64_t total, const base::Clock& clock, Options options)
    : what_(std::move(what)),
      total_(total),
      clock_(clock),
      options_(std::move(options)),
      began_(clock.Elapsed()),
      next_(began_ + (options_.terminal ? kOnTerminal : kElsewhere)) {}

Progress::Progress(std::string what, int64_t total)
    : Progress(std::move(what), total, base::SystemClock(),
               {.terminal = ::isatty(STDERR_FILENO) != 0,
                .write = [](const std::string& bytes) { std::fputs(bytes.c_str(), stderr); }}) {}

Progress::~Progress() {
  if (line_open_) options_.write(kClearLine);
}

void Progress::Show(int64_t done) {
  done_ = done;
  const absl::Duration now = clock_.Elapsed();
  if (now < next_) return;
  next_ = now + (options_.terminal ? kOnTerminal : kElsewhere);
  const std::string text = ProgressText(what_, done_, total_, now - began_);
  line_open_ = options_.terminal;
  options_.write(options_.terminal ? kClearLine + text : text + "\n");
}

void Progress::Finish() {
  const absl::Duration taken = clock_.Elapsed() - began_;
  options_.write(absl::StrFormat("%s%s: %d in %.1f s, %d/s\n", line_open_ ? kClearLine : "", what_,
                                 done_, absl::ToDoubleSeconds(taken), PerSecond(done_, taken)));
  line_open_ = false;
}

}  // namespace tools
