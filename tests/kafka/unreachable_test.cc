// No broker answers: everything says so in time, and nothing hangs.

#include "base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "streams/kafka/kafka_broker.h"

namespace streams::kafka {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kTimeout = absl::Milliseconds(300);
constexpr absl::Duration kSoon = absl::Seconds(5);

class Unreachable : public ::testing::Test {
 protected:
  void SetUp() override {
    KafkaConfig config;
    config.bootstrap_servers = "127.0.0.1:1";  // nothing listens there
    config.application_id = "application";
    config.member_id = "member";
    auto broker = KafkaBroker::Create(config);
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
  }
  void TearDown() override {
    broker_.reset();
    EXPECT_LT(base::SystemClock().Elapsed() - begin_, kSoon);
  }

  const absl::Duration begin_ = base::SystemClock().Elapsed();
  std::unique_ptr<KafkaBroker> broker_;
  const std::vector<base::TopicPartition> partitions_ = {{"topic", base::Partition(0)}};
};

TEST_F(Unreachable, QuestionsFailInTime) {
  const auto topics = broker_->admin().DescribeTopics(std::vector<std::string>{"topic"}, kTimeout);
  EXPECT_TRUE(absl::IsUnavailable(topics.status())) << topics.status();
  EXPECT_THAT(std::string(topics.status().message()), HasSubstr("no broker answers"));
  EXPECT_FALSE(broker_->admin().GroupOffsets(partitions_, kTimeout).ok());
  const auto reader = broker_->NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_FALSE((*reader)->Ranges(partitions_, kTimeout).ok());
}

// The clients that are in no group have the library's session of 45 s by themselves, than which
// no poll interval may be shorter.
TEST_F(Unreachable, APollIntervalMayBeAsShortAsTheSession) {
  KafkaConfig config;
  config.bootstrap_servers = "127.0.0.1:1";
  config.application_id = "application";
  config.member_id = "member";
  config.session_timeout = absl::Seconds(10);
  config.overrides = {{"max.poll.interval.ms", "10000"}};
  const auto broker = KafkaBroker::Create(config);
  ASSERT_TRUE(broker.ok()) << broker.status();
  const auto reader = (*broker)->NewLogReader();
  EXPECT_TRUE(reader.ok()) << reader.status();
}

TEST_F(Unreachable, TopicsCannotBeMade) {
  const TopicSpec spec{.name = "topic", .settings = {}};
  EXPECT_FALSE(broker_->admin().CreateTopics(std::span(&spec, 1), kTimeout).ok());
}

TEST_F(Unreachable, AConsumerWaitsAndCloses) {
  const auto consumer = broker_->NewConsumer({.topics = {"topic"}});
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  EXPECT_EQ((*consumer)->Poll(kTimeout).kind, GroupEvent::Kind::kNone);
  EXPECT_FALSE((*consumer)->Metadata().ok());
  EXPECT_TRUE((*consumer)->TwinClientIds(kTimeout).empty());
  (*consumer)->Close(/*leave=*/true);
}

TEST_F(Unreachable, ATransactionalProducerGivesUpAndGoes) {
  for (const bool early : {false, true}) {
    const auto producer = broker_->NewTransactionalProducer(
        {.transactional_id = "id", .topics = {"topic"}, .reported = {}, .initialize_early = early});
    ASSERT_TRUE(producer.ok()) << producer.status();
    EXPECT_EQ((*producer)->InitTransactions(kTimeout).kind, ProduceResult::Kind::kRestart);
  }
}

TEST_F(Unreachable, APlainProducerGivesUpAndGoes) {
  const auto producer =
      broker_->NewProducer({.transactional_id = {}, .topics = {"topic"}, .reported = {}});
  ASSERT_TRUE(producer.ok()) << producer.status();
  EXPECT_TRUE(
      (*producer)->Produce({.topic = TopicIndex(0), .key = {}, .value = "v", .headers = {}}).ok());
  EXPECT_EQ((*producer)->Flush(kTimeout).kind, ProduceResult::Kind::kRestart);
}

}  // namespace
}  // namespace streams::kafka
