// A state as JSON lines, as state-dump prints them: read, and checked against the rules.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "processors/rules/invariants.h"
#include "tools/rebuild/founding.h"
#include "tools/rebuild/progress.h"

namespace tools {

class StateLines {
 public:
  // Reads all lines; empty ones count nothing. What is wrong is kept, and found by Check.
  void Read(std::istream& in, Progress* progress);

  // What is wrong with which line, in the order of the lines: "line 7: field value.level ...".
  // Empty: a whole state that keeps the rules.
  std::vector<std::string> Check();

  const rules::State& state() const { return state_; }
  int64_t objects() const;
  // The stores' bytes. The stores are this application's, in the order of `stores`.
  StateContent Content(const std::vector<std::string>& stores) const;

 private:
  using Object = std::pair<rules::Violation::Of, model::TenantKey<uint32_t>>;

  void ReadLine(const std::string& line, int64_t number);
  bool IsNew(const Object& object, int64_t number);

  rules::State state_;
  std::map<Object, int64_t> lines_;  // that tell of an object
  std::vector<std::pair<int64_t, std::string>> wrong_;
};

}  // namespace tools
