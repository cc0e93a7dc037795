// What becomes of compacted logs, and how they are read.

#include <algorithm>

#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::ElementsAre;

// Everything but the last segment may be cleaned at any time.
std::map<std::string, std::string> Compacted(const std::string& retention_ms) {
  return {{"cleanup.policy", "compact"},
          {"segment.ms", "1"},
          {"min.cleanable.dirty.ratio", "0.000001"},
          {"delete.retention.ms", retention_ms}};
}

constexpr char kLong[] = "604800000";

void Put(TransactionalProducer& producer, std::string_view key,
         std::optional<std::string_view> value) {
  const ProduceResult written =
      producer.Produce({.topic = TopicIndex(0), .key = key, .value = value, .headers = {}});
  EXPECT_TRUE(written.ok()) << written.reason;
}

void PutCommitted(TransactionalProducer& producer, std::string_view key,
                  std::optional<std::string_view> value) {
  EXPECT_TRUE(producer.Begin().ok());
  Put(producer, key, value);
  EXPECT_EQ(producer.Commit(kPatience).kind, CommitResult::Kind::kCommitted);
}

bool Has(const std::vector<Seen>& records, int64_t offset) {
  return std::any_of(records.begin(), records.end(),
                     [offset](const Seen& seen) { return seen.offset == offset; });
}

std::vector<Seen> WithoutFillers(std::vector<Seen> records) {
  std::erase_if(records, [](const Seen& seen) { return seen.key == "filler"; });
  return records;
}

TEST_P(DisturbedBroker, TheLatestOfEachKeyStaysWhereItWas) {
  const std::string topic = NewTopic(1, Compacted(kLong));
  const auto producer = NewProducer({topic});
  ASSERT_TRUE(producer->Begin().ok());
  Put(*producer, "a", "a0");                                                    // 0
  Put(*producer, "b", "b0");                                                    // 1
  Put(*producer, "c", "c0");                                                    // 2
  Put(*producer, "a", "a1");                                                    // 3
  Put(*producer, "b", std::nullopt);                                            // 4
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);  // 5
  PutCommitted(*producer, "d", "d0");                                           // 6 and 7
  ASSERT_TRUE(CompactUntil(topic, [](const auto& log) { return !Has(log, 0) && !Has(log, 1); }));

  const std::vector<Seen> left = {
      {2, "c", "c0"}, {3, "a", "a1"}, {4, "b", std::nullopt}, {6, "d", "d0"}};
  EXPECT_EQ(WithoutFillers(ReadLog(At(topic)).first), left);
  // The log begins where it began, and a position in a gap is good.
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const base::TopicPartition partition = At(topic);
  const auto ranges = (*reader)->Ranges(std::span(&partition, 1), kPatience);
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  EXPECT_EQ(ranges->at(partition).start, base::Offset(0));
  EXPECT_EQ(ReadLog(partition, ranges->at(partition).end).second, ranges->at(partition).end);
  EXPECT_EQ(ReadLog(partition, base::Offset(1)).first.front(), left.front());
  EXPECT_EQ(ReadLog(partition, base::Offset(5)).first.front(), left.back());

  const auto consumer = JoinAndAssign(broker(), {topic});
  EXPECT_EQ(Read(*consumer, partition, 3), std::vector(left.begin(), left.end() - 1));
  EXPECT_EQ(consumer->Position(partition), base::Offset(5));
  EXPECT_EQ(Read(*consumer, partition, 1).front(), left.back());
  const PartitionStart in_a_gap{partition, base::Offset(1)};
  ASSERT_TRUE(consumer->Seek(std::span(&in_a_gap, 1)).ok());
  EXPECT_EQ(Read(*consumer, partition, 1).front(), left.front());
}

TEST_P(DisturbedBroker, ATombstoneGoesSomeTimeAfterWhatItDeletes) {
  const std::string topic = NewTopic(1, Compacted("1"));
  const auto producer = NewProducer({topic});
  PutCommitted(*producer, "a", "a0");          // 0
  PutCommitted(*producer, "b", "b0");          // 2
  PutCommitted(*producer, "a", std::nullopt);  // 4
  ASSERT_TRUE(CompactUntil(topic, [](const auto& log) { return !Has(log, 4); }));
  EXPECT_THAT(WithoutFillers(ReadLog(At(topic)).first), ElementsAre(Seen{2, "b", "b0"}));
  EXPECT_THAT(WithoutFillers(ReadUncommitted(topic)), ElementsAre(Seen{2, "b", "b0"}));
}

TEST_P(DisturbedBroker, WhatIsAbortedGoesAndSupersedesNothing) {
  const std::string topic = NewTopic(1, Compacted(kLong));
  const auto producer = NewProducer({topic});
  PutCommitted(*producer, "a", "a0");  // 0
  ASSERT_TRUE(producer->Begin().ok());
  Put(*producer, "a", "aborted");  // 2
  ASSERT_TRUE(producer->Flush(kPatience).ok());
  ASSERT_TRUE(producer->Abort(kPatience).ok());
  ASSERT_TRUE(CompactUntil(topic, [](const auto& log) { return !Has(log, 2); }));
  EXPECT_THAT(WithoutFillers(ReadUncommitted(topic)), ElementsAre(Seen{0, "a", "a0"}));
}

TEST_P(DisturbedBroker, NothingIsCompactedThatFollowsAnOpenTransaction) {
  const std::string topic = NewTopic(1, Compacted(kLong));
  const auto producer = NewProducer({topic});
  PutCommitted(*producer, "a", "a0");  // 0
  PutCommitted(*producer, "a", "a1");  // 2
  const auto open = NewProducer({topic});
  ASSERT_TRUE(open->Begin().ok());
  Put(*open, "b", "open");  // 4
  ASSERT_TRUE(open->Flush(kPatience).ok());
  PutCommitted(*producer, "c", "c0");  // 5
  PutCommitted(*producer, "a", "a2");  // 7
  PutCommitted(*producer, "c", "c1");  // 9
  ASSERT_TRUE(CompactUntil(topic, [](const auto& log) { return !Has(log, 0); }));
  const std::vector<Seen> log = {
      {2, "a", "a1"}, {4, "b", "open"}, {5, "c", "c0"}, {7, "a", "a2"}, {9, "c", "c1"}};
  EXPECT_EQ(WithoutFillers(ReadUncommitted(topic)), log);
  ASSERT_EQ(open->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  ASSERT_TRUE(CompactUntil(topic, [](const auto& log) { return !Has(log, 2) && !Has(log, 5); }));
  EXPECT_THAT(WithoutFillers(ReadUncommitted(topic)),
              ElementsAre(Seen{4, "b", "open"}, Seen{7, "a", "a2"}, Seen{9, "c", "c1"}));
}

}  // namespace

bool DisturbedBroker::CompactUntil(const std::string& topic,
                                   const std::function<bool(const std::vector<Seen>&)>& is_so) {
  const auto filler = NewProducer({topic});
  return Eventually([&] {
    PutCommitted(*filler, "filler", "f");
    harness_->Compact();
    return is_so(ReadUncommitted(topic));
  });
}

}  // namespace streams
