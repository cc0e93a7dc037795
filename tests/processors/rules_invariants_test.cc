// Each violation is found; what the rules make has none, whatever arrives.

#include <gtest/gtest.h>

#include <random>

#include "processors/rules/invariants.h"
#include "tests/processors/rules_harness.h"

namespace rules {
namespace {

const std::string kTenant = " of tenant 00000000-0000-0000-0000-000000000000";

// 1 leads party 1000000000 with 2; 3 is in none.
World Sound() {
  World world;
  world.AddParty(1'000'000'000, {1, 2});
  world.Add(3);
  world.next = Party(1'000'000'001);
  return world;
}

model::Party& TheParty(World& world) { return world.parties[model::kFirstPartyId]; }

TEST(InvariantsTest, ASoundStateHasNoViolation) {
  EXPECT_EQ(Violations(Sound().state()), Lines());
  EXPECT_EQ(Violations({}), Lines());
}

TEST(InvariantsTest, NoMembers) {
  World world = Sound();
  TheParty(world).members = {};
  world.Add(1).party.reset();
  world.Add(2).party.reset();
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 1000000000" + kTenant + " has no members",
                   "party 1000000000" + kTenant + " is led by 1, no member"}));
}

TEST(InvariantsTest, TheLeaderIsNoMember) {
  World world = Sound();
  TheParty(world).leader = Character(3);
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 1000000000" + kTenant + " is led by 3, no member"}));
}

TEST(InvariantsTest, AMemberTwice) {
  World world = Sound();
  TheParty(world).members.Add(Character(2));
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 1000000000" + kTenant + " has member 2 twice"}));
}

TEST(InvariantsTest, AnUnknownMember) {
  World world = Sound();
  TheParty(world).members.Add(Character(99));
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 1000000000" + kTenant + " has the unknown member 99"}));
}

TEST(InvariantsTest, AMemberWhoDoesNotKnow) {
  World world = Sound();
  TheParty(world).members.Add(Character(3));
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 1000000000" + kTenant + " has member 3, who is not said to be in it"}));
}

TEST(InvariantsTest, ACharacterWhomThePartyDoesNotHave) {
  World world = Sound();
  world.Add(3).party = model::kFirstPartyId;
  EXPECT_EQ(Violations(world.state()),
            Lines({"character 3" + kTenant + " is in party 1000000000, which does not have it"}));
}

TEST(InvariantsTest, ACharacterInAPartyThatIsNotThere) {
  World world = Sound();
  world.Add(3).party = Party(77);
  EXPECT_EQ(Violations(world.state()),
            Lines({"character 3" + kTenant + " is in party 77, which does not have it"}));
}

TEST(InvariantsTest, ACharacterInTwoParties) {
  World world = Sound();
  world.AddParty(1'000'000'001, {2});
  world.next = Party(1'000'000'002);
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 1000000000" + kTenant + " has member 2, who is not said to be in it"}));
}

TEST(InvariantsTest, AnIdNotGivenOut) {
  const Lines found{"party 1000000000" + kTenant +
                    " has an id that the sequence has not given out"};
  World world = Sound();
  world.next = Party(1'000'000'000);
  EXPECT_EQ(Violations(world.state()), found);
  State state = Sound().state();
  state.sequences.clear();
  EXPECT_EQ(Violations(state), found);

  world = Sound();
  world.AddParty(5, {3});
  EXPECT_EQ(Violations(world.state()),
            Lines({"party 5" + kTenant + " has an id that the sequence has not given out"}));
}

TEST(InvariantsTest, NobodyIsNoCharacter) {
  World world = Sound();
  world.Add(0);
  EXPECT_EQ(Violations(world.state()),
            Lines({"character 0" + kTenant + " is known, and is nobody"}));
}

TEST(InvariantsTest, ASequenceBelowTheFirstId) {
  State state;
  state.sequences[{}].next = Party(7);
  EXPECT_EQ(Violations(state), Lines({"the sequence" + kTenant + " is at 7, below the first id"}));
}

// Tenants share no state: what one has is nothing to the other.
TEST(InvariantsTest, EachTenantStandsForItself) {
  const State one = Sound().state();
  model::TenantId other;
  other.uuid.bytes[15] = 1;
  State both = one;
  for (const auto& [key, party] : one.parties) both.parties[{other, key.id}] = party;
  for (const auto& [key, it] : one.characters) both.characters[{other, key.id}] = it;
  both.sequences[other] = one.sequences.at({});
  EXPECT_EQ(Violations(both), Lines());
  both.characters.erase({other, Character(2)});
  EXPECT_EQ(Violations(both).size(), 1u);
  both = one;
  both.characters[{other, Character(3)}].party = model::kFirstPartyId;
  EXPECT_EQ(Violations(both).size(), 1u);
}

// Messages from a seed, about few characters and parties, so that they meet.
class Traffic {
 public:
  explicit Traffic(uint32_t seed) : random_(seed) {}

  model::Message Next() {
    switch (Below(15)) {
      case 0:
        return Create(Id());
      case 1:
      case 2:
      case 3:
        return Join(Id(), PartyOf());
      case 4:
        return Leave(Id(), PartyOf());
      case 5:
        return Expel(Id(), PartyOf(), Id());
      case 6:
        return ChangeLeader(Id(), PartyOf(), Id());
      case 7:
        return Invite(Id(), Id());
      case 8:
      case 9:
        return Accepted(Id(), PartyOf(), 1);
      case 10:
        return Event(1 + Below(12), 1, model::Deleted{});
      case 11:
        return Event(1 + Below(12), 1, model::LoggedOut{});
      case 12:
        return Event(1 + Below(12), 1,
                     model::JobChanged{model::JobId(static_cast<uint16_t>(Below(400)))});
      case 13:
        return Event(1 + Below(12), 1, model::GmChanged{Below(4) == 0});
      default:
        return Event(1 + Below(12), 1,
                     model::LoggedIn{model::ChannelId(static_cast<uint8_t>(Below(2))),
                                     model::Location{model::MapId(1 + Below(2)), {}}});
    }
  }
  void LookAt(const World& world) { world_ = &world; }

 private:
  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }
  uint32_t Id() { return Below(14); }
  // Mostly one that is there.
  uint32_t PartyOf() {
    const auto& parties = world_->parties;
    if (parties.empty() || Below(8) == 0) return Below(2) * 999'999'999 + Below(3);
    return std::next(parties.begin(), Below(static_cast<uint32_t>(parties.size())))->first.value();
  }

  std::mt19937 random_;
  const World* world_ = nullptr;
};

bool IsCommand(const model::Message& message) {
  return !std::holds_alternative<model::StatusEvent>(message.body);
}

TEST(RandomTest, TheInvariantsHoldWhateverArrives) {
  size_t fullest = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    World world;
    Traffic traffic(seed);
    traffic.LookAt(world);
    for (int i = 0; i < 300; ++i) {
      const model::Message message = traffic.Next();
      const Lines lines = world.Send(message);
      ASSERT_TRUE(world.decision.status.ok());
      ASSERT_EQ(Violations(world.state()), Lines()) << "seed " << seed << " message " << i;
      if (!IsCommand(message)) continue;
      // Its events, or exactly one ERROR that changes nothing; never silence.
      ASSERT_FALSE(lines.empty()) << "seed " << seed << " message " << i;
      if (lines[0].starts_with("ERROR")) {
        ASSERT_EQ(lines.size(), 1u);
        ASSERT_FALSE(world.wrote());
      }
      for (const auto& [id, party] : world.parties) {
        fullest = std::max(fullest, party.members.size());
      }
    }
  }
  EXPECT_EQ(fullest, model::Members::kMost);  // else the traffic says little
}

}  // namespace
}  // namespace rules
