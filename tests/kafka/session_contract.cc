// Members that are gone, do not poll, or do not answer: their partitions become another's, and
// what they still try is refused.

#include "absl/strings/str_cat.h"
#include "base/uuid.h"
#include "gmock/gmock.h"
#include "tests/kafka/broker_contract.h"

namespace streams {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kSession = absl::Seconds(2);
// Longer than a session, in which a member beats that does not poll.
constexpr absl::Duration kPollInterval = absl::Seconds(3);

// Of a group of its own.
Identity Slow(const std::string& member) {
  return {.group = absl::StrCat("contract-", member, "-", base::ToString(base::RandomUuid())),
          .member = member,
          .session_timeout = kSession,
          .max_poll_interval = kPollInterval};
}

Identity OfGroup(const Identity& other, const std::string& member) {
  return {.group = other.group, .member = member};
}

TEST_P(DisturbedBroker, OneThatIsGoneHoldsItsPartitionsForASession) {
  const std::string topic = NewTopic();
  Identity mortal = Member("mortal");
  mortal.is_static = true;
  mortal.session_timeout = 2 * kSession;
  const auto producer = NewProducer({topic});
  ASSERT_TRUE(producer->Begin().ok());
  Write(*producer, {"of one that is gone"});
  ASSERT_TRUE(producer->Flush(kPatience).ok());
  auto gone = JoinAndAssign(Connect(mortal), {topic});
  const auto metadata = *gone->Metadata();
  gone->Close(/*leave=*/false);
  // In its session it is still the owner, and may end what it has begun.
  const ProduceResult sent = SendPosition(*producer, topic, 5, *metadata);
  ASSERT_TRUE(sent.ok()) << sent.reason;
  ASSERT_EQ(producer->Commit(kPatience).kind, CommitResult::Kind::kCommitted);

  const auto heir = Join(Connect(Member("heir")), {topic});
  EXPECT_THAT(Await(*heir, GroupEvent::Kind::kAssigned), ElementsAre(At(topic)));
  ExpectRefused(*metadata, topic);
  EXPECT_EQ(CommittedPosition(*heir, topic), 5);
}

TEST_P(DisturbedBroker, AStaticMemberThatComesBackTooLateIsANewOne) {
  const std::string topic = NewTopic();
  Identity mortal = Member("mortal");
  mortal.is_static = true;
  mortal.session_timeout = kSession;
  auto first = JoinAndAssign(Connect(mortal), {topic});
  const auto metadata = *first->Metadata();
  first->Close(/*leave=*/false);
  first.reset();
  auto heir = JoinAndAssign(Connect(Member("heir")), {topic});
  mortal.nonce = "2";
  const auto back = Join(Connect(mortal), {topic});
  EXPECT_THAT(Await(*heir, GroupEvent::Kind::kRevoked, {back.get()}), ElementsAre(At(topic)));
  ASSERT_TRUE(heir->Unassign().ok());
  EXPECT_THAT(back->TwinClientIds(kPatience), ElementsAre());
  ExpectRefused(*metadata, topic);
}

TEST_P(DisturbedBroker, OneThatDoesNotPollLosesItsPartitions) {
  for (const bool is_static : {false, true}) {
    const std::string topic = NewTopic();
    Identity slow = Slow(is_static ? "static" : "dynamic");
    slow.is_static = is_static;
    const auto loser = JoinAndAssign(Connect(slow), {topic});
    const auto metadata = *loser->Metadata();
    ASSERT_TRUE(Eventually([&] { return harness_->ForgetGroup(slow.group); })) << "it is a member";
    ExpectRefused(*metadata, topic);
    // It hears of it when it polls again, and is a member again then.
    EXPECT_THAT(Await(*loser, GroupEvent::Kind::kLost), ElementsAre(At(topic)));
    EXPECT_TRUE(loser->AssignmentLost());
    EXPECT_FALSE(loser->Metadata().ok());
    ASSERT_TRUE(loser->Unassign().ok());
    EXPECT_THAT(Await(*loser, GroupEvent::Kind::kAssigned), ElementsAre(At(topic)));
    EXPECT_FALSE(loser->AssignmentLost());
    ExpectRefused(*metadata, topic);
  }
}

// Then it does not know that it has lost them; the group does.
TEST_P(DisturbedBroker, ARevocationThatIsNotPolledIsNotAwaited) {
  const std::string topic = NewTopic();
  const Identity slow = Slow("slow");
  const auto loser = JoinAndAssign(Connect(slow), {topic});
  const auto metadata = *loser->Metadata();
  const auto heir = JoinAndAssign(Connect(OfGroup(slow, "heir")), {topic});
  GroupEvent event;
  ASSERT_TRUE(Eventually([&] {
    EXPECT_EQ(heir->Poll(absl::ZeroDuration()).kind, GroupEvent::Kind::kNone);
    event = loser->Poll(absl::Milliseconds(20));
    return event.kind != GroupEvent::Kind::kNone;
  }));
  EXPECT_THAT(event.partitions, ElementsAre(At(topic)));
  if (event.kind != GroupEvent::Kind::kLost) {
    EXPECT_EQ(event.kind, GroupEvent::Kind::kRevoked) << event.reason;
    EXPECT_FALSE(loser->AssignmentLost());
  }
  ExpectRefused(*metadata, topic);
  EXPECT_EQ(CommittedPosition(*heir, topic), -1);
  ASSERT_TRUE(loser->Unassign().ok());
  EXPECT_THAT(Await(*heir, GroupEvent::Kind::kRevoked, {loser.get()}), ElementsAre(At(topic)));
  EXPECT_FALSE(heir->AssignmentLost());
}

TEST_P(DisturbedBroker, AnAnswerThatDoesNotComeIsNotAwaitedForEver) {
  const std::string topic = NewTopic();
  const Identity silent = Slow("silent");
  const auto loser = JoinAndAssign(Connect(silent), {topic});
  const auto metadata = *loser->Metadata();
  // The group waits as long as its slowest member may take.
  Identity other = OfGroup(silent, "heir");
  other.session_timeout = other.max_poll_interval = kPollInterval;
  const auto heir = Join(Connect(other), {topic});
  EXPECT_THAT(Await(*loser, GroupEvent::Kind::kRevoked, {heir.get()}), ElementsAre(At(topic)));
  // It polls, and does not give them up.
  EXPECT_THAT(Await(*heir, GroupEvent::Kind::kAssigned, {loser.get()}), ElementsAre(At(topic)));
  ExpectRefused(*metadata, topic);
  EXPECT_FALSE(loser->AssignmentLost());
  ASSERT_TRUE(loser->Unassign().ok());
  ASSERT_TRUE(heir->Assign({}).ok());
  EXPECT_THAT(Await(*heir, GroupEvent::Kind::kRevoked, {loser.get()}), ElementsAre(At(topic)));
}

}  // namespace
}  // namespace streams
