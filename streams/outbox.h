// The records that a task wants written, in their order, in one reused buffer.
//
// The task adds; whoever drives the task reads and clears. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.h"
#include "streams/broker.h"

namespace streams {

class Outbox {
 public:
  // Copies all that the record refers to.
  void Add(const OutgoingRecord& record);

  size_t size() const { return entries_.size(); }
  void Clear();

  // The record as added. Its headers are good until the next call, the rest until the
  // outbox changes.
  OutgoingRecord Get(size_t i);

 private:
  struct Slice {
    size_t at = 0;
    size_t size = 0;
    bool present = false;
  };
  struct Entry {
    TopicIndex topic;
    base::Partition partition;
    base::Timestamp timestamp;
    Slice key;
    Slice value;
    size_t first_header = 0;
    size_t headers = 0;
  };
  struct Header {
    Slice name;
    Slice value;
  };

  Slice Copy(std::optional<std::string_view> bytes);
  std::optional<std::string_view> View(const Slice& slice) const;

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<Header> headers_;
  std::vector<base::HeaderView> header_views_;
};

}  // namespace streams
