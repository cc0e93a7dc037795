// How large a dead letter may be.
#pragma once

#include <cstddef>
#include <string>

#include "streams/broker.h"

namespace tools {

// It must fit its topic, with room for the record's own framing.
size_t LargestDeadLetter(const std::string& topic, streams::Admin& admin);

}  // namespace tools
