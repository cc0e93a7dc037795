// The contract of streams::Broker, kept by the simulated one.

#include "tests/kafka/broker_contract.h"
#include "tests/kafka/sim_harness.h"

namespace streams {
namespace {

INSTANTIATE_TEST_SUITE_P(Sim, BrokerContract, ::testing::Values(&NewSimHarness));
INSTANTIATE_TEST_SUITE_P(Sim, DisturbedBroker, ::testing::Values(&NewSimHarness));

}  // namespace
}  // namespace streams
