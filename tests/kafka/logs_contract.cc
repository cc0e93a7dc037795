// Reading logs without a group, and what is asked and told of topics.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

LogRange RangeOf(Broker& broker, const base::TopicPartition& partition) {
  const auto reader = broker.NewLogReader();
  EXPECT_TRUE(reader.ok()) << reader.status();
  const auto ranges = (*reader)->Ranges(std::span(&partition, 1), kPatience);
  EXPECT_TRUE(ranges.ok()) << ranges.status();
  return ranges.ok() ? ranges->at(partition) : LogRange{};
}

TEST_P(BrokerContract, TopicsAreMadeWithTheDefaultReplicationFactor) {
  const std::string topic = NewTopic();  // which does not say
  const auto factor = broker().admin().DefaultReplicationFactor(kPatience);
  ASSERT_TRUE(factor.ok()) << factor.status();
  const auto found = broker().admin().DescribeTopics(std::span(&topic, 1), kPatience);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->at(topic).replication_factor, *factor);
}

TEST_P(BrokerContract, TheEndOfAnEmptyLogIsItsBeginning) {
  const std::string topic = NewTopic();
  const LogRange range = RangeOf(broker(), At(topic));
  EXPECT_EQ(range.start, base::Offset(0));
  EXPECT_EQ(range.end, base::Offset(0));
  EXPECT_EQ(ReadLog(At(topic)).second, base::Offset(0));
}

TEST_P(BrokerContract, TheEndIsPastMarkersAndAbortedRecords) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, Numbered("v", 3));  // 0 to 2, a marker at 3
  EXPECT_TRUE(AwaitEnd(At(topic), 4));
  EXPECT_EQ(ReadLog(At(topic)).second, base::Offset(4));
  WriteAborted(*producer, Numbered("aborted", 2));  // 4 and 5, a marker at 6
  EXPECT_TRUE(AwaitEnd(At(topic), 7));
  const auto [records, end] = ReadLog(At(topic), base::Offset(1));
  EXPECT_EQ(Values(records), (std::vector<std::string>{"v1", "v2"}));
  EXPECT_EQ(end, base::Offset(7));
  EXPECT_EQ(ReadLog(At(topic), base::Offset(4)).second, base::Offset(7));
}

TEST_P(BrokerContract, AnEndIsToldAgainWhenAnOpenTransactionEnds) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, {"before"});  // 0, a marker at 1
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"open"});  // 2
  ASSERT_TRUE(producer->Flush(kPatience).ok());

  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const base::TopicPartition partition = At(topic);
  const auto ranges = (*reader)->Ranges(std::span(&partition, 1), kPatience);
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  EXPECT_EQ(ranges->at(partition).end, base::Offset(3));
  EXPECT_EQ(ranges->at(partition).stable_end, base::Offset(2));
  const auto stable = (*reader)->StableEnds(std::span(&partition, 1), kPatience);
  ASSERT_TRUE(stable.ok()) << stable.status();
  EXPECT_EQ(stable->front(), base::Offset(2));
  const PartitionStart start{partition, base::Offset(0)};
  ASSERT_TRUE((*reader)->Assign(std::span(&start, 1)).ok());
  LogReader::Progress progress;
  const auto await_end = [&](int64_t end) {
    return Eventually([&] {
      EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
      return !progress.ends.empty() && progress.ends.back().from == base::Offset(end);
    });
  };
  EXPECT_TRUE(await_end(2));
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  EXPECT_TRUE(await_end(4));
}

TEST_P(BrokerContract, SeveralLogsAreReadAtOnceEachInOrder) {
  const std::string topic = NewTopic(3);
  const auto producer = NewProducer({topic});
  for (int p = 0; p < 3; ++p) {
    WriteCommitted(*producer, Numbered(absl::StrCat(p, "-"), 15'000), base::Partition(p));
  }
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<PartitionStart> starts;
  for (int p = 0; p < 3; ++p) starts.push_back({At(topic, p), base::Offset(100 * p)});
  ASSERT_TRUE((*reader)->Assign(starts).ok());
  std::map<base::Partition, int64_t> next;
  for (const PartitionStart& start : starts) next[start.partition.partition] = start.from.value();
  LogReader::Progress progress;
  size_t ended = 0;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
    for (const Message& message : progress.messages) {
      EXPECT_EQ(message.view().offset.value(), next[message.view().partition]++);
    }
    ended += progress.ends.size();
    return ended == 3;
  }));
  for (const auto& [partition, offset] : next) EXPECT_EQ(offset, 15'000);
}

TEST_P(BrokerContract, ANewAssignmentOfAReaderEndsTheOld) {
  const std::string topic = NewTopic(2);
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, Numbered("a", 5000), base::Partition(0));
  WriteCommitted(*producer, Numbered("b", 10), base::Partition(1));
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  LogReader::Progress progress;
  for (int i = 0; i < 5; ++i) {
    const PartitionStart first{At(topic, 0), base::Offset(0)};
    ASSERT_TRUE((*reader)->Assign(std::span(&first, 1)).ok());
    ASSERT_TRUE(Eventually([&] {
      EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
      return !progress.messages.empty();
    }));
    const PartitionStart second{At(topic, 1), base::Offset(3)};
    ASSERT_TRUE((*reader)->Assign(std::span(&second, 1)).ok());
    std::vector<Seen> seen;
    ASSERT_TRUE(Eventually([&] {
      EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
      for (const Message& message : progress.messages) seen.push_back(See(message.view()));
      return !progress.ends.empty();
    }));
    ASSERT_EQ(seen.size(), 7u);
    EXPECT_EQ(seen.front(), (Seen{3, std::nullopt, "b3"}));
  }
}

TEST_P(BrokerContract, APeekShowsTheFirstCommittedRecordsAndThenAllIsRead) {
  const std::string topic = NewTopic(2);
  const auto producer = NewProducer({topic});
  WriteAborted(*producer, Numbered("aborted", 10));  // in partition 0
  WriteCommitted(*producer, Numbered("a", 20'000), base::Partition(0));
  WriteCommitted(*producer, Numbered("b", 3), base::Partition(1));
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const std::vector<PartitionStart> starts = {{At(topic, 0), base::Offset(0)},
                                              {At(topic, 1), base::Offset(1)}};
  const std::vector<base::TopicPartition> partitions = {At(topic, 0), At(topic, 1)};
  ASSERT_TRUE((*reader)->Ranges(partitions, kPatience).ok());
  LogReader::Progress progress;
  for (int i = 0; i < 3; ++i) {
    std::map<base::Partition, Seen> first;
    ASSERT_TRUE((*reader)->Peek(starts).ok());
    ASSERT_TRUE(Eventually([&] {
      EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
      for (const Message& message : progress.messages) {
        first.emplace(message.view().partition, See(message.view()));
      }
      return first.size() == 2;
    }));
    EXPECT_EQ(first[base::Partition(0)].value, "a0");
    EXPECT_EQ(first[base::Partition(1)].value, "b1");

    ASSERT_TRUE((*reader)->Assign(std::span(starts).first(1)).ok());
    std::vector<std::string> all;
    ASSERT_TRUE(Eventually([&] {
      EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
      for (const Message& message : progress.messages) {
        all.emplace_back(*message.view().value);
      }
      return !progress.ends.empty();
    }));
    EXPECT_EQ(all, Numbered("a", 20'000));
  }
}

TEST_P(BrokerContract, AReadersPollReturnsWithTheFirstThing) {
  const std::string topic = NewTopic();
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const PartitionStart start{At(topic), base::Offset(0)};
  const absl::Duration begin = harness_->Elapsed();
  ASSERT_TRUE((*reader)->Assign(std::span(&start, 1)).ok());
  LogReader::Progress progress;
  ASSERT_TRUE((*reader)->Poll(kPatience, &progress).ok());
  EXPECT_EQ(progress.ends.size(), 1u);
  EXPECT_LT(harness_->Elapsed() - begin, kPatience / 2);
}

TEST_P(BrokerContract, AReadersPositionThatIsNotInTheLogIsAnError) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 10));
  const PartitionStart before{At(topic), base::Offset(5)};
  ASSERT_TRUE(broker().admin().DeleteRecords(std::span(&before, 1), kPatience).ok());
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  for (const int64_t from : {2, 900}) {
    const PartitionStart start{At(topic), base::Offset(from)};
    ASSERT_TRUE((*reader)->Assign(std::span(&start, 1)).ok());
    absl::Status failed;
    LogReader::Progress progress;
    ASSERT_TRUE(Eventually([&] {
      failed = (*reader)->Poll(absl::Milliseconds(20), &progress);
      return !failed.ok();
    }));
    EXPECT_TRUE(absl::IsOutOfRange(failed)) << failed;
    EXPECT_THAT(std::string(failed.message()), HasSubstr(base::ToString(At(topic))));
  }
}

// ------------------------------------------------------------------------- topics

TEST_P(BrokerContract, TopicsAreMadeWithTheirSettings) {
  const std::string topic =
      NewTopic(4, {{"cleanup.policy", "compact"}, {"delete.retention.ms", "604800000"}});
  const std::string missing = Fresh("missing");
  const auto found = broker().admin().DescribeTopics(std::vector{topic, missing}, kPatience);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->at(topic).partitions, 4);
  EXPECT_GE(found->at(topic).replication_factor, 1);
  const auto settings = broker().admin().TopicSettings(topic, kPatience);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->at("cleanup.policy"), "compact");
  EXPECT_EQ(settings->at("delete.retention.ms"), "604800000");
  EXPECT_FALSE(broker().admin().TopicSettings(missing, kPatience).ok());
}

TEST_P(BrokerContract, ATopicThatIsThereStaysAsItIs) {
  const std::string topic = NewTopic(2);
  const TopicSpec again{.name = topic, .partitions = 5, .settings = {}};
  EXPECT_TRUE(broker().admin().CreateTopics(std::span(&again, 1), kPatience).ok());
  const auto found = broker().admin().DescribeTopics(std::vector{topic}, kPatience);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->at(topic).partitions, 2);
}

TEST_P(BrokerContract, ASettingThatDoesNotExistIsAnErrorThatNamesTheTopic) {
  const TopicSpec spec{.name = Fresh("topic"), .settings = {{"no.such.setting", "1"}}};
  const absl::Status made = broker().admin().CreateTopics(std::span(&spec, 1), kPatience);
  EXPECT_TRUE(absl::IsInvalidArgument(made)) << made;
  EXPECT_THAT(std::string(made.message()), HasSubstr(spec.name));
}

TEST_P(BrokerContract, ANewTopicCanBeUsedAtOnce) {
  for (int i = 0; i < 3; ++i) {
    const std::string topic = NewTopic();
    EXPECT_EQ(RangeOf(broker(), At(topic)).end, base::Offset(0));
    EXPECT_EQ(WriteCommitted(*NewProducer({topic}), {"v"}).ends.size(), 1u);
  }
}

TEST_P(BrokerContract, DeletedRecordsAreGone) {
  const std::string topic = NewTopic(2);
  WriteCommitted(*NewProducer({topic}), Numbered("v", 10));
  const PartitionStart before{At(topic), base::Offset(4)};
  ASSERT_TRUE(broker().admin().DeleteRecords(std::span(&before, 1), kPatience).ok());
  EXPECT_EQ(RangeOf(broker(), At(topic)).start, base::Offset(4));
  EXPECT_TRUE(AwaitEnd(At(topic), 11));
  EXPECT_EQ(RangeOf(broker(), At(topic, 1)).start, base::Offset(0));
  const PartitionStart beyond{At(topic), base::Offset(400)};
  EXPECT_FALSE(broker().admin().DeleteRecords(std::span(&beyond, 1), kPatience).ok());
}

TEST_P(BrokerContract, AGroupThatNeverWasHasNoOffsets) {
  const auto offsets = broker().admin().GroupOffsets(std::vector{At(NewTopic())}, kPatience);
  ASSERT_TRUE(offsets.ok()) << offsets.status();
  EXPECT_THAT(*offsets, IsEmpty());
}

}  // namespace
}  // namespace streams
