#include "tests/kafka/broker_contract.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/uuid.h"

namespace streams {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);

}  // namespace

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << seen.offset << ":" << seen.key.value_or("(null)") << "="
             << seen.value.value_or("(null)");
}

Seen See(const base::RecordView& record) {
  const auto own = [](const std::optional<std::string_view>& bytes) {
    return bytes.has_value() ? std::optional(std::string(*bytes)) : std::nullopt;
  };
  return {.offset = record.offset.value(), .key = own(record.key), .value = own(record.value)};
}

std::vector<std::string> Numbered(const std::string& prefix, int count) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back(absl::StrCat(prefix, i));
  return values;
}

void BrokerContract::SetUp() {
  harness_ = GetParam()();
  group_ = Fresh("group");
  Connect(Member("bystander"));
}

void BrokerContract::TearDown() {
  brokers_.clear();
  harness_->DeleteTopics(topics_);
}

// ---------------------------------------------------------------------- the stage

std::string BrokerContract::Fresh(const std::string& what) {
  return absl::StrCat("contract-", what, "-", base::ToString(base::RandomUuid()).substr(0, 8));
}

std::string BrokerContract::NewTopic(int32_t partitions,
                                     std::map<std::string, std::string> settings) {
  const std::string name = Fresh("topic");
  const TopicSpec spec{.name = name, .partitions = partitions, .settings = std::move(settings)};
  const absl::Status made = broker().admin().CreateTopics(std::span(&spec, 1), kPatience);
  EXPECT_TRUE(made.ok()) << made;
  topics_.push_back(name);
  return name;
}

Broker& BrokerContract::Connect(const Identity& identity) {
  brokers_.push_back(harness_->Connect(identity));
  return *brokers_.back();
}

bool BrokerContract::Eventually(const std::function<bool()>& condition, absl::Duration patience) {
  const absl::Duration deadline = harness_->Elapsed() + patience;
  while (!condition()) {
    if (harness_->Elapsed() > deadline) return false;
    harness_->Pass();
  }
  return true;
}

// ---------------------------------------------------------------------- producing

std::unique_ptr<TransactionalProducer> BrokerContract::NewProducer(
    const std::vector<std::string>& topics) {
  return NewProducer(Fresh("id"), topics);
}

std::unique_ptr<TransactionalProducer> BrokerContract::NewProducer(
    const std::string& id, const std::vector<std::string>& topics) {
  return NewProducer(broker(), id, topics);
}

std::unique_ptr<TransactionalProducer> BrokerContract::NewProducer(
    Broker& broker, const std::string& id, const std::vector<std::string>& topics) {
  ProducerSpec spec{.transactional_id = id, .topics = topics, .reported = {}};
  for (uint32_t i = 0; i < topics.size(); ++i) spec.reported.emplace_back(i);
  auto producer = broker.NewTransactionalProducer(spec);
  EXPECT_TRUE(producer.ok()) << producer.status();
  const ProduceResult ready = (*producer)->InitTransactions(kPatience);
  EXPECT_TRUE(ready.ok()) << ready.reason;
  return *std::move(producer);
}

void BrokerContract::Write(Producer& producer, const std::vector<std::string>& values,
                           base::Partition partition) {
  for (const std::string& value : values) {
    const ProduceResult written = producer.Produce(
        {.topic = TopicIndex(0), .partition = partition, .key = {}, .value = value, .headers = {}});
    EXPECT_TRUE(written.ok()) << written.reason;
  }
}

CommitResult BrokerContract::WriteCommitted(TransactionalProducer& producer,
                                            const std::vector<std::string>& values,
                                            base::Partition partition) {
  const ProduceResult begun = producer.Begin();
  EXPECT_TRUE(begun.ok()) << begun.reason;
  Write(producer, values, partition);
  CommitResult committed = producer.Commit(kPatience);
  EXPECT_EQ(committed.kind, CommitResult::Kind::kCommitted) << committed.reason;
  return committed;
}

void BrokerContract::WriteAborted(TransactionalProducer& producer,
                                  const std::vector<std::string>& values) {
  const ProduceResult begun = producer.Begin();
  EXPECT_TRUE(begun.ok()) << begun.reason;
  Write(producer, values);
  // So that they are in the log.
  const ProduceResult flushed = producer.Flush(kPatience);
  EXPECT_TRUE(flushed.ok()) << flushed.reason;
  const ProduceResult aborted = producer.Abort(kPatience);
  EXPECT_TRUE(aborted.ok()) << aborted.reason;
}

ProduceResult BrokerContract::SendPosition(TransactionalProducer& producer,
                                           const std::string& topic, int64_t position,
                                           const GroupMetadata& group) {
  const OffsetToCommit offset{
      .partition = At(topic), .position = base::Offset(position), .metadata = {}};
  return producer.SendOffsets(std::span(&offset, 1), group, kPatience);
}

// ---------------------------------------------------------------------- consuming

std::unique_ptr<GroupConsumer> BrokerContract::Join(Broker& broker,
                                                    const std::vector<std::string>& topics) {
  auto consumer = broker.NewConsumer({.topics = topics});
  EXPECT_TRUE(consumer.ok()) << consumer.status();
  return *std::move(consumer);
}

std::vector<base::TopicPartition> BrokerContract::Await(GroupConsumer& which, GroupEvent::Kind kind,
                                                        const std::vector<GroupConsumer*>& others) {
  GroupEvent event;
  const bool came = Eventually([&] {
    for (GroupConsumer* other : others) {
      const GroupEvent theirs = other->Poll(absl::ZeroDuration());
      EXPECT_EQ(theirs.kind, GroupEvent::Kind::kNone) << theirs.reason;
    }
    event = which.Poll(kPoll);
    return event.kind != GroupEvent::Kind::kNone;
  });
  EXPECT_TRUE(came) << "no event came";
  EXPECT_EQ(event.kind, kind) << event.reason;
  std::sort(event.partitions.begin(), event.partitions.end());
  return event.partitions;
}

std::unique_ptr<GroupConsumer> BrokerContract::JoinAndAssign(
    Broker& broker, const std::vector<std::string>& topics) {
  auto consumer = Join(broker, topics);
  std::vector<PartitionStart> starts;
  for (const auto& partition : Await(*consumer, GroupEvent::Kind::kAssigned)) {
    starts.push_back({partition, base::Offset(0)});
  }
  const absl::Status assigned = consumer->Assign(starts);
  EXPECT_TRUE(assigned.ok()) << assigned;
  return consumer;
}

void BrokerContract::ExpectRefused(const GroupMetadata& group, const std::string& topic) {
  const auto producer = NewProducer({topic});
  const ProduceResult begun = producer->Begin();
  EXPECT_TRUE(begun.ok()) << begun.reason;
  Write(*producer, {"of a zombie"});
  const ProduceResult sent = SendPosition(*producer, topic, 1000, group);
  EXPECT_EQ(sent.kind, ProduceResult::Kind::kRestart) << sent.reason;
  const ProduceResult aborted = producer->Abort(kPatience);
  EXPECT_TRUE(aborted.ok()) << aborted.reason;
}

int64_t BrokerContract::CommittedPosition(GroupConsumer& consumer, const std::string& topic) {
  const base::TopicPartition partition = At(topic);
  const auto committed = consumer.Committed(std::span(&partition, 1), /*stable=*/true, kPatience);
  EXPECT_TRUE(committed.ok()) << committed.status();
  if (!committed.ok() || committed->empty()) return -1;
  return committed->at(partition).offset.value();
}

std::vector<Seen> BrokerContract::Read(GroupConsumer& consumer,
                                       const base::TopicPartition& partition, size_t count) {
  std::vector<Seen> seen;
  std::vector<Message> messages;
  const bool all = Eventually([&] {
    const GroupEvent event = consumer.Poll(kPoll);
    EXPECT_EQ(event.kind, GroupEvent::Kind::kNone) << event.reason;
    const absl::Status fetched = consumer.Fetch(partition, count - seen.size(), &messages);
    EXPECT_TRUE(fetched.ok()) << fetched;
    for (const Message& message : messages) seen.push_back(See(message.view()));
    messages.clear();
    return seen.size() >= count || !fetched.ok();
  });
  EXPECT_TRUE(all) << "only " << seen.size() << " of " << count << " records came";
  return seen;
}

bool BrokerContract::AwaitCaughtUp(GroupConsumer& consumer, const base::TopicPartition& partition) {
  auto reader = broker().NewLogReader();
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::vector<Message> messages;
  return Eventually([&] {
    const auto ends = (*reader)->StableEnds(std::span(&partition, 1), kPatience);
    EXPECT_TRUE(ends.ok()) << ends.status();
    const GroupEvent event = consumer.Poll(kPoll);
    EXPECT_EQ(event.kind, GroupEvent::Kind::kNone) << event.reason;
    const absl::Status fetched = consumer.Fetch(partition, 1000, &messages);
    EXPECT_TRUE(fetched.ok()) << fetched;
    EXPECT_EQ(messages.size(), 0u) << "it was thought to be read";
    return ends.ok() && consumer.Position(partition) >= ends->front();
  });
}

// ------------------------------------------------------------------ reading a log

std::pair<std::vector<Seen>, base::Offset> BrokerContract::ReadLog(
    const base::TopicPartition& partition, base::Offset from) {
  auto reader = broker().NewLogReader();
  EXPECT_TRUE(reader.ok()) << reader.status();
  const PartitionStart start{partition, from};
  const absl::Status assigned = (*reader)->Assign(std::span(&start, 1));
  EXPECT_TRUE(assigned.ok()) << assigned;
  std::vector<Seen> seen;
  LogReader::Progress progress;
  const bool ended = Eventually([&] {
    const absl::Status polled = (*reader)->Poll(kPoll, &progress);
    EXPECT_TRUE(polled.ok()) << polled;
    for (const Message& message : progress.messages) seen.push_back(See(message.view()));
    return !progress.ends.empty() || !polled.ok();
  });
  EXPECT_TRUE(ended) << "no end was told";
  return {seen, progress.ends.empty() ? base::Offset(-1) : progress.ends.back().from};
}

bool BrokerContract::AwaitEnd(const base::TopicPartition& partition, int64_t end) {
  auto reader = broker().NewLogReader();
  EXPECT_TRUE(reader.ok()) << reader.status();
  return Eventually([&] {
    const auto ranges = (*reader)->Ranges(std::span(&partition, 1), kPatience);
    EXPECT_TRUE(ranges.ok()) << ranges.status();
    return ranges.ok() && ranges->at(partition).end == base::Offset(end);
  });
}

std::vector<Seen> BrokerContract::ReadUncommitted(const std::string& topic) {
  std::vector<Seen> seen;
  harness_->ReadUncommitted(At(topic),
                            [&](const base::RecordView& record) { seen.push_back(See(record)); });
  return seen;
}

std::vector<std::string> BrokerContract::Values(const std::vector<Seen>& records) {
  std::vector<std::string> values;
  for (const Seen& record : records) values.push_back(record.value.value_or("(null)"));
  return values;
}

}  // namespace streams
