// What differs between the objects of two sources.
#pragma once

#include <string>
#include <vector>

#include "tools/dump/options.h"
#include "tools/dump/source.h"

namespace dump {

struct Side {
  std::string name;
  std::vector<Source> sources;
};

enum class DiffResult { kEqual, kDiffer, kUnread, kNotThere };

// Prints each object that differs, with both versions. kUnread: something could not be read,
// and was named; the rest is compared. kNotThere: so it is with what the filter names.
DiffResult PrintDiff(const std::vector<std::string>& stores, const Side& first, const Side& second,
                     const Options& options, Output* output);

}  // namespace dump
