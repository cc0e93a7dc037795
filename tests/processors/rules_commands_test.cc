// What commands do where all their checks pass, and whose world and id they announce.

#include <gtest/gtest.h>

#include "tests/processors/rules_harness.h"

namespace rules {
namespace {

// 1 leads party 50 with 2 and 3, 4 and 5 are in none; each is in the world of its number.
World Prepared() {
  World world;
  world.AddParty(50, {1, 2, 3});
  for (uint8_t id = 1; id <= 5; ++id) world.Add(id).world = model::WorldId(id);
  return world;
}

std::vector<uint32_t> MembersOf(const World& world, uint32_t party) {
  std::vector<uint32_t> ids;
  for (const auto member : world.party(Party(party))->members) ids.push_back(member.value());
  return ids;
}

TEST(CreateTest, FoundsAndLeads) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Create(4)), Lines({"CREATED actor 4 world 4 party 1000000000"}));
  EXPECT_EQ(world.character(Character(4))->party, model::kFirstPartyId);
  EXPECT_EQ(world.party(model::kFirstPartyId)->leader, Character(4));
  EXPECT_EQ(MembersOf(world, 1'000'000'000), std::vector<uint32_t>({4}));
  EXPECT_EQ(world.Send(Create(5)), Lines({"CREATED actor 5 world 5 party 1000000001"}));
  EXPECT_EQ(world.next, Party(1'000'000'002));
}

TEST(CreateTest, IdsAreNotGivenOutAgain) {
  World world = Prepared();
  world.Send(Create(4));
  world.Send(Leave(4, 1'000'000'000));
  EXPECT_EQ(world.Send(Create(4)), Lines({"CREATED actor 4 world 4 party 1000000001"}));
}

TEST(CreateTest, TheLastId) {
  World world = Prepared();
  world.next = Party(0xfffffffe);
  EXPECT_EQ(world.Send(Create(4)), Lines({"CREATED actor 4 world 4 party 4294967294"}));
  EXPECT_EQ(world.Send(Create(5)), Lines({"ERROR ERROR_UNEXPECTED actor 5 world 5 party 0"}));
  // An invite to a party that is there needs no id.
  EXPECT_EQ(world.Send(Invite(4, 5)), Lines({"INVITE 4->5 world 4 party 4294967294"}));
}

TEST(CreateTest, Beginners) {
  const auto founds = [](std::optional<uint16_t> job) {
    World world;
    if (model::Character& founder = world.Add(1); job.has_value()) {
      founder.job = model::JobId(*job);
    }
    return world.Send(Create(1))[0].starts_with("CREATED");
  };
  for (const uint16_t job : {0, 99, 1000, 1099, 2000, 2099}) EXPECT_FALSE(founds(job)) << job;
  for (const uint16_t job : {100, 999, 1100, 1999, 2100, 3000, 65535}) {
    EXPECT_TRUE(founds(job)) << job;
  }
  EXPECT_TRUE(founds(std::nullopt));
}

TEST(CreateTest, WhoIsKnownToBeNoGmFounds) {
  World world = Prepared();
  world.Add(4).gm = false;
  EXPECT_EQ(world.Send(Create(4)), Lines({"CREATED actor 4 world 4 party 1000000000"}));
}

TEST(JoinTest, JoinsLast) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Join(5, 50)), Lines({"JOINED actor 5 world 5 party 50"}));
  EXPECT_EQ(world.Send(Join(4, 50)), Lines({"JOINED actor 4 world 4 party 50"}));
  EXPECT_EQ(MembersOf(world, 50), std::vector<uint32_t>({1, 2, 3, 5, 4}));
  EXPECT_EQ(world.character(Character(4))->party, Party(50));
}

TEST(JoinTest, TheSixthJoins) {
  World world;
  world.AddParty(50, {1, 2, 3, 4, 5});
  world.Add(6);
  EXPECT_EQ(world.Send(Join(6, 50)), Lines({"JOINED actor 6 world 0 party 50"}));
}

TEST(JoinTest, BeginnersAndGmsMayJoin) {
  World world = Prepared();
  world.Add(4).job = model::JobId(0);
  world.Add(5).gm = true;
  EXPECT_EQ(world.Send(Join(4, 50)), Lines({"JOINED actor 4 world 4 party 50"}));
  EXPECT_EQ(world.Send(Join(5, 50)), Lines({"JOINED actor 5 world 5 party 50"}));
}

TEST(AcceptedTest, JoinsAsByJoin) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Accepted(4, 50, 8)), Lines({"JOINED actor 4 world 4 party 50"}));
  EXPECT_EQ(MembersOf(world, 50), std::vector<uint32_t>({1, 2, 3, 4}));
}

TEST(AcceptedTest, TheRecordsWorldCountsLast) {
  World world = Prepared();
  world.Add(4).world.reset();
  EXPECT_EQ(world.Send(Accepted(4, 50, 8)), Lines({"JOINED actor 4 world 1 party 50"}));
  world.Add(5).world.reset();
  world.Add(1).world.reset();
  EXPECT_EQ(world.Send(Accepted(5, 50, 8)), Lines({"JOINED actor 5 world 8 party 50"}));
  EXPECT_EQ(world.Send(Accepted(99, 77, 8)),
            Lines({"ERROR ERROR_UNEXPECTED actor 99 world 8 party 77"}));
}

TEST(LeaveTest, AMemberLeaves) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Leave(2, 50)), Lines({"LEFT actor 2 world 2 party 50"}));
  EXPECT_EQ(MembersOf(world, 50), std::vector<uint32_t>({1, 3}));
  EXPECT_EQ(world.character(Character(2))->party, std::nullopt);
}

TEST(LeaveTest, WithoutForceTheNamedOneIsNotTheOneWhoLeaves) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Command(2, model::LeaveParty{Party(50), false, Character(3)})),
            Lines({"LEFT actor 2 world 2 party 50"}));
}

TEST(LeaveTest, TheLeaderDisbandsInTheOrderOfJoining) {
  World world = Prepared();
  world.Send(ChangeLeader(0, 50, 2));
  world.Send(Join(5, 50));
  EXPECT_EQ(world.Send(Leave(2, 50)), Lines({"DISBAND 1,2,3,5 actor 2 world 2 party 50"}));
  EXPECT_EQ(world.party(Party(50)), nullptr);
  for (const auto& [id, character] : world.characters) EXPECT_FALSE(character.party.has_value());
}

TEST(LeaveTest, WhoIsAloneDisbands) {
  World world;
  world.AddParty(50, {1});
  EXPECT_EQ(world.Send(Leave(1, 50)), Lines({"DISBAND 1 actor 1 world 0 party 50"}));
}

TEST(ExpelTest, ByTheLeader) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Expel(1, 50, 2)), Lines({"EXPEL 2 actor 1 world 1 party 50"}));
  EXPECT_EQ(MembersOf(world, 50), std::vector<uint32_t>({1, 3}));
  EXPECT_EQ(world.character(Character(2))->party, std::nullopt);
}

TEST(ExpelTest, OfOneself) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Expel(2, 50, 2)), Lines({"EXPEL 2 actor 2 world 2 party 50"}));
  EXPECT_EQ(world.Send(Expel(3, 50, 0)), Lines({"EXPEL 3 actor 3 world 3 party 50"}));
}

TEST(ExpelTest, OfTheLeaderDisbands) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Expel(1, 50, 0)), Lines({"DISBAND 1,2,3 actor 1 world 1 party 50"}));
}

TEST(ExpelTest, BySystem) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Expel(0, 50, 2)), Lines({"EXPEL 2 actor 0 world 2 party 50"}));
  EXPECT_EQ(world.Send(Expel(0, 50, 1)), Lines({"DISBAND 1,3 actor 1 world 1 party 50"}));
}

TEST(ChangeLeaderTest, DoesNotReorder) {
  World world = Prepared();
  world.Add(2).world = world.Add(1).world;
  EXPECT_EQ(world.Send(ChangeLeader(1, 50, 2)),
            Lines({"CHANGE_LEADER 2 actor 1 world 1 party 50"}));
  EXPECT_EQ(world.party(Party(50))->leader, Character(2));
  EXPECT_EQ(MembersOf(world, 50), std::vector<uint32_t>({1, 2, 3}));
  EXPECT_TRUE(world.decision.characters.empty());
}

TEST(ChangeLeaderTest, ToOneselfIsAnnouncedAndNotWritten) {
  World world = Prepared();
  EXPECT_EQ(world.Send(ChangeLeader(1, 50, 1)),
            Lines({"CHANGE_LEADER 1 actor 1 world 1 party 50"}));
  EXPECT_FALSE(world.wrote());
}

TEST(ChangeLeaderTest, BySystemFromAnywhere) {
  World world = Prepared();
  EXPECT_EQ(world.Send(ChangeLeader(0, 50, 3)),
            Lines({"CHANGE_LEADER 3 actor 0 world 3 party 50"}));
}

TEST(ChangeLeaderTest, WhatIsNotKnownPasses) {
  const auto passes = [](auto forget, uint32_t of) {
    World world;
    world.AddParty(50, {1, 2});
    for (const uint32_t id : {1, 2}) {
      world.Add(id).world = model::WorldId(static_cast<uint8_t>(id));
      world.Add(id).channel = model::ChannelId(static_cast<uint8_t>(id));
      world.Add(id).location = model::Location{model::MapId(id), {}};
    }
    // The others are equal: only what is forgotten differs.
    model::Character& forgetful = world.Add(of);
    const model::Character other = world.Add(3 - of);
    const auto party = forgetful.party;
    forgetful = other;
    forgetful.party = party;
    forget(forgetful);
    return world.Send(ChangeLeader(1, 50, 2))[0].starts_with("CHANGE_LEADER");
  };
  for (const uint32_t of : {1, 2}) {
    EXPECT_TRUE(passes([](model::Character& it) { it.world.reset(); }, of));
    EXPECT_TRUE(passes([](model::Character& it) { it.channel.reset(); }, of));
    EXPECT_TRUE(passes([](model::Character& it) { it.location.reset(); }, of));
    EXPECT_FALSE(passes([](model::Character& it) { it.channel = model::ChannelId(77); }, of));
  }
}

TEST(RequestInviteTest, ToTheActorsParty) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Invite(2, 4)), Lines({"INVITE 2->4 world 2 party 50"}));
  EXPECT_FALSE(world.wrote());
}

TEST(RequestInviteTest, FoundsAPartyFirst) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Invite(4, 5)), Lines({"CREATED actor 4 world 4 party 1000000000",
                                             "INVITE 4->5 world 4 party 1000000000"}));
  EXPECT_EQ(world.character(Character(4))->party, model::kFirstPartyId);
  EXPECT_EQ(world.character(Character(5))->party, std::nullopt);
  EXPECT_EQ(MembersOf(world, 1'000'000'000), std::vector<uint32_t>({4}));
  EXPECT_EQ(world.Send(Invite(4, 5)), Lines({"INVITE 4->5 world 4 party 1000000000"}));
}

TEST(RequestInviteTest, ABeginnerInAPartyMayInvite) {
  World world = Prepared();
  world.Add(2).job = model::JobId(0);
  world.Add(2).gm = true;
  EXPECT_EQ(world.Send(Invite(2, 4)), Lines({"INVITE 2->4 world 2 party 50"}));
}

// The actor's; that of whom the record is about; the party leader's; 0.
TEST(WorldTest, ActorThenAboutThenLeaderThenZero) {
  World world = Prepared();
  world.Add(2).world.reset();
  EXPECT_EQ(world.Send(Invite(2, 4)), Lines({"INVITE 2->4 world 4 party 50"}));
  world.Add(4).world.reset();
  EXPECT_EQ(world.Send(Invite(2, 4)), Lines({"INVITE 2->4 world 1 party 50"}));
  world.Add(1).world.reset();
  EXPECT_EQ(world.Send(Invite(2, 4)), Lines({"INVITE 2->4 world 0 party 50"}));
}

TEST(WorldTest, WhoJoinsOrLeavesHasTheLeadersNext) {
  World world = Prepared();
  world.Add(2).world.reset();
  world.Add(4).world.reset();
  EXPECT_EQ(world.Send(Join(4, 50)), Lines({"JOINED actor 4 world 1 party 50"}));
  EXPECT_EQ(world.Send(Leave(2, 50)), Lines({"LEFT actor 2 world 1 party 50"}));
}

TEST(WorldTest, TheExpelledAndTheNewLeaderComeBeforeTheLeader) {
  World world = Prepared();
  EXPECT_EQ(world.Send(ChangeLeader(0, 50, 2)),
            Lines({"CHANGE_LEADER 2 actor 0 world 2 party 50"}));
  EXPECT_EQ(world.Send(Expel(0, 50, 3)), Lines({"EXPEL 3 actor 0 world 3 party 50"}));
  world.Add(1).world.reset();
  EXPECT_EQ(world.Send(Expel(0, 50, 1)), Lines({"EXPEL 1 actor 0 world 2 party 50"}));
}

TEST(WorldTest, OfAnErrorTheNamedOneCountsInThePartyOrNot) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Expel(0, 50, 4)),
            Lines({"ERROR ERROR_UNEXPECTED actor 0 world 4 party 50"}));
  EXPECT_EQ(world.Send(ChangeLeader(99, 50, 5)),
            Lines({"ERROR ERROR_UNEXPECTED actor 99 world 5 party 50"}));
  EXPECT_EQ(world.Send(Invite(99, 5)), Lines({"ERROR ERROR_UNEXPECTED actor 99 world 5 party 0"}));
  EXPECT_EQ(world.Send(Expel(0, 50, 99)),
            Lines({"ERROR ERROR_UNEXPECTED actor 0 world 1 party 50"}));
}

TEST(TransactionTest, IsPassedOnWithAllThatTheCommandCauses) {
  World world = Prepared();
  EXPECT_EQ(world.Send(WithTransaction(Create(4))),
            Lines({"CREATED actor 4 world 4 party 1000000000 tx 9"}));
  EXPECT_EQ(world.Send(WithTransaction(Create(4))),
            Lines({"ERROR ALREADY_HAVE_JOINED_A_PARTY_1 actor 4 world 4 party 0 tx 9"}));
  EXPECT_EQ(world.Send(WithTransaction(Accepted(5, 50, 0))),
            Lines({"JOINED actor 5 world 5 party 50 tx 9"}));
  EXPECT_EQ(world.Send(WithTransaction(Leave(1, 50))),
            Lines({"DISBAND 1,2,3,5 actor 1 world 1 party 50 tx 9"}));
}

// A view that lacks what others refer to, by damage or because it could not be read.
TEST(BrokenStateTest, DecidesNothingAndSaysSo) {
  const model::Message messages[] = {Leave(2, 50),           Expel(1, 50, 2),
                                     ChangeLeader(1, 50, 2), Invite(1, 4),
                                     Leave(1, 50),           Event(2, 0, model::Deleted{}),
                                     Expel(0, 50, 0xff)};
  for (const model::Message& message : messages) {
    World world = Prepared();
    world.Add(0xff).party = Party(50);
    world.parties.clear();
    EXPECT_EQ(world.Send(message), Lines());
    EXPECT_FALSE(world.decision.status.ok());
    EXPECT_FALSE(world.wrote());
  }
  World world = Prepared();
  world.characters.erase(Character(3));
  EXPECT_EQ(world.Send(Leave(1, 50)), Lines());
  EXPECT_EQ(world.decision.status.message(),
            "character 3 is a party's member and not in the store");
  EXPECT_EQ(world.Send(Create(4)), Lines({"CREATED actor 4 world 4 party 1000000000"}));
  EXPECT_TRUE(world.decision.status.ok());
}

}  // namespace
}  // namespace rules
