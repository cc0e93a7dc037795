// The checks of each command, in the order of the wire contract's table: a row for each
// check that fails alone, and a row for each pair of neighbours that fail together, where
// they can and where it shows: the first decides.

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "tests/processors/rules_harness.h"

namespace rules {
namespace {

constexpr char kUnexpected[] = "ERROR_UNEXPECTED";
constexpr char kAlready1[] = "ALREADY_HAVE_JOINED_A_PARTY_1";
constexpr char kAlready2[] = "ALREADY_HAVE_JOINED_A_PARTY_2";
constexpr char kBeginner[] = "A_BEGINNER_CANT_CREATE_A_PARTY";
constexpr char kGm[] = "AS_A_GM_YOURE_FORBIDDEN_FROM_CREATING_A_PARTY";
constexpr char kFull[] = "THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY";
constexpr char kChannel[] = "YOU_MAY_ONLY_CHANGE_WITH_THE_PARTY_MEMBER_THATS_ON_THE_SAME_CHANNEL";
constexpr char kMap[] =
    "UNABLE_TO_HAND_OVER_THE_LEADERSHIP_POST_NO_PARTY_MEMBER_IS_CURRENTLY_WITHIN_THE";

struct Row {
  const char* what;
  std::function<void(World&)> prepare;
  model::Message message;
  const char* code;
  uint32_t party;
  const char* name = "";  // the ERROR's characterName

  friend std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.what; }
};

// All in world 3, channel 1, map 100. 1 leads party 50 with 2 and 3; 9 leads the full party
// 60; 4 and 5 are in none.
World Prepared() {
  World world;
  world.next = Party(1000);
  world.AddParty(50, {1, 2, 3});
  world.AddParty(60, {9, 10, 11, 12, 13, 14});
  world.Add(4);
  world.Add(5);
  for (auto& [id, character] : world.characters) {
    character.world = model::WorldId(3);
    character.channel = model::ChannelId(1);
    character.location = model::Location{model::MapId(100), {}};
    character.job = model::JobId(112);
  }
  return world;
}

class ChecksTest : public testing::TestWithParam<Row> {};

TEST_P(ChecksTest, FirstFailingCheckDecides) {
  const Row& row = GetParam();
  World world = Prepared();
  if (row.prepare) row.prepare(world);
  const World before = world;
  const std::string name = *row.name == 0 ? "" : absl::StrCat(" '", row.name, "'");

  const uint32_t actor = std::holds_alternative<model::Command>(row.message.body)
                             ? std::get<model::Command>(row.message.body).actor.value()
                             : std::get<model::InviteAccepted>(row.message.body).target.value();
  EXPECT_EQ(world.Send(row.message), Lines({absl::StrCat("ERROR ", row.code, name, " actor ", actor,
                                                         " world 3 party ", row.party)}));
  EXPECT_FALSE(world.wrote());
  EXPECT_EQ(world.characters, before.characters);
  EXPECT_EQ(world.parties, before.parties);
}

void Beginner(World& world) { world.Add(4).job = model::JobId(0); }
void Gm(World& world) { world.Add(4).gm = true; }
void BeginnerAndGm(World& world) {
  Beginner(world);
  Gm(world);
}
void LeaderIsBeginnerAndGm(World& world) {
  world.Add(1).job = model::JobId(0);
  world.Add(1).gm = true;
}
void OtherWorld(World& world) { world.Add(2).world = model::WorldId(4); }
void OtherChannel(World& world) { world.Add(2).channel = model::ChannelId(2); }
void OtherMap(World& world) { world.Add(2).location->map = model::MapId(101); }
void OtherInstance(World& world) { world.Add(2).location->instance.bytes[0] = 1; }
void OtherChannelAndMap(World& world) {
  OtherChannel(world);
  OtherMap(world);
}
void Named2(World& world) { world.Add(2).name = "Bob"; }
void IdsUsedUp(World& world) { world.next = model::kPartyIdsUsedUp; }

INSTANTIATE_TEST_SUITE_P(
    Create, ChecksTest,
    testing::Values(Row{"in a party", nullptr, Create(2), kAlready1, 0},
                    Row{"in a party, and a beginner", LeaderIsBeginnerAndGm, Create(1), kAlready1,
                        0},
                    Row{"a beginner", Beginner, Create(4), kBeginner, 0},
                    Row{"a beginner, and a GM", BeginnerAndGm, Create(4), kBeginner, 0},
                    Row{"a GM", Gm, Create(4), kGm, 0},
                    Row{"no id is left", IdsUsedUp, Create(4), kUnexpected, 0}));

// An unknown joiner has no world: the party leader's counts.
INSTANTIATE_TEST_SUITE_P(
    Join, ChecksTest,
    testing::Values(Row{"unknown", nullptr, Join(99, 50), kUnexpected, 50},
                    Row{"unknown, and the party is full", nullptr, Join(99, 60), kUnexpected, 60},
                    Row{"nobody", nullptr, Join(0, 50), kUnexpected, 50},
                    Row{"in a party", nullptr, Join(2, 60), kAlready2, 50},
                    Row{"in that very party", nullptr, Join(2, 50), kAlready2, 50},
                    Row{"in a party, and there is no such party", nullptr, Join(2, 77), kAlready2,
                        50},
                    Row{"no such party", nullptr, Join(4, 77), kUnexpected, 77},
                    Row{"party 0", nullptr, Join(4, 0), kUnexpected, 0},
                    Row{"full", nullptr, Join(4, 60), kFull, 60}));

INSTANTIATE_TEST_SUITE_P(
    Accepted, ChecksTest,
    testing::Values(Row{"unknown", nullptr, Accepted(99, 50, 8), kUnexpected, 50},
                    Row{"nobody", nullptr, Accepted(0, 50, 8), kUnexpected, 50},
                    Row{"in a party", nullptr, Accepted(2, 60, 8), kAlready2, 50},
                    Row{"in a party, and there is no such party", nullptr, Accepted(2, 77, 8),
                        kAlready2, 50},
                    Row{"no such party", nullptr, Accepted(4, 77, 8), kUnexpected, 77},
                    Row{"full", nullptr, Accepted(4, 60, 8), kFull, 60}));

INSTANTIATE_TEST_SUITE_P(
    Leave, ChecksTest,
    testing::Values(Row{"unknown", nullptr, Leave(99, 50), kUnexpected, 50},
                    Row{"the system is nobody's member", nullptr, Leave(0, 50), kUnexpected, 50},
                    Row{"in no party", nullptr, Leave(4, 50), kUnexpected, 50},
                    Row{"in no party, which is 0", nullptr, Leave(4, 0), kUnexpected, 0},
                    Row{"in another party", nullptr, Leave(9, 50), kUnexpected, 50},
                    Row{"no such party", nullptr, Leave(2, 77), kUnexpected, 77}));

INSTANTIATE_TEST_SUITE_P(
    Expel, ChecksTest,
    testing::Values(
        Row{"unknown", nullptr, Expel(1, 50, 99), kUnexpected, 50},
        Row{"in no party", nullptr, Expel(1, 50, 4), kUnexpected, 50},
        Row{"in another party", nullptr, Expel(1, 50, 9), kUnexpected, 50},
        Row{"the system, nobody named", nullptr, Expel(0, 50, 0), kUnexpected, 50},
        Row{"the system, a stranger", nullptr, Expel(0, 50, 9), kUnexpected, 50},
        Row{"oneself, in another party", nullptr, Expel(2, 60, 0), kUnexpected, 60},
        Row{"in another party, and does not lead", nullptr, Expel(2, 50, 9), kUnexpected, 50},
        Row{"does not lead", nullptr, Expel(2, 50, 3), kUnexpected, 50},
        Row{"does not lead: expels the leader", nullptr, Expel(2, 50, 1), kUnexpected, 50},
        Row{"leads another party", nullptr, Expel(9, 50, 2), kUnexpected, 50}));

INSTANTIATE_TEST_SUITE_P(
    ChangeLeader, ChecksTest,
    testing::Values(Row{"unknown", nullptr, ChangeLeader(1, 50, 99), kUnexpected, 50},
                    Row{"nobody", nullptr, ChangeLeader(1, 50, 0), kUnexpected, 50},
                    Row{"in no party", nullptr, ChangeLeader(1, 50, 4), kUnexpected, 50},
                    Row{"in another party", nullptr, ChangeLeader(1, 50, 9), kUnexpected, 50},
                    Row{"the system, a stranger", nullptr, ChangeLeader(0, 50, 9), kUnexpected, 50},
                    Row{"no such party", nullptr, ChangeLeader(1, 77, 2), kUnexpected, 77},
                    Row{"does not lead", nullptr, ChangeLeader(3, 50, 2), kUnexpected, 50},
                    Row{"leads another party", nullptr, ChangeLeader(9, 50, 2), kUnexpected, 50},
                    Row{"does not lead, and is elsewhere", OtherChannelAndMap,
                        ChangeLeader(3, 50, 2), kUnexpected, 50},
                    Row{"other world", OtherWorld, ChangeLeader(1, 50, 2), kChannel, 50},
                    Row{"other channel", OtherChannel, ChangeLeader(1, 50, 2), kChannel, 50},
                    Row{"other channel and map", OtherChannelAndMap, ChangeLeader(1, 50, 2),
                        kChannel, 50},
                    Row{"other map", OtherMap, ChangeLeader(1, 50, 2), kMap, 50},
                    Row{"other instance", OtherInstance, ChangeLeader(1, 50, 2), kMap, 50}));

INSTANTIATE_TEST_SUITE_P(
    RequestInvite, ChecksTest,
    testing::Values(
        Row{"actor unknown", nullptr, Invite(99, 4), kUnexpected, 0},
        Row{"the system", nullptr, Invite(0, 4), kUnexpected, 0},
        Row{"actor unknown, target in a party", nullptr, Invite(99, 2), kUnexpected, 0},
        Row{"target unknown", nullptr, Invite(1, 99), kUnexpected, 50},
        Row{"target nobody", nullptr, Invite(1, 0), kUnexpected, 50},
        Row{"target unknown, the actor in no party", nullptr, Invite(4, 99), kUnexpected, 0},
        Row{"oneself", nullptr, Invite(4, 4), kUnexpected, 0},
        Row{"oneself, in a party", nullptr, Invite(1, 1), kUnexpected, 50},
        Row{"target in a party", nullptr, Invite(9, 2), kAlready2, 50},
        Row{"target in a party, named", Named2, Invite(9, 2), kAlready2, 50, "Bob"},
        Row{"target in the actor's party", Named2, Invite(1, 2), kAlready2, 50, "Bob"},
        Row{"target in a party, actor a beginner", Beginner, Invite(4, 2), kAlready2, 50},
        Row{"actor a beginner", Beginner, Invite(4, 5), kBeginner, 0},
        Row{"actor a beginner and GM", BeginnerAndGm, Invite(4, 5), kBeginner, 0},
        Row{"actor a GM", Gm, Invite(4, 5), kGm, 0},
        Row{"no id is left", IdsUsedUp, Invite(4, 5), kUnexpected, 0},
        Row{"full", nullptr, Invite(10, 4), kFull, 60}));

TEST(ChecksTest, AnUnknownFounderIsAnsweredInWorld0) {
  World world = Prepared();
  EXPECT_EQ(world.Send(Create(99)), Lines({"ERROR ERROR_UNEXPECTED actor 99 world 0 party 0"}));
  EXPECT_EQ(world.Send(Create(0)), Lines({"ERROR ERROR_UNEXPECTED actor 0 world 0 party 0"}));
}

}  // namespace
}  // namespace rules
