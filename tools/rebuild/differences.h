// Shows what differs: the first ones whole, the rest counted.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace tools {

class Differences {
 public:
  // Of each subject, so many are printed to standard output.
  explicit Differences(int64_t shown) : shown_(shown) {}

  // A new subject: "store parties", "topic EVENT_TOPIC_PARTY_STATUS".
  void Begin(std::string subject) {
    subject_ = std::move(subject);
    of_subject_ = 0;
  }
  // An empty line is on that side only nothing.
  void Add(const std::string& live, const std::string& replayed) {
    ++count_;
    if (++of_subject_ > shown_) return;
    if (of_subject_ == 1) std::printf("%s\n", subject_.c_str());
    if (!live.empty()) std::printf("  - live:     %s\n", live.c_str());
    if (!replayed.empty()) std::printf("  + replayed: %s\n", replayed.c_str());
  }
  void End() const {
    if (of_subject_ > shown_) {
      std::printf("  ... and %lld more\n", static_cast<long long>(of_subject_ - shown_));
    }
  }
  int64_t of_subject() const { return of_subject_; }
  int64_t count() const { return count_; }

 private:
  const int64_t shown_;
  std::string subject_;
  int64_t of_subject_ = 0;
  int64_t count_ = 0;
};

}  // namespace tools
