// What each status event does to its character, what it announces, and what it leaves.

#include <gtest/gtest.h>

#include "tests/processors/rules_harness.h"

namespace rules {
namespace {

using model::ChannelId;
using model::JobId;
using model::Level;
using model::Location;
using model::MapId;
using model::WorldId;

base::Uuid InstanceOf(uint8_t last) {
  base::Uuid instance;
  instance.bytes[15] = last;
  return instance;
}

const Location kHenesys{MapId(100), InstanceOf(0)};
const Location kElsewhere{MapId(200), InstanceOf(2)};

model::Message LogIn(uint32_t id, std::optional<Location> location = kElsewhere) {
  return Event(id, 7, model::LoggedIn{ChannelId(4), location});
}
model::Message LogOut(uint32_t id) { return Event(id, 7, model::LoggedOut{}); }
model::Message Move(uint32_t id) { return Event(id, 7, model::Moved{ChannelId(4), kElsewhere}); }
model::Message LevelUp(uint32_t id) { return Event(id, 7, model::LevelChanged{Level(31)}); }
model::Message ChangeJob(uint32_t id) { return Event(id, 7, model::JobChanged{JobId(112)}); }
model::Message Delete(uint32_t id) { return Event(id, 7, model::Deleted{}); }
model::Message Make(uint32_t id, std::optional<Location> location = kElsewhere) {
  return Event(id, 7, model::Created{"Ann", location});
}
model::Message Rename(uint32_t id, std::string name) {
  return Event(id, 7, model::NameChanged{std::move(name)});
}
model::Message MakeGm(uint32_t id, bool gm) { return Event(id, 7, model::GmChanged{gm}); }

// 1 leads party 50 with 2, of whom all is known; 3 is in none, 4 is known by its id alone.
World Prepared() {
  World world;
  world.AddParty(50, {1, 2});
  world.Add(3);
  for (auto& [id, character] : world.characters) {
    const auto party = character.party;
    character = {.name = "Bob",
                 .level = Level(30),
                 .job = JobId(100),
                 .gm = false,
                 .world = WorldId(5),
                 .channel = ChannelId(1),
                 .location = kHenesys,
                 .online = true,
                 .party = party};
  }
  world.Add(4);
  return world;
}

// Sends, and expects that of `id` just what `change` changes, and the lines.
template <class Change>
void Expect(World world, const model::Message& message, uint32_t id, Change change,
            const Lines& lines) {
  model::Character expected;
  if (const auto* known = world.character(Character(id))) expected = *known;
  change(expected);
  EXPECT_EQ(world.Send(message), lines);
  ASSERT_NE(world.character(Character(id)), nullptr);
  EXPECT_EQ(*world.character(Character(id)), expected);
  EXPECT_TRUE(world.wrote());

  // Events come at least once: the same again changes nothing and writes nothing.
  world.Send(message);
  EXPECT_EQ(*world.character(Character(id)), expected);
  EXPECT_FALSE(world.wrote());
}

void SetWorld(model::Character& it) { it.world = WorldId(7); }

TEST(LoginTest, SetsWhereOneIs) {
  const auto change = [](model::Character& it) {
    SetWorld(it);
    it.channel = ChannelId(4);
    it.location = kElsewhere;
    it.online = true;
  };
  Expect(Prepared(), LogIn(2), 2, change, {"member 2 LOGIN world 7 party 50"});
  Expect(Prepared(), LogIn(3), 3, change, {});
  Expect(Prepared(), LogIn(99), 99, change, {});
}

TEST(LoginTest, AMapNotKnownLeavesTheKnownOne) {
  const auto change = [](model::Character& it) {
    SetWorld(it);
    it.channel = ChannelId(4);
    it.online = true;
  };
  Expect(Prepared(), LogIn(2, std::nullopt), 2, change, {"member 2 LOGIN world 7 party 50"});
  Expect(Prepared(), LogIn(4, std::nullopt), 4, change, {});
  Expect(Prepared(), LogIn(99, std::nullopt), 99, change, {});
}

TEST(LogoutTest, KeepsTheLocationAndTheWorld) {
  const auto change = [](model::Character& it) { it.online = false; };
  Expect(Prepared(), LogOut(2), 2, change, {"member 2 LOGOUT world 5 party 50"});
  Expect(Prepared(), LogOut(3), 3, change, {});
}

TEST(LogoutTest, MakesNoGhost) {
  World world = Prepared();
  EXPECT_EQ(world.Send(LogOut(99)), Lines());
  EXPECT_FALSE(world.wrote());
}

TEST(LogoutTest, OfAMemberWhoseWorldIsNotKnownIsInTheRecordsWorld) {
  World world = Prepared();
  world.Add(2).world.reset();
  EXPECT_EQ(world.Send(LogOut(2)), Lines({"member 2 LOGOUT world 7 party 50"}));
  EXPECT_EQ(world.character(Character(2))->world, std::nullopt);
}

TEST(LogoutTest, OfWhoIsOfflineIsAnnouncedAndNotWritten) {
  World world = Prepared();
  world.Send(LogOut(2));
  EXPECT_EQ(world.Send(LogOut(2)), Lines({"member 2 LOGOUT world 5 party 50"}));
  EXPECT_FALSE(world.wrote());
}

TEST(MoveTest, SetsChannelMapAndInstance) {
  const auto change = [](model::Character& it) {
    SetWorld(it);
    it.channel = ChannelId(4);
    it.location = kElsewhere;
  };
  Expect(Prepared(), Move(2), 2, change, {});
  Expect(Prepared(), Move(99), 99, change, {});
}

TEST(LevelTest, IsAlwaysAnnounced) {
  const auto change = [](model::Character& it) {
    SetWorld(it);
    it.level = Level(31);
  };
  Expect(Prepared(), LevelUp(2), 2, change,
         {"member 2 LEVEL_CHANGED 30->31 'Bob' world 7 party 50"});
  Expect(Prepared(), LevelUp(3), 3, change, {});
  Expect(Prepared(), LevelUp(99), 99, change, {});
  World world = Prepared();
  world.Send(LevelUp(2));
  EXPECT_EQ(world.Send(LevelUp(2)),
            Lines({"member 2 LEVEL_CHANGED 31->31 'Bob' world 7 party 50"}));
}

TEST(LevelTest, WhatIsNotKnownIs0AndNoName) {
  World world = Prepared();
  world.Add(2).level.reset();
  world.Add(2).name.reset();
  EXPECT_EQ(world.Send(LevelUp(2)), Lines({"member 2 LEVEL_CHANGED 0->31 '' world 7 party 50"}));
}

TEST(JobTest, IsAlwaysAnnounced) {
  const auto change = [](model::Character& it) {
    SetWorld(it);
    it.job = JobId(112);
  };
  Expect(Prepared(), ChangeJob(2), 2, change,
         {"member 2 JOB_CHANGED 100->112 'Bob' world 7 party 50"});
  Expect(Prepared(), ChangeJob(3), 3, change, {});
  Expect(Prepared(), ChangeJob(99), 99, change, {});
  World world = Prepared();
  world.Add(2).job.reset();
  world.Add(2).name.reset();
  EXPECT_EQ(world.Send(ChangeJob(2)), Lines({"member 2 JOB_CHANGED 0->112 '' world 7 party 50"}));
}

TEST(DeletedTest, AMemberLeavesAndIsForgotten) {
  World world = Prepared();
  EXPECT_EQ(world.Send(WithTransaction(Delete(2))), Lines({"LEFT actor 2 world 5 party 50 tx 9"}));
  EXPECT_EQ(world.character(Character(2)), nullptr);
  EXPECT_EQ(world.party(Party(50))->members.size(), 1u);
  EXPECT_EQ(Violations(world.state()), Lines({"party 50 of tenant " + base::ToString({}) +
                                              " has an id that the sequence has not given out"}));
}

TEST(DeletedTest, TheLeadersPartyDisbands) {
  World world = Prepared();
  EXPECT_EQ(world.Send(WithTransaction(Delete(1))),
            Lines({"DISBAND 1,2 actor 1 world 5 party 50 tx 9"}));
  EXPECT_EQ(world.character(Character(1)), nullptr);
  EXPECT_EQ(world.character(Character(2))->party, std::nullopt);
  EXPECT_EQ(world.party(Party(50)), nullptr);
}

TEST(DeletedTest, WhoIsInNoPartyYieldsNoEvent) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Delete(3)), Lines());
  EXPECT_EQ(world.character(Character(3)), nullptr);
}

TEST(DeletedTest, OfWhomIsNotKnownIsNothing) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Delete(99)), Lines());
  EXPECT_FALSE(world.wrote());
}

TEST(DeletedTest, TheRecordsWorldCountsLast) {
  World world = Prepared();
  world.Add(2).world.reset();
  EXPECT_EQ(world.Send(Delete(2)), Lines({"LEFT actor 2 world 5 party 50"}));
  world.Add(1).world.reset();
  EXPECT_EQ(world.Send(Delete(1)), Lines({"DISBAND 1 actor 1 world 7 party 50"}));
}

TEST(CreatedTest, SetsTheNameAndWhatWasNotKnown) {
  Expect(Prepared(), Make(2), 2,
         [](model::Character& it) {
           SetWorld(it);
           it.name = "Ann";
         },
         {});
  const auto with_location = [](model::Character& it) {
    SetWorld(it);
    it.name = "Ann";
    it.location = kElsewhere;
  };
  Expect(Prepared(), Make(4), 4, with_location, {});
  Expect(Prepared(), Make(99), 99, with_location, {});
  const auto without = [](model::Character& it) {
    SetWorld(it);
    it.name = "Ann";
  };
  Expect(Prepared(), Make(99, std::nullopt), 99, without, {});
}

TEST(RenameTest, IsAnnouncedWhereItChanges) {
  const auto change = [](model::Character& it) {
    SetWorld(it);
    it.name = "Ann";
  };
  Expect(Prepared(), Rename(2, "Ann"), 2, change,
         {"member 2 NAME_CHANGED 'Bob'->'Ann' world 7 party 50"});
  Expect(Prepared(), Rename(3, "Ann"), 3, change, {});
  Expect(Prepared(), Rename(99, "Ann"), 99, change, {});
  Expect(Prepared(), Rename(2, "Bob"), 2, SetWorld, {});
  World world = Prepared();
  world.Add(2).name.reset();
  Expect(world, Rename(2, "Ann"), 2, change, {"member 2 NAME_CHANGED ''->'Ann' world 7 party 50"});
  Expect(world, Rename(2, ""), 2, SetWorld, {});
  EXPECT_EQ(world.Send(Rename(1, "")), Lines({"member 1 NAME_CHANGED 'Bob'->'' world 7 party 50"}));
}

TEST(GmTest, IsSetAndNotAnnounced) {
  for (const bool gm : {true, false}) {
    const auto change = [gm](model::Character& it) {
      SetWorld(it);
      it.gm = gm;
    };
    Expect(Prepared(), MakeGm(2, gm), 2, change, {});
    Expect(Prepared(), MakeGm(99, gm), 99, change, {});
  }
}

// Who is in a party stays in it.
TEST(StatusEventTest, NeverTouchesMembership) {
  for (const model::Message& message : {LogIn(2), LogOut(2), Move(2), LevelUp(2), ChangeJob(2),
                                        Make(2), Rename(2, "x"), MakeGm(2, true)}) {
    World world = Prepared();
    world.Send(message);
    EXPECT_EQ(world.character(Character(2))->party, Party(50));
    EXPECT_TRUE(world.decision.parties.empty());
  }
}

}  // namespace
}  // namespace rules
