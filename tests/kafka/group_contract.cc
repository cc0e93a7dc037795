// How partitions come and go, and whose offsets are committed.

#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr absl::Duration kShort = absl::Seconds(1);

OffsetToCommit To(const std::string& topic, int64_t position, std::string_view metadata = {}) {
  return {.partition = At(topic), .position = base::Offset(position), .metadata = metadata};
}

std::vector<PartitionStart> FromStart(const std::vector<base::TopicPartition>& partitions) {
  std::vector<PartitionStart> starts;
  for (const auto& partition : partitions) starts.push_back({partition, base::Offset(0)});
  return starts;
}

void Take(GroupConsumer& consumer, std::vector<base::TopicPartition>* assigned) {
  const GroupEvent event = consumer.Poll(absl::Milliseconds(10));
  if (event.kind == GroupEvent::Kind::kAssigned) *assigned = event.partitions;
}

TEST_P(BrokerContract, AnAssignmentMayBeAnsweredLater) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), {"v"});
  const auto consumer = Join(broker(), {topic});
  const auto partitions = Await(*consumer, GroupEvent::Kind::kAssigned);
  EXPECT_THAT(partitions, ElementsAre(At(topic)));
  const absl::Duration begin = harness_->Elapsed();
  while (harness_->Elapsed() - begin < kShort) {
    const GroupEvent event = consumer->Poll(absl::Milliseconds(20));
    ASSERT_EQ(event.kind, GroupEvent::Kind::kNone) << event.reason;
  }
  EXPECT_TRUE(consumer->Metadata().ok());
  EXPECT_FALSE(consumer->AssignmentLost());
  ASSERT_TRUE(consumer->Assign(FromStart(partitions)).ok());
  EXPECT_EQ(Read(*consumer, At(topic), 1).size(), 1u);
}

TEST_P(BrokerContract, AnAssignmentMayBeAnsweredByNothingFirst) {
  const std::string topic = NewTopic();
  WriteCommitted(*NewProducer({topic}), {"v"});
  const auto consumer = Join(broker(), {topic});
  const auto partitions = Await(*consumer, GroupEvent::Kind::kAssigned);
  ASSERT_TRUE(consumer->Assign({}).ok());
  EXPECT_EQ(consumer->Poll(absl::Milliseconds(200)).kind, GroupEvent::Kind::kNone);
  ASSERT_TRUE(consumer->Assign(FromStart(partitions)).ok());
  EXPECT_EQ(Read(*consumer, At(topic), 1).size(), 1u);
  EXPECT_FALSE(consumer->AssignmentLost());
}

TEST_P(BrokerContract, ThereIsNoMetadataBeforeAnAssignment) {
  const auto consumer = Join(broker(), {NewTopic()});
  EXPECT_FALSE(consumer->Metadata().ok());
  Await(*consumer, GroupEvent::Kind::kAssigned);
  EXPECT_TRUE(consumer->Metadata().ok());
}

TEST_P(BrokerContract, ANewMemberTakesItsShareOnceTheOtherHasGivenUp) {
  const std::string topic = NewTopic(2);
  const auto producer = NewProducer({topic});
  WriteCommitted(*producer, Numbered("a", 3), base::Partition(0));
  WriteCommitted(*producer, Numbered("b", 3), base::Partition(1));
  const auto a = JoinAndAssign(Connect(Member("a")), {topic});
  Read(*a, At(topic, 0), 2);
  const auto metadata = *a->Metadata();
  const auto b = Join(Connect(Member("b")), {topic});

  // The last commit is made before the answer, and B waits for the answer.
  const auto revoked = Await(*a, GroupEvent::Kind::kRevoked, {b.get()});
  EXPECT_THAT(revoked, ElementsAre(At(topic, 0), At(topic, 1)));
  EXPECT_FALSE(a->AssignmentLost());
  ASSERT_TRUE(producer->Begin().ok());
  const OffsetToCommit last = To(topic, 2);
  const ProduceResult sent = producer->SendOffsets(std::span(&last, 1), *metadata, kPatience);
  ASSERT_TRUE(sent.ok()) << sent.reason;
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  const absl::Duration begin = harness_->Elapsed();
  while (harness_->Elapsed() - begin < kShort) {
    ASSERT_EQ(a->Poll(absl::Milliseconds(10)).kind, GroupEvent::Kind::kNone);
    ASSERT_EQ(b->Poll(absl::Milliseconds(10)).kind, GroupEvent::Kind::kNone);
  }
  ASSERT_TRUE(a->Unassign().ok());

  // Both are told of their halves; who is first does not matter.
  std::vector<base::TopicPartition> of_a;
  std::vector<base::TopicPartition> of_b;
  ASSERT_TRUE(Eventually([&] {
    Take(*a, &of_a);
    Take(*b, &of_b);
    return !of_a.empty() && !of_b.empty();
  }));
  EXPECT_THAT(of_a, ElementsAre(At(topic, 0)));
  EXPECT_THAT(of_b, ElementsAre(At(topic, 1)));
  const auto committed = b->Committed(std::vector{At(topic, 0), At(topic, 1)}, true, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  ASSERT_EQ(committed->size(), 1u);
  EXPECT_EQ(committed->at(At(topic, 0)).offset, base::Offset(2));

  ASSERT_TRUE(a->Assign(FromStart(of_a)).ok());
  ASSERT_TRUE(b->Assign(FromStart(of_b)).ok());
  EXPECT_EQ(Values(Read(*a, At(topic, 0), 3)), Numbered("a", 3));
  EXPECT_EQ(Values(Read(*b, At(topic, 1), 3)), Numbered("b", 3));

  // What it was before, it is no more.
  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_EQ(producer->SendOffsets(std::span(&last, 1), *metadata, kPatience).kind,
            ProduceResult::Kind::kRestart);
}

// Members of equal partitions in all topics: those that have too few for all have the rest in
// their order.
TEST_P(BrokerContract, PartitionsAreAssignedInRangesEqualInAllTopics) {
  const std::string wide = NewTopic(5);
  const std::string narrow = NewTopic(3);
  const std::vector<std::string> topics = {wide, narrow};
  Identity identity = Member("b");
  identity.is_static = true;
  const auto b = JoinAndAssign(Connect(identity), topics);
  identity.member = "a";
  const auto a = Join(Connect(identity), topics);
  Await(*b, GroupEvent::Kind::kRevoked, {a.get()});
  ASSERT_TRUE(b->Unassign().ok());
  std::vector<base::TopicPartition> of_a;
  std::vector<base::TopicPartition> of_b;
  ASSERT_TRUE(Eventually([&] {
    Take(*a, &of_a);
    Take(*b, &of_b);
    return !of_a.empty() && !of_b.empty();
  }));
  EXPECT_THAT(of_a, UnorderedElementsAre(At(wide, 0), At(wide, 1), At(wide, 2), At(narrow, 0),
                                         At(narrow, 1)));
  EXPECT_THAT(of_b, UnorderedElementsAre(At(wide, 3), At(wide, 4), At(narrow, 2)));
}

TEST_P(BrokerContract, OneThatLeavesIsReplacedAtOnce) {
  const std::string topic = NewTopic();
  auto a = JoinAndAssign(Connect(Member("a")), {topic});
  const absl::Duration begin = harness_->Elapsed();
  a->Close(/*leave=*/true);
  a.reset();
  JoinAndAssign(Connect(Member("b")), {topic});
  EXPECT_LT(harness_->Elapsed() - begin, Member("a").session_timeout / 3);
}

TEST_P(BrokerContract, AStaticMemberComesBackWithoutTheOthersNoticing) {
  const std::string topic = NewTopic(2);
  Identity stays = Member("stays");
  Identity returns = Member("returns");
  stays.is_static = returns.is_static = true;
  auto away = JoinAndAssign(Connect(returns), {topic});
  const auto other = Join(Connect(stays), {topic});
  Await(*away, GroupEvent::Kind::kRevoked, {other.get()});
  ASSERT_TRUE(away->Unassign().ok());
  std::vector<base::TopicPartition> share;
  bool other_ready = false;
  ASSERT_TRUE(Eventually([&] {
    const GroupEvent mine = away->Poll(absl::Milliseconds(10));
    const GroupEvent theirs = other->Poll(absl::Milliseconds(10));
    if (mine.kind == GroupEvent::Kind::kAssigned) {
      share = mine.partitions;
      EXPECT_TRUE(away->Assign(FromStart(mine.partitions)).ok());
    }
    if (theirs.kind == GroupEvent::Kind::kAssigned) {
      other_ready = true;
      EXPECT_TRUE(other->Assign(FromStart(theirs.partitions)).ok());
    }
    return other_ready && !share.empty();
  }));

  away->Close(/*leave=*/false);
  away.reset();
  returns.nonce = "2";
  const absl::Duration begin = harness_->Elapsed();
  const auto back = Join(Connect(returns), {topic});
  EXPECT_EQ(Await(*back, GroupEvent::Kind::kAssigned, {other.get()}), share);
  EXPECT_LT(harness_->Elapsed() - begin, returns.session_timeout / 3);
  EXPECT_THAT(back->TwinClientIds(kPatience), IsEmpty());
}

TEST_P(BrokerContract, TwoOfTheSameNameFenceEachOtherUntilOneSeesTheOther) {
  const std::string topic = NewTopic();
  Identity member = Member("twin");
  member.is_static = true;
  Broker& original = Connect(member);
  member.nonce = "other-process";
  Broker& copy = Connect(member);
  auto first = JoinAndAssign(original, {topic});
  auto second = JoinAndAssign(copy, {topic});
  size_t seen = 0;
  for (int round = 0; round < 2; ++round) {
    GroupEvent event;
    ASSERT_TRUE(Eventually([&] {
      EXPECT_EQ(second->Poll(absl::ZeroDuration()).kind, GroupEvent::Kind::kNone);
      event = first->Poll(absl::Milliseconds(20));
      return event.kind == GroupEvent::Kind::kRestart;
    }));
    EXPECT_TRUE(event.fenced);
    seen += first->TwinClientIds(kPatience).size();
    first->Close(/*leave=*/false);
    // Now it fences the other.
    first = std::move(second);
    second = JoinAndAssign(round == 0 ? original : copy, {topic});
  }
  EXPECT_GE(seen, 1u);
  EXPECT_THAT(second->TwinClientIds(kPatience), IsEmpty());
}

TEST_P(BrokerContract, ADynamicMemberHasNoTwins) {
  const std::string topic = NewTopic();
  const auto consumer = JoinAndAssign(Connect(Member("single")), {topic});
  EXPECT_THAT(consumer->TwinClientIds(kPatience), IsEmpty());
}

TEST_P(BrokerContract, ACloseMayComeInsteadOfAnAnswer) {
  for (const bool is_static : {false, true}) {
    const std::string topic = NewTopic();
    Identity identity = Member("first");
    identity.group += is_static ? "-static" : "";
    identity.is_static = is_static;
    const absl::Duration begin = harness_->Elapsed();
    auto first = Join(Connect(identity), {topic});
    Await(*first, GroupEvent::Kind::kAssigned);
    first->Close(/*leave=*/false);
    first.reset();

    identity.nonce = "2";
    first = JoinAndAssign(Connect(identity), {topic});
    identity.member = "second";
    const auto second = Join(Connect(identity), {topic});
    Await(*first, GroupEvent::Kind::kRevoked, {second.get()});
    first->Close(/*leave=*/false);
    first.reset();
    EXPECT_LT(harness_->Elapsed() - begin, identity.session_timeout / 2);
    if (!is_static) Await(*second, GroupEvent::Kind::kAssigned);
  }
}

TEST_P(BrokerContract, OneThatHasLeftCannotCommit) {
  const std::string topic = NewTopic();
  auto gone = JoinAndAssign(Connect(Member("gone")), {topic});
  const auto metadata = *gone->Metadata();
  gone->Close(/*leave=*/true);
  const auto heir = JoinAndAssign(Connect(Member("heir")), {topic});
  const auto producer = NewProducer({topic});
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"of a zombie"});
  const OffsetToCommit offset = To(topic, 1);
  EXPECT_EQ(producer->SendOffsets(std::span(&offset, 1), *metadata, kPatience).kind,
            ProduceResult::Kind::kRestart);
  EXPECT_TRUE(producer->Abort(kPatience).ok());
  EXPECT_THAT(ReadLog(At(topic)).first, IsEmpty());
  const auto committed = heir->Committed(std::vector{At(topic)}, true, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(*committed, IsEmpty());
}

TEST_P(BrokerContract, StableOffsetsWaitForAnOpenTransactionAndOthersDoNot) {
  const std::string topic = NewTopic();
  const auto consumer = JoinAndAssign(broker(), {topic});
  const auto metadata = *consumer->Metadata();
  const std::vector<base::TopicPartition> both = {At(topic), At(topic + "-other")};
  const auto none = consumer->Committed(std::vector{At(topic)}, true, kPatience);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_THAT(*none, IsEmpty());

  const auto producer = NewProducer({topic});
  OffsetToCommit offset = To(topic, 5, "five");
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->SendOffsets(std::span(&offset, 1), *metadata, kPatience).ok());
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  offset = To(topic, 7, "seven");
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->SendOffsets(std::span(&offset, 1), *metadata, kPatience).ok());

  const auto unstable = consumer->Committed(std::vector{At(topic)}, false, kPatience);
  ASSERT_TRUE(unstable.ok()) << unstable.status();
  EXPECT_EQ(unstable->at(At(topic)).offset, base::Offset(5));
  EXPECT_EQ(unstable->at(At(topic)).metadata, "five");
  const auto asked = broker().admin().GroupOffsets(std::vector{At(topic)}, kPatience);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->at(At(topic)).offset, base::Offset(5));

  const absl::Duration begin = harness_->Elapsed();
  const auto stable = consumer->Committed(std::vector{At(topic)}, true, kShort);
  EXPECT_TRUE(absl::IsDeadlineExceeded(stable.status())) << stable.status();
  EXPECT_LT(harness_->Elapsed() - begin, 3 * kShort);
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  ASSERT_TRUE(Eventually([&] {  // the marker is written after the commit has returned
    const auto now = consumer->Committed(std::vector{At(topic)}, true, kPatience);
    EXPECT_TRUE(now.ok()) << now.status();
    return now.ok() && now->at(At(topic)).offset == base::Offset(7);
  }));
}

TEST_P(BrokerContract, AGroupWithAMemberIsNotForgottenAndOneWithoutLosesItsOffsets) {
  const std::string topic = NewTopic();
  auto consumer = JoinAndAssign(Connect(Member("first")), {topic});
  const auto metadata = *consumer->Metadata();
  const auto producer = NewProducer({topic});
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(SendPosition(*producer, topic, 5, *metadata).ok());
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);
  EXPECT_EQ(CommittedPosition(*consumer, topic), 5);
  EXPECT_FALSE(harness_->ForgetGroup(group_));
  EXPECT_EQ(CommittedPosition(*consumer, topic), 5);

  consumer->Close(/*leave=*/true);
  ASSERT_TRUE(Eventually([&] { return harness_->ForgetGroup(group_); }));
  const auto offsets = broker().admin().GroupOffsets(std::vector{At(topic)}, kPatience);
  ASSERT_TRUE(offsets.ok()) << offsets.status();
  EXPECT_THAT(*offsets, IsEmpty());
  // It begins anew.
  const auto second = JoinAndAssign(Connect(Member("second")), {topic});
  EXPECT_EQ(CommittedPosition(*second, topic), -1);
  ExpectRefused(*metadata, topic);
}

TEST_P(BrokerContract, OffsetsOfAnAbortedTransactionAreForgotten) {
  const std::string topic = NewTopic();
  const auto consumer = JoinAndAssign(broker(), {topic});
  const auto producer = NewProducer({topic});
  const OffsetToCommit offset = To(topic, 9);
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->SendOffsets(std::span(&offset, 1), **consumer->Metadata(), kPatience).ok());
  ASSERT_TRUE(producer->Abort(kPatience).ok());
  const auto committed = consumer->Committed(std::vector{At(topic)}, true, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(*committed, IsEmpty());
}

}  // namespace
}  // namespace streams
