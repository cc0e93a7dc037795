// Prints the stores: all entries of each over all sources, in the order of their keys. What
// cannot be decoded is named on standard error, and the rest still printed.
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "state/backend.h"
#include "tools/dump/output.h"
#include "tools/dump/source.h"
#include "tools/dump/table.h"

namespace dump {

class Printer {
 public:
  explicit Printer(bool json) : json_(json), table_(&output_) {}

  absl::Status Print(const std::string& store, state::StoreIndex index,
                     const std::vector<Source>& sources);

  // Whether something could not be decoded.
  bool failed() const { return failed_; }

 private:
  void One(const std::string& store, std::string_view key, std::string_view value);

  bool json_;
  Output output_;
  Table table_;
  bool failed_ = false;
};

}  // namespace dump
