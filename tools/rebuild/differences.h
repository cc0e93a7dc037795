// Shows what differs: the first ones whole, the rest counted.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/output.h"

namespace tools {

class Differences {
 public:
  // Of each subject, so many are printed.
  Differences(int64_t shown, Output* output) : shown_(shown), output_(output) {}

  // A new subject: "store parties", "topic EVENT_TOPIC_PARTY_STATUS".
  void Begin(std::string subject) {
    subject_ = std::move(subject);
    of_subject_ = 0;
  }
  // An empty line is on that side only nothing.
  void Add(const std::string& live, const std::string& replayed) {
    ++count_;
    if (++of_subject_ > shown_) return;
    if (of_subject_ == 1) output_->Line(subject_);
    if (!live.empty()) output_->Line("  - live:     " + live);
    if (!replayed.empty()) output_->Line("  + replayed: " + replayed);
  }
  void End() const {
    if (of_subject_ > shown_) {
      output_->Line(absl::StrCat("  ... and ", of_subject_ - shown_, " more"));
    }
  }
  int64_t of_subject() const { return of_subject_; }
  int64_t count() const { return count_; }

 private:
  const int64_t shown_;
  Output* output_;
  std::string subject_;
  int64_t of_subject_ = 0;
  int64_t count_ = 0;
};

}  // namespace tools
