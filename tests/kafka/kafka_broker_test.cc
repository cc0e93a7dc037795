// The contract of streams::Broker, kept by librdkafka and a real broker.

#include "tests/kafka/broker_contract.h"
#include "tests/kafka/kafka_harness.h"

namespace streams {
namespace {

INSTANTIATE_TEST_SUITE_P(Kafka, BrokerContract, ::testing::Values(&NewKafkaHarness));

}  // namespace
}  // namespace streams
