// The contract of streams::Broker where the broker is disturbed, kept by librdkafka and a
// real broker.

#include "tests/kafka/broker_contract.h"
#include "tests/kafka/kafka_harness.h"

namespace streams {
namespace {

INSTANTIATE_TEST_SUITE_P(Kafka, DisturbedBroker, ::testing::Values(&NewOwnKafkaHarness));

}  // namespace
}  // namespace streams
