#include "tests/crash/crashing_calls.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tests/crash/crash_points.h"

namespace crash {

std::atomic<bool> applying = false;
std::atomic<bool> flushing = false;
std::atomic<bool> committing = false;

namespace {

// The C library's.
template <class Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void BeforeSync() {
  if (applying) Reach(Point::kApplySync);
  if (flushing) Reach(Point::kFlushSync);
}

// A Kafka request begins with its length behind the length's four bytes, and its kind.
constexpr uint16_t kEndTransaction = 26;
bool EndsTransaction(const msghdr& message) {
  std::array<uint8_t, 6> head{};
  size_t filled = 0;
  size_t all = 0;
  for (size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& piece = message.msg_iov[i];
    const size_t take = std::min(piece.iov_len, head.size() - filled);
    if (take > 0) std::memcpy(head.data() + filled, piece.iov_base, take);
    filled += take;
    all += piece.iov_len;
  }
  const uint32_t length = uint32_t{head[0]} << 24 | uint32_t{head[1]} << 16 |
                          uint32_t{head[2]} << 8 | uint32_t{head[3]};
  const auto kind = static_cast<uint16_t>(head[4] << 8 | head[5]);
  return filled == head.size() && kind == kEndTransaction && all == length + 4;
}

void AfterRename(std::string_view from, std::string_view to) {
  if (to.ends_with("/0.next")) Reach(Point::kReplaceCounts);
  if (from.ends_with("/0") && to.ends_with("/0.removed")) Reach(Point::kReplaceOldAway);
  if (from.ends_with("/0.next")) Reach(Point::kReplaceNewPlaced);
}

}  // namespace
}  // namespace crash

extern "C" {

int fsync(int fd) {
  static auto* const next = crash::Next<int(int)>("fsync");
  crash::BeforeSync();
  return next(fd);
}

int fdatasync(int fd) {
  static auto* const next = crash::Next<int(int)>("fdatasync");
  crash::BeforeSync();
  return next(fd);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const next = crash::Next<int(const char*, const char*)>("rename");
  const int result = next(from, to);
  if (result == 0) crash::AfterRename(from, to);
  return result;
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const next = crash::Next<ssize_t(int, const msghdr*, int)>("sendmsg");
  const bool ends = crash::committing && crash::EndsTransaction(*message);
  if (ends) crash::Reach(crash::Point::kWritten);
  const ssize_t sent = next(fd, message, flags);
  if (ends && sent > 0) crash::Reach(crash::Point::kCommitInFlight);
  return sent;
}

}  // extern "C"
