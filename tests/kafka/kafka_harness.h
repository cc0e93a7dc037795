// The harness over a real cluster: the one that BOOTSTRAP_SERVERS names.
#pragma once

#include <memory>

#include "tests/kafka/broker_harness.h"

namespace streams {

std::unique_ptr<BrokerHarness> NewKafkaHarness();

}  // namespace streams
