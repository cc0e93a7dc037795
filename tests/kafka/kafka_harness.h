// The harness over a real cluster.
#pragma once

#include <memory>

#include "tests/kafka/broker_harness.h"

namespace streams {

// Over the one that BOOTSTRAP_SERVERS names.
std::unique_ptr<BrokerHarness> NewKafkaHarness();

// Over one broker of the program's own, which is started at the first call and gone at the
// program's end. Its settings make it do soon what brokers do late.
std::unique_ptr<BrokerHarness> NewOwnKafkaHarness();

}  // namespace streams
