// A broker that is killed and comes back, with what was acknowledged.
//
// Not here: a transaction that times out meanwhile. A real broker that looks for such as soon
// as it is back loses their markers (docs/decisions/0014-lost-markers.md).

#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Calls wait for a broker that is just starting.
constexpr absl::Duration kVeryPatient = absl::Minutes(1);

TEST_P(DisturbedBroker, AnOutageShorterThanSessionAndTransactionIsNotNoticed) {
  const std::string topic = NewTopic();
  Identity patient = Member("patient");
  patient.session_timeout = patient.transaction_timeout = kVeryPatient;
  Broker& member = Connect(patient);
  const auto producer = NewProducer(member, Fresh("id"), {topic});
  WriteCommitted(*producer, Numbered("a", 3));  // 0 to 2, a marker at 3
  WriteAborted(*producer, {"aborted"});         // 4 and 5
  ASSERT_TRUE(AwaitEnd(At(topic), 6));
  const auto consumer = JoinAndAssign(member, {topic});
  EXPECT_EQ(Values(Read(*consumer, At(topic), 2)), Numbered("a", 2));
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"before"});
  ASSERT_TRUE(producer->Flush(kPatience).ok());

  harness_->RestartBroker();

  Write(*producer, {"after"});
  const OffsetToCommit offset{.partition = At(topic), .position = base::Offset(2), .metadata = {}};
  const ProduceResult sent =
      producer->SendOffsets(std::span(&offset, 1), **consumer->Metadata(), kVeryPatient);
  ASSERT_TRUE(sent.ok()) << sent.reason;
  const CommitResult committed = producer->Commit(kVeryPatient);
  ASSERT_EQ(committed.kind, CommitResult::Kind::kCommitted) << committed.reason;
  const std::map<base::TopicPartition, base::Offset> ends = {{At(topic), base::Offset(8)}};
  EXPECT_EQ(committed.ends, ends);
  // It reads on where it was, as the member that it was.
  EXPECT_EQ(Values(Read(*consumer, At(topic), 3)),
            (std::vector<std::string>{"a2", "before", "after"}));
  EXPECT_TRUE(AwaitCaughtUp(*consumer, At(topic)));
  EXPECT_FALSE(consumer->AssignmentLost());
  EXPECT_EQ(CommittedPosition(*consumer, topic), 2);
  EXPECT_EQ(Values(ReadUncommitted(topic)),
            (std::vector<std::string>{"a0", "a1", "a2", "aborted", "before", "after"}));
}

TEST_P(DisturbedBroker, AnOutageLongerThanTheSessionTakesThePartitions) {
  const std::string topic = NewTopic();
  Identity dynamic = Member("dynamic");
  dynamic.session_timeout = kOutage;
  Identity fixed = dynamic;
  fixed.group += "-static";
  fixed.is_static = true;
  std::vector<std::shared_ptr<const GroupMetadata>> before;
  std::vector<std::unique_ptr<GroupConsumer>> losers;
  for (const Identity& identity : {dynamic, fixed}) {
    losers.push_back(JoinAndAssign(Connect(identity), {topic}));
    before.push_back(*losers.back()->Metadata());
  }
  harness_->RestartBroker();
  for (const auto& loser : losers) {
    EXPECT_THAT(Await(*loser, GroupEvent::Kind::kLost), ElementsAre(At(topic)));
    EXPECT_TRUE(loser->AssignmentLost());
    ASSERT_TRUE(loser->Unassign().ok());
  }
  EXPECT_THAT(Await(*losers[0], GroupEvent::Kind::kAssigned), ElementsAre(At(topic)));
  EXPECT_FALSE(losers[0]->AssignmentLost());

  // The static one joins again under its name, and mostly fences itself by that.
  GroupEvent event;
  ASSERT_TRUE(Eventually([&] {
    event = losers[1]->Poll(absl::Milliseconds(20));
    return event.kind != GroupEvent::Kind::kNone;
  }));
  if (event.kind == GroupEvent::Kind::kRestart) {
    EXPECT_TRUE(event.fenced) << event.reason;
    EXPECT_THAT(losers[1]->TwinClientIds(kPatience), IsEmpty());
    losers[1]->Close(/*leave=*/false);
    fixed.nonce = "2";
    JoinAndAssign(Connect(fixed), {topic});
  } else {
    EXPECT_EQ(event.kind, GroupEvent::Kind::kAssigned) << event.reason;
  }
  for (const auto& metadata : before) ExpectRefused(*metadata, topic);
}

}  // namespace
}  // namespace streams
