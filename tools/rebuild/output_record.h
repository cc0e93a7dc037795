// An output as it is compared and shown: all but its offset.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/record.h"
#include "streams/broker.h"

namespace tools {

struct OutputRecord {
  base::Timestamp timestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  friend bool operator==(const OutputRecord&, const OutputRecord&) = default;
};

OutputRecord CopyOutput(const streams::OutgoingRecord& record);
OutputRecord CopyOutput(const base::RecordView& record);

// One object without a line feed: {"timestamp":..,"key":"<hex>","headers":[["NAME","text"],..],
// "value":"text"}. What is no UTF-8 text is {"hex":".."}.
std::string ToJson(const OutputRecord& record);

}  // namespace tools
