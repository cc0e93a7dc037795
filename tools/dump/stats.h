// Counts and sizes: of each tenant's part of each store, and of each tenant's parties.
#pragma once

#include <string>
#include <vector>

#include "tools/dump/options.h"
#include "tools/dump/source.h"

namespace dump {

// False: something could not be read or decoded, or what the filter names is not there, and
// was named; the rest is counted.
bool PrintStats(const std::vector<std::string>& stores, const std::vector<Source>& sources,
                const Options& options, Output* output);

}  // namespace dump
