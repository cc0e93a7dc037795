// A BrokerHarness over a simulated cluster, whose time passes where somebody waits.
#pragma once

#include <memory>

#include "tests/kafka/broker_harness.h"

namespace streams {

std::unique_ptr<BrokerHarness> NewSimHarness();

}  // namespace streams
