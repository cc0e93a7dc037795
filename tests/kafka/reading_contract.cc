// How a member of the group reads its partitions.

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::HasSubstr;

TEST_P(BrokerContract, EachPartitionIsReadByItself) {
  const std::string topic = NewTopic(2);
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, Numbered("a", 50), base::Partition(0));
  WriteCommitted(*producer, Numbered("b", 3), base::Partition(1));

  const auto consumer = JoinAndAssign(broker(), {topic});
  EXPECT_EQ(Values(Read(*consumer, At(topic, 1), 3)), Numbered("b", 3));
  const std::vector<Seen> first = Read(*consumer, At(topic, 0), 20);
  const std::vector<Seen> rest = Read(*consumer, At(topic, 0), 30);
  std::vector<std::string> values = Values(first);
  for (const std::string& value : Values(rest)) values.push_back(value);
  EXPECT_EQ(values, Numbered("a", 50));
  EXPECT_EQ(rest.front().offset, 20);
}

TEST_P(BrokerContract, FetchKeepsToItsLimit) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 100));
  const auto consumer = JoinAndAssign(broker(), {topic});
  Read(*consumer, At(topic), 1);  // then the others are on their way
  std::vector<Message> messages;
  ASSERT_TRUE(Eventually([&] {
    consumer->Poll(absl::Milliseconds(20));
    const size_t before = messages.size();
    EXPECT_TRUE(consumer->Fetch(At(topic), 7, &messages).ok());
    EXPECT_LE(messages.size(), before + 7);
    return messages.size() == 99;
  }));
  EXPECT_EQ(messages.back().view().offset, base::Offset(99));
}

TEST_P(BrokerContract, BytesComeAsTheyWent) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  const std::string zeros("a\0b\0", 4);
  std::string key = zeros;
  std::string value = "\xff\xfe";
  std::vector<base::HeaderView> headers = {
      {"null", std::nullopt}, {"empty", ""}, {"binary", zeros}, {"twice", "1"}, {"twice", "2"}};
  ASSERT_TRUE(producer->Begin().ok());
  const auto write = [&](std::optional<std::string_view> k, std::optional<std::string_view> v,
                         std::span<const base::HeaderView> h) {
    const ProduceResult written =
        producer->Produce({.topic = TopicIndex(0),
                           .timestamp = base::Timestamp(1'600'000'000'001),
                           .key = k,
                           .value = v,
                           .headers = h});
    EXPECT_TRUE(written.ok()) << written.reason;
  };
  write(key, value, headers);
  write(std::nullopt, std::nullopt, {});
  write("", "", {});
  write(std::string_view(), std::string_view(), {});
  key = value = "overwritten, since it was copied";
  const std::vector<base::HeaderView> many(100, {"name", "value"});
  write("many", "headers", many);
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);

  const auto consumer = JoinAndAssign(broker(), {topic});
  std::vector<Message> messages;
  ASSERT_TRUE(Eventually([&] {
    consumer->Poll(absl::Milliseconds(20));
    EXPECT_TRUE(consumer->Fetch(At(topic), 10, &messages).ok());
    return messages.size() == 5;
  }));
  const base::RecordView& first = messages[0].view();
  EXPECT_EQ(first.topic, topic);
  EXPECT_EQ(first.partition, base::Partition(0));
  EXPECT_EQ(first.timestamp, base::Timestamp(1'600'000'000'001));
  EXPECT_EQ(See(first), (Seen{0, zeros, "\xff\xfe"}));
  EXPECT_EQ(See(messages[1].view()), (Seen{1, std::nullopt, std::nullopt}));
  EXPECT_EQ(See(messages[2].view()), (Seen{2, "", ""}));
  EXPECT_EQ(See(messages[3].view()), (Seen{3, "", ""}));
  // The messages move, and are asked late and again: their headers stay.
  const std::vector<Message> moved = std::move(messages);
  for (int again = 0; again < 2; ++again) {
    const std::span<const base::HeaderView> found = moved[0].view().headers.get();
    ASSERT_EQ(found.size(), headers.size());
    for (size_t i = 0; i < headers.size(); ++i) {
      EXPECT_EQ(found[i].name, headers[i].name);
      EXPECT_EQ(found[i].value, headers[i].value);
    }
    EXPECT_EQ(moved[1].view().headers.size(), 0u);
    EXPECT_EQ(moved[4].view().headers.size(), 100u);
  }
}

TEST_P(BrokerContract, PollWakesWhenARecordCanBeFetched) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  const auto consumer = JoinAndAssign(broker(), {topic});
  ASSERT_TRUE(AwaitCaughtUp(*consumer, At(topic)));

  std::thread writer([&] { WriteCommitted(*producer, {"late"}); });
  const absl::Duration before = harness_->Elapsed();
  std::vector<Message> messages;
  while (messages.empty() && harness_->Elapsed() - before < kPatience) {
    consumer->Poll(kPatience);  // would be slept through if nothing woke it
    ASSERT_TRUE(consumer->Fetch(At(topic), 1, &messages).ok());
  }
  writer.join();
  EXPECT_EQ(messages.size(), 1u);
  EXPECT_LT(harness_->Elapsed() - before, kPatience / 2);
}

TEST_P(BrokerContract, PollReturnsWhereAFetchLeftRecords) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 10));
  const auto consumer = JoinAndAssign(broker(), {topic});
  std::vector<Seen> seen;
  const absl::Duration before = harness_->Elapsed();
  while (seen.size() < 10 && harness_->Elapsed() - before < kPatience) {
    consumer->Poll(kPatience);
    std::vector<Message> messages;
    ASSERT_TRUE(consumer->Fetch(At(topic), 1, &messages).ok());
    for (const Message& message : messages) seen.push_back(See(message.view()));
  }
  EXPECT_EQ(seen.size(), 10u);
  EXPECT_LT(harness_->Elapsed() - before, kPatience / 2);
}

// ------------------------------------------------------------- where the end is

TEST_P(BrokerContract, MarkersBehindTheLastRecordDoNotHideTheEnd) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, Numbered("v", 3));
  WriteAborted(*producer, Numbered("aborted", 3));
  const auto consumer = JoinAndAssign(broker(), {topic});
  Read(*consumer, At(topic), 3);
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));

  WriteCommitted(*producer, {"more"});
  EXPECT_EQ(Values(Read(*consumer, At(topic), 1)), std::vector<std::string>{"more"});
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
}

TEST_P(BrokerContract, ThePositionIsThatOfTheNextRecordToBeFetched) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  const auto consumer = JoinAndAssign(broker(), {topic});
  EXPECT_EQ(consumer->Position(At(topic)), base::Offset(0));
  WriteCommitted(*producer, Numbered("v", 10));
  for (int64_t i = 1; i < 10; ++i) {
    Read(*consumer, At(topic), 1);
    EXPECT_EQ(consumer->Position(At(topic)), base::Offset(i));
  }
  Read(*consumer, At(topic), 1);
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
  EXPECT_EQ(consumer->Position(At(topic)), base::Offset(11));  // the marker holds no record
}

TEST_P(BrokerContract, AnOpenTransactionIsTheEndUntilItCommits) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, {"before"});
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"open"});
  ASSERT_TRUE(producer->Flush(kPatience).ok());

  const auto consumer = JoinAndAssign(broker(), {topic});
  EXPECT_EQ(Values(Read(*consumer, At(topic), 1)), std::vector<std::string>{"before"});
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  EXPECT_EQ(Values(Read(*consumer, At(topic), 1)), std::vector<std::string>{"open"});
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
}

TEST_P(BrokerContract, ASeekAndAnAssignmentMoveThePositionAtOnce) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 3));
  const auto consumer = JoinAndAssign(broker(), {topic});
  const PartitionStart start{At(topic), base::Offset(0)};
  for (int i = 0; i < 20; ++i) {
    Read(*consumer, At(topic), 3);
    ASSERT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
    const absl::Status moved =
        i % 2 == 0 ? consumer->Seek(std::span(&start, 1)) : consumer->Assign(std::span(&start, 1));
    ASSERT_TRUE(moved.ok()) << moved;
    // What is still on its way from before counts no more.
    std::vector<Message> messages;
    ASSERT_TRUE(consumer->Fetch(At(topic), 10, &messages).ok());
    EXPECT_EQ(consumer->Position(At(topic)), base::Offset(static_cast<int64_t>(messages.size())));
    ASSERT_TRUE(consumer->Seek(std::span(&start, 1)).ok());
  }
}

TEST_P(BrokerContract, ASeekToTheEndFindsTheEndAgain) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 3));
  const auto consumer = JoinAndAssign(broker(), {topic});
  Read(*consumer, At(topic), 3);
  ASSERT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
  const PartitionStart end{At(topic), base::Offset(4)};
  ASSERT_TRUE(consumer->Seek(std::span(&end, 1)).ok());
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
}

// ---------------------------------------------------------------------- positions

TEST_P(BrokerContract, ASeekGoesOnFromItsPositionWithoutGapOrRepetition) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  const std::vector<std::string> values = Numbered("v", 3000);
  WriteCommitted(*producer, values);
  const auto consumer = JoinAndAssign(broker(), {topic});
  for (const int from : {2, 1500, 0, 2999, 700}) {
    Read(*consumer, At(topic), from == 2 ? 1000 : 1);  // others are fetched already
    const PartitionStart start{At(topic), base::Offset(from)};
    ASSERT_TRUE(consumer->Seek(std::span(&start, 1)).ok());
    const std::vector<Seen> seen =
        Read(*consumer, At(topic), std::min<size_t>(500, 3000 - static_cast<size_t>(from)));
    for (size_t i = 0; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i].offset, from + static_cast<int64_t>(i));
    }
    const PartitionStart begin{At(topic), base::Offset(0)};
    ASSERT_TRUE(consumer->Seek(std::span(&begin, 1)).ok());
  }
}

TEST_P(BrokerContract, ASeekMayFollowAnAssignmentAtOnce) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 10));
  const auto consumer = JoinAndAssign(broker(), {topic});
  for (int64_t i = 0; i < 5; ++i) {
    const PartitionStart start{At(topic), base::Offset(0)};
    const PartitionStart sought{At(topic), base::Offset(i)};
    ASSERT_TRUE(consumer->Assign(std::span(&start, 1)).ok());
    const absl::Status moved = consumer->Seek(std::span(&sought, 1));
    ASSERT_TRUE(moved.ok()) << moved;
    EXPECT_EQ(Read(*consumer, At(topic), 1).front().offset, i);
  }
}

TEST_P(BrokerContract, AssignmentsMayFollowEachOtherAtOnce) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 10));
  const auto consumer = JoinAndAssign(broker(), {topic});
  auto reader = broker().NewLogReader();
  ASSERT_TRUE(reader.ok()) << reader.status();
  const PartitionStart start{At(topic), base::Offset(2)};
  for (int i = 0; i < 101; ++i) {
    ASSERT_TRUE(consumer->Assign(std::span(&start, 1)).ok());
    ASSERT_TRUE((*reader)->Assign(std::span(&start, 1)).ok());
    if (i % 3 != 0) continue;
    ASSERT_TRUE(consumer->Unassign().ok());
    ASSERT_TRUE((*reader)->Assign({}).ok());
  }
  EXPECT_EQ(Read(*consumer, At(topic), 8).front().offset, 2);
  LogReader::Progress progress;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_TRUE((*reader)->Poll(absl::Milliseconds(20), &progress).ok());
    return !progress.messages.empty();
  }));
  EXPECT_EQ(progress.messages.front().view().offset, base::Offset(2));
}

TEST_P(BrokerContract, PartitionsThatAreNotAssignedAnyMoreAreNotRead) {
  const std::string topic = NewTopic(2);
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, Numbered("a", 5), base::Partition(0));
  WriteCommitted(*producer, Numbered("b", 5), base::Partition(1));
  const auto consumer = JoinAndAssign(broker(), {topic});
  Read(*consumer, At(topic, 0), 1);
  Read(*consumer, At(topic, 1), 1);
  const PartitionStart only{At(topic, 1), base::Offset(2)};
  ASSERT_TRUE(consumer->Assign(std::span(&only, 1)).ok());
  std::vector<Message> messages;
  EXPECT_FALSE(consumer->Fetch(At(topic, 0), 10, &messages).ok());
  EXPECT_EQ(Values(Read(*consumer, At(topic, 1), 3)), (std::vector<std::string>{"b2", "b3", "b4"}));
}

TEST_P(BrokerContract, APositionThatIsNotInTheLogIsAnErrorThatNamesIt) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), Numbered("v", 10));
  const PartitionStart before{At(topic), base::Offset(5)};
  ASSERT_TRUE(broker().admin().DeleteRecords(std::span(&before, 1), kPatience).ok());
  const auto consumer = Join(broker(), {topic});
  Await(*consumer, GroupEvent::Kind::kAssigned);
  for (const int64_t from : {3, 5000}) {
    const PartitionStart start{At(topic), base::Offset(from)};
    ASSERT_TRUE(consumer->Assign(std::span(&start, 1)).ok());
    absl::Status failed;
    std::vector<Message> messages;
    ASSERT_TRUE(Eventually([&] {
      consumer->Poll(absl::Milliseconds(20));
      failed = consumer->Fetch(At(topic), 10, &messages);
      return !failed.ok() || !messages.empty();
    }));
    EXPECT_TRUE(absl::IsOutOfRange(failed)) << failed;
    EXPECT_THAT(std::string(failed.message()), HasSubstr(base::ToString(At(topic))));
    EXPECT_THAT(std::string(failed.message()), HasSubstr(absl::StrCat(from)));
    // It stays so: nobody may take the silence for the end.
    EXPECT_TRUE(absl::IsOutOfRange(consumer->Fetch(At(topic), 10, &messages)));
  }
  const PartitionStart start{At(topic), base::Offset(5)};
  ASSERT_TRUE(consumer->Assign(std::span(&start, 1)).ok());
  EXPECT_EQ(Read(*consumer, At(topic), 5).front().offset, 5);
}

TEST_P(BrokerContract, ABatchOfManyIsReadInOrder) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    const auto values = Numbered(absl::StrCat(i, "-"), 2000);
    WriteCommitted(*producer, values);
    WriteAborted(*producer, {"aborted"});
    expected.insert(expected.end(), values.begin(), values.end());
  }
  const auto consumer = JoinAndAssign(broker(), {topic});
  EXPECT_EQ(Values(Read(*consumer, At(topic), expected.size())), expected);
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
}

TEST_P(BrokerContract, AReaderThatIsABitSlowIsNotKeptWaiting) {
  const std::string topic = NewTopic();
  const auto producer = NewProducer({topic});
  constexpr size_t kRecords = 600'000;
  for (size_t written = 0; written < kRecords; written += 100'000) {
    WriteCommitted(*producer, std::vector<std::string>(100'000, "v"));
  }
  const auto consumer = JoinAndAssign(broker(), {topic});
  std::vector<Message> messages;
  size_t read = 0;
  int pauses = 0;
  absl::Duration last = harness_->Elapsed();
  while (read < kRecords && harness_->Elapsed() - last < kPatience) {
    consumer->Poll(absl::Milliseconds(20));
    ASSERT_TRUE(consumer->Fetch(At(topic), 1000, &messages).ok());
    if (messages.empty()) continue;
    read += messages.size();
    messages.clear();
    if (harness_->Elapsed() - last > absl::Milliseconds(500)) ++pauses;
    const absl::Duration busy_until = harness_->Elapsed() + absl::Microseconds(700);
    while (harness_->Elapsed() < busy_until) {
    }
    last = harness_->Elapsed();
  }
  EXPECT_EQ(read, kRecords);
  EXPECT_LE(pauses, 1);
}

}  // namespace
}  // namespace streams
