// Transactions that take longer than they may.

#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Kind = ProduceResult::Kind;

Identity Hasty(Identity identity) {
  identity.transaction_timeout = absl::Seconds(2);
  return identity;
}

TEST_P(DisturbedBroker, ATransactionThatTakesTooLongIsAborted) {
  const std::string topic = NewTopic();
  const std::string id = Fresh("id");
  Broker& hasty = Connect(Hasty(Member("hasty")));
  const auto consumer = JoinAndAssign(hasty, {topic});
  const auto producer = NewProducer(hasty, id, {topic});
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"late"});
  ASSERT_TRUE(SendPosition(*producer, topic, 7, **consumer->Metadata()).ok());
  // Readers go on, and who waits for the offsets.
  EXPECT_EQ(CommittedPosition(*consumer, topic), -1);
  EXPECT_TRUE(AwaitEnd(At(topic), 2));
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
  EXPECT_THAT(ReadLog(At(topic)).first, IsEmpty());

  const CommitResult committed = producer->Commit(kPatience);
  EXPECT_EQ(committed.kind, CommitResult::Kind::kUnknown);
  EXPECT_THAT(committed.reason, HasSubstr("FENCED"));
  EXPECT_EQ(producer->Abort(kPatience).kind, Kind::kRestart);
  WriteCommitted(*NewProducer(id, {topic}), {"in time"});
  EXPECT_THAT(Values(ReadLog(At(topic)).first), ElementsAre("in time"));
}

TEST_P(DisturbedBroker, WhoeverHasTakenTooLongHearsItFromTheNextCall) {
  Broker& hasty = Connect(Hasty(Member("hasty")));
  const std::string inputs = NewTopic();
  const auto consumer = JoinAndAssign(broker(), {inputs});
  const auto metadata = *consumer->Metadata();
  const std::vector<std::string> topics = {NewTopic(), NewTopic(), NewTopic()};
  std::vector<std::unique_ptr<TransactionalProducer>> producers;
  for (const std::string& topic : topics) {
    producers.push_back(NewProducer(hasty, Fresh("id"), {topic}));
    ASSERT_TRUE(producers.back()->Begin().ok());
    Write(*producers.back(), {"late"});
    ASSERT_TRUE(producers.back()->Flush(kPatience).ok());
  }
  // This one has begun, and the broker knows nothing of it.
  const std::string topic = NewTopic();
  const auto idle = NewProducer(hasty, Fresh("id"), {topic});
  ASSERT_TRUE(idle->Begin().ok());
  for (const std::string& late : topics) EXPECT_TRUE(AwaitEnd(At(late), 2));

  EXPECT_EQ(SendPosition(*producers[0], inputs, 1, *metadata).kind, Kind::kRestart);
  EXPECT_EQ(producers[1]->Abort(kPatience).kind, Kind::kRestart);
  Write(*producers[2], {"more"});
  EXPECT_EQ(producers[2]->Commit(kPatience).kind, CommitResult::Kind::kUnknown);
  for (const std::string& late : topics) EXPECT_THAT(ReadLog(At(late)).first, IsEmpty());

  Write(*idle, {"in time"});
  EXPECT_EQ(idle->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  EXPECT_THAT(Values(ReadLog(At(topic)).first), ElementsAre("in time"));
}

}  // namespace
}  // namespace streams
