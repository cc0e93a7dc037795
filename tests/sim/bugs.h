// The bugs that can be planted, by name. All of them are in what surrounds the engine: the
// engine sees what it would see had it made the mistake itself.
#pragma once

#include <string_view>
#include <vector>

#include "tests/sim/plan.h"

namespace simulation {

struct NamedBug {
  const char* name;
  const char* what;
  Bugs bugs;
};

const std::vector<NamedBug>& AllBugs();
// Null where there is none of this name.
const NamedBug* FindBug(std::string_view name);

}  // namespace simulation
