// What becomes of the records that are written, and of those that are not.

#include <random>

#include "base/murmur2.h"
#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Kind = ProduceResult::Kind;

// Bytes that no compression makes smaller.
std::string Noise(size_t size) {
  std::mt19937 random(1);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

ProduceResult WriteOne(Producer& producer, std::string_view value,
                       base::Timestamp timestamp = base::kNoTimestamp) {
  return producer.Produce({.topic = TopicIndex(0),
                           .timestamp = timestamp,
                           .key = "key",
                           .value = value,
                           .headers = {}});
}

// After a rejected record one more transaction may have to be aborted.
void WriteCommittedInTheEnd(TransactionalProducer& producer, const std::string& value) {
  CommitResult committed;
  for (int attempt = 0; attempt < 2; ++attempt) {
    ASSERT_TRUE(producer.Begin().ok());
    ASSERT_TRUE(WriteOne(producer, value).ok());
    committed = producer.Commit(kPatience);
    if (committed.kind == CommitResult::Kind::kCommitted) return;
    ASSERT_EQ(committed.kind, CommitResult::Kind::kAbort) << committed.reason;
    const ProduceResult aborted = producer.Abort(kPatience);
    ASSERT_TRUE(aborted.ok()) << aborted.reason;
  }
  FAIL() << committed.reason;
}

TEST_P(BrokerContract, ACommitTellsWhereItsRecordsEnd) {
  const std::string topic = NewTopic(3);
  const std::string other = NewTopic();
  const std::string unreported = NewTopic();
  auto made = broker().NewTransactionalProducer({.transactional_id = Fresh("id"),
                                                 .topics = {topic, other, unreported},
                                                 .reported = {TopicIndex(0), TopicIndex(1)}});
  ASSERT_TRUE(made.ok()) << made.status();
  TransactionalProducer& producer = **made;
  ASSERT_TRUE(producer.InitTransactions(kPatience).ok());
  ASSERT_TRUE(producer.Begin().ok());
  Write(producer, Numbered("a", 5), base::Partition(0));
  Write(producer, Numbered("b", 2), base::Partition(2));
  for (uint32_t i = 1; i < 3; ++i) {
    ASSERT_TRUE(
        producer.Produce({.topic = TopicIndex(i), .key = {}, .value = "v", .headers = {}}).ok());
  }
  CommitResult committed = producer.Commit(kPatience);
  ASSERT_EQ(committed.kind, CommitResult::Kind::kCommitted) << committed.reason;
  std::map<base::TopicPartition, base::Offset> expected = {{At(topic, 0), base::Offset(5)},
                                                           {At(topic, 2), base::Offset(2)},
                                                           {At(other), base::Offset(1)}};
  EXPECT_EQ(committed.ends, expected);

  // The next one begins behind the marker, and tells of nothing else.
  committed = WriteCommitted(producer, Numbered("c", 3));
  expected = {{At(topic, 0), base::Offset(9)}};
  EXPECT_EQ(committed.ends, expected);
  ASSERT_TRUE(producer.Begin().ok());
  committed = producer.Commit(kPatience);
  EXPECT_EQ(committed.kind, CommitResult::Kind::kCommitted);
  EXPECT_THAT(committed.ends, IsEmpty());
}

TEST_P(BrokerContract, WhatIsAbortedIsNotRead) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  WriteAborted(*producer, {"aborted"});
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"aborted before it was sent"});
  ASSERT_TRUE(producer->Abort(kPatience).ok());
  WriteCommitted(*producer, {"committed"});
  EXPECT_EQ(Values(ReadLog(At(topic)).first), std::vector<std::string>{"committed"});
}

TEST_P(BrokerContract, MarkersOccupyOffsetsAndUncommittedReadersSeeAllRecords) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, {"a", "b"});  // 0 and 1, a marker at 2
  WriteAborted(*producer, {"aborted"});   // 3, a marker at 4
  const auto other = NewProducer({topic});
  ASSERT_TRUE(other->Begin().ok());
  Write(*other, {"open"});  // 5
  ASSERT_TRUE(other->Flush(kPatience).ok());
  WriteCommitted(*producer, {"c"});  // 6, a marker at 7
  ASSERT_TRUE(AwaitEnd(At(topic), 8));
  std::vector<Seen> log = {
      {0, {}, "a"}, {1, {}, "b"}, {3, {}, "aborted"}, {5, {}, "open"}, {6, {}, "c"}};
  EXPECT_EQ(ReadUncommitted(topic), log);
  EXPECT_EQ(ReadLog(At(topic)),
            std::pair(std::vector(log.begin(), log.begin() + 2), base::Offset(5)));
  ASSERT_TRUE(other->Abort(kPatience).ok());
  ASSERT_TRUE(AwaitEnd(At(topic), 9));
  EXPECT_EQ(ReadUncommitted(topic), log);
  EXPECT_EQ(ReadLog(At(topic)),
            std::pair(std::vector<Seen>{log[0], log[1], log[4]}, base::Offset(9)));
}

TEST_P(BrokerContract, KeysGoWhereJavaPutsThem) {
  const std::string topic = NewTopic(7);
  const auto producer = NewProducer({topic});
  ASSERT_TRUE(producer->Begin().ok());
  std::map<base::TopicPartition, int64_t> expected;
  std::vector<std::string> keys = Numbered("key-", 100);
  keys.emplace_back();
  keys.emplace_back("\0\xff\x80", 3);
  for (const std::string& key : keys) {
    ASSERT_TRUE(
        producer->Produce({.topic = TopicIndex(0), .key = key, .value = {}, .headers = {}}).ok());
    ++expected[{topic, base::PartitionForKey(key, 7)}];
  }
  const CommitResult committed = producer->Commit(kPatience);
  std::map<base::TopicPartition, int64_t> found;
  for (const auto& [partition, end] : committed.ends) found[partition] = end.value();
  EXPECT_EQ(found, expected);
}

TEST_P(BrokerContract, ASecondProducerOfTheSameIdFencesTheFirst) {
  const std::string topic = NewTopic();
  const std::string id = Fresh("id");
  const auto first = NewProducer(id, {topic});
  ASSERT_TRUE(first->Begin().ok());
  Write(*first, {"of the first"});
  ASSERT_TRUE(first->Flush(kPatience).ok());
  const auto second = NewProducer(id, {topic});  // settles the open transaction
  const CommitResult committed = first->Commit(kPatience);
  EXPECT_EQ(committed.kind, CommitResult::Kind::kUnknown) << committed.reason;
  EXPECT_THAT(committed.reason, HasSubstr("FENCED"));
  EXPECT_EQ(first->Abort(kPatience).kind, Kind::kRestart);
  WriteCommitted(*second, {"of the second"});
  EXPECT_EQ(Values(ReadLog(At(topic)).first), std::vector<std::string>{"of the second"});
}

// The broker has something to end first, and says so: what is done then must leave a whole
// producer.
TEST_P(BrokerContract, OneThatSettlesAPredecessorsTransactionTellsItsOwnEnds) {
  const std::string topic = NewTopic();
  const ProducerSpec spec{.transactional_id = Fresh("id"),
                          .topics = {topic},
                          .reported = {TopicIndex(0)},
                          .initialize_early = true};
  std::unique_ptr<TransactionalProducer> producer;
  for (int life = 0; life < 4; ++life) {
    producer.reset();  // as after a crash: nothing is aborted
    auto made = broker().NewTransactionalProducer(spec);
    ASSERT_TRUE(made.ok()) << made.status();
    producer = *std::move(made);
    const ProduceResult ready = producer->InitTransactions(kPatience);
    ASSERT_TRUE(ready.ok()) << ready.reason;
    const CommitResult committed = WriteCommitted(*producer, {"whole"});
    ASSERT_EQ(committed.kind, CommitResult::Kind::kCommitted) << committed.reason;
    // Each life: a record and its marker, one that is left open, and the marker that ends it.
    const std::map<base::TopicPartition, base::Offset> expected = {
        {At(topic), base::Offset(4 * life + 1)}};
    EXPECT_EQ(committed.ends, expected);
    ASSERT_TRUE(producer->Begin().ok());
    Write(*producer, {"open"});
    ASSERT_TRUE(producer->Flush(kPatience).ok());
  }
  EXPECT_EQ(Values(ReadLog(At(topic)).first), std::vector<std::string>(4, "whole"));
}

TEST_P(BrokerContract, AFencedProducerCannotSendOffsets) {
  const std::string topic = NewTopic();
  const std::string id = Fresh("id");
  const auto consumer = JoinAndAssign(broker(), {topic});
  const auto first = NewProducer(id, {topic});
  ASSERT_TRUE(first->Begin().ok());
  const auto second = NewProducer(id, {topic});
  const OffsetToCommit offset{.partition = At(topic), .position = base::Offset(1), .metadata = {}};
  EXPECT_EQ(first->SendOffsets(std::span(&offset, 1), **consumer->Metadata(), kPatience).kind,
            Kind::kRestart);
}

TEST_P(BrokerContract, InitializingMayBeginInTheBackground) {
  const std::string topic = NewTopic();
  ProducerSpec spec{.transactional_id = Fresh("id"),
                    .topics = {topic},
                    .reported = {TopicIndex(0)},
                    .initialize_early = true};
  auto made = broker().NewTransactionalProducer(spec);
  ASSERT_TRUE(made.ok()) << made.status();
  const ProduceResult ready = (*made)->InitTransactions(kPatience);
  ASSERT_TRUE(ready.ok()) << ready.reason;
  EXPECT_EQ(WriteCommitted(**made, {"v"}).ends.size(), 1u);

  const absl::Duration begin = harness_->Elapsed();
  ASSERT_TRUE(broker().NewTransactionalProducer(spec).ok());  // and away with it
  EXPECT_LT(harness_->Elapsed() - begin, absl::Seconds(5));
}

TEST_P(BrokerContract, ARecordThatIsTooLargeForItsTopicIsRejected) {
  const std::string topic = NewTopic(1, {{"max.message.bytes", "2000"}});
  const std::string noise = Noise(10'000);
  const auto producer = NewProducer({topic});
  for (const bool flushed_first : {false, true}) {
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(WriteOne(*producer, noise).ok());
    if (flushed_first) {
      // Then it is known before the commit, whichever call is next.
      EXPECT_EQ(producer->Flush(kPatience).kind, Kind::kRejected);
    }
    const CommitResult committed = producer->Commit(kPatience);
    EXPECT_EQ(committed.kind, CommitResult::Kind::kRejected) << committed.reason;
    if (!flushed_first) {
      EXPECT_THAT(committed.reason, HasSubstr(topic));
    }
    const ProduceResult aborted = producer->Abort(kPatience);
    ASSERT_TRUE(aborted.ok()) << aborted.reason;
  }
  WriteCommittedInTheEnd(*producer, "small");
  EXPECT_EQ(Values(ReadLog(At(topic)).first), std::vector<std::string>{"small"});
}

TEST_P(BrokerContract, ARecordThatIsTooLargeForAnyTopicIsRejectedAtOnce) {
  const auto producer = NewProducer({NewTopic()});
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_EQ(WriteOne(*producer, std::string(70 << 20, 'x')).kind, Kind::kRejected);
}

TEST_P(BrokerContract, ATimestampThatTheTopicDoesNotTakeIsRejected) {
  const std::string topic = NewTopic(1, {{"message.timestamp.before.max.ms", "60000"}});
  const auto producer = NewProducer({topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(WriteOne(*producer, "old", base::Timestamp(1'000'000)).ok());
  const CommitResult committed = producer->Commit(kPatience);
  EXPECT_EQ(committed.kind, CommitResult::Kind::kRejected) << committed.reason;
  ASSERT_TRUE(producer->Abort(kPatience).ok());
  WriteCommittedInTheEnd(*producer, "new");
  EXPECT_EQ(Values(ReadLog(At(topic)).first), std::vector<std::string>{"new"});
}

TEST_P(BrokerContract, AfterARejectionOtherCallsOfTheTransactionTellIt) {
  const std::string topic = NewTopic(1, {{"max.message.bytes", "2000"}});
  const auto consumer = JoinAndAssign(broker(), {topic});
  const auto producer = NewProducer({topic});
  const OffsetToCommit offset{.partition = At(topic), .position = base::Offset(1), .metadata = {}};
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(WriteOne(*producer, Noise(10'000)).ok());
  Kind kind = Kind::kOk;
  ASSERT_TRUE(Eventually([&] {  // the refusal comes when the record has been sent
    kind = producer->SendOffsets(std::span(&offset, 1), **consumer->Metadata(), kPatience).kind;
    if (kind == Kind::kOk) kind = WriteOne(*producer, "next").kind;
    return kind != Kind::kOk;
  }));
  EXPECT_EQ(kind, Kind::kRejected);
  EXPECT_TRUE(producer->Abort(kPatience).ok());
}

TEST_P(BrokerContract, APlainProducerWritesWithoutATransaction) {
  const std::string topic = NewTopic(1, {{"max.message.bytes", "2000"}});
  auto made = broker().NewProducer({.transactional_id = {}, .topics = {topic}, .reported = {}});
  ASSERT_TRUE(made.ok()) << made.status();
  Producer& producer = **made;
  Write(producer, {"first"});
  ASSERT_TRUE(producer.Flush(kPatience).ok());
  ASSERT_TRUE(WriteOne(producer, Noise(10'000)).ok());
  const ProduceResult rejected = producer.Flush(kPatience);
  EXPECT_EQ(rejected.kind, Kind::kRejected) << rejected.reason;
  EXPECT_THAT(rejected.reason, HasSubstr(topic));
  Write(producer, {"second"});
  const ProduceResult flushed = producer.Flush(kPatience);
  EXPECT_TRUE(flushed.ok()) << flushed.reason;
  EXPECT_EQ(Values(ReadLog(At(topic)).first), (std::vector<std::string>{"first", "second"}));
}

TEST_P(BrokerContract, ManyRecordsFitThroughTheQueue) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  const CommitResult committed = WriteCommitted(*producer, std::vector<std::string>(200'000, "v"));
  EXPECT_EQ(committed.ends.at(At(topic)), base::Offset(200'000));
}

TEST_P(BrokerContract, ATransactionalProducerNeedsAnId) {
  EXPECT_FALSE(broker()
                   .NewTransactionalProducer({.transactional_id = {}, .topics = {}, .reported = {}})
                   .ok());
}

}  // namespace
}  // namespace streams
