// Prints objects, as a table or as JSON lines. What cannot be decoded is named on standard
// error, and the rest still printed.
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/dump/options.h"
#include "tools/dump/output.h"
#include "tools/dump/source.h"
#include "tools/dump/table.h"

namespace dump {

class Printer {
 public:
  Printer(bool json, Output* output) : json_(json), output_(output), table_(output) {}

  // All of the stores that pass; where none does, that is said.
  void Print(const std::vector<std::string>& stores, const std::vector<Source>& sources,
             const Filter& filter);

  // Where members' names are looked up; `sources` outlive this.
  void NameFrom(const std::vector<Source>& sources);

  void One(const std::string& store, std::string_view key, std::string_view value);

  // Whether something could not be read or decoded, or what the filter names is not there.
  bool failed() const { return failed_; }

 private:
  bool json_;
  Output* output_;
  Table table_;
  bool failed_ = false;
};

}  // namespace dump
