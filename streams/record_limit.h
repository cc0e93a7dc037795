// How many input records a transaction may have after the broker refused one's outputs:
// half as many each time, until the record that causes it stands alone; more again when
// some have passed. A topic that takes small batches only refuses again and again: the more
// often, the longer it is waited before the limit grows.
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace streams {

class RecordLimit {
 public:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  size_t records() const { return records_; }

  // A transaction of so many records was refused.
  void Refused(size_t records) {
    records_ = std::max<size_t>(1, records / 2);
    // It is no search for one record, then, but what the topic takes.
    if (grown_) patience_ = std::min(2 * patience_, kMostPatience);
    grown_ = false;
    passed_ = 0;
  }

  // A transaction with records was committed.
  void Passed() {
    if (records_ == kNone || ++passed_ < patience_) return;
    passed_ = 0;
    grown_ = true;
    records_ *= 2;
    if (records_ < kEnough) return;
    records_ = kNone;
    grown_ = false;
    patience_ = 1;
  }

 private:
  static constexpr size_t kEnough = 1000;
  static constexpr size_t kMostPatience = 64;

  size_t records_ = kNone;
  size_t patience_ = 1;  // transactions that must pass before it grows
  size_t passed_ = 0;
  bool grown_ = false;  // since the last refusal
};

}  // namespace streams
