// What goes out, byte for byte.

#include "serde/wire_encoder.h"

#include <gtest/gtest.h>

#include <utility>

namespace serde {
namespace {

using model::CharacterId;
using model::PartyId;
using model::WorldId;

constexpr char kKeyOf1000000000[] = "\x00\xca\x9a\x3b\0\0\0\0";

template <class Event>
std::pair<std::string, std::string> Encode(const Event& event) {
  WireEncoder encoder;
  std::string key;
  std::string value;
  encoder.Encode(event, &key, &value);
  return {key, value};
}

template <class Body>
model::PartyStatus Party(Body body) {
  return {.actor = CharacterId(7),
          .world = WorldId(3),
          .party = PartyId(1'000'000'000),
          .transaction = std::nullopt,
          .body = body};
}

template <class Body>
model::MemberStatus Member(Body body) {
  return {.world = WorldId(3),
          .party = PartyId(1'000'000'000),
          .character = CharacterId(7),
          .body = body};
}

template <class Event>
void ExpectValue(const Event& event, const std::string& type_and_body) {
  const bool party = std::is_same_v<Event, model::PartyStatus>;
  const std::string head = party ? R"({"actorId":7,"worldId":3,"partyId":1000000000,)"
                                 : R"({"worldId":3,"partyId":1000000000,"characterId":7,)";
  EXPECT_EQ(Encode(event).second, head + type_and_body + "}");
  EXPECT_EQ(Encode(event).first, std::string(kKeyOf1000000000, 8));
}

TEST(PartyStatusTest, EachType) {
  model::Members members;
  for (const uint32_t id : {3u, 1u, 4294967295u}) members.Add(CharacterId(id));
  ExpectValue(Party(model::PartyCreated{}), R"("type":"CREATED","body":{})");
  ExpectValue(Party(model::PartyJoined{}), R"("type":"JOINED","body":{})");
  ExpectValue(Party(model::PartyLeft{}), R"("type":"LEFT","body":{})");
  ExpectValue(Party(model::PartyExpelled{CharacterId(9)}),
              R"("type":"EXPEL","body":{"characterId":9})");
  ExpectValue(Party(model::PartyDisbanded{members}),
              R"("type":"DISBAND","body":{"members":[3,1,4294967295]})");
  ExpectValue(Party(model::PartyLeaderChanged{CharacterId(9)}),
              R"("type":"CHANGE_LEADER","body":{"characterId":9,"disconnected":false})");
  ExpectValue(Party(model::PartyError{model::ErrorCode::kPartyFull, ""}),
              R"("type":"ERROR","body":{"type":")"
              R"(THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY","characterName":""})");
}

TEST(PartyStatusTest, TheTransactionStandsLastInLowerCase) {
  model::PartyStatus event = Party(model::PartyCreated{});
  event.transaction = base::ParseUuid("083839C6-C47C-42A6-9585-76492795D123");
  ExpectValue(
      event,
      R"("type":"CREATED","body":{},"transactionId":"083839c6-c47c-42a6-9585-76492795d123")");
}

TEST(PartyStatusTest, AnErrorWithoutAPartyIsKeyedByItsActor) {
  model::PartyStatus event = Party(model::PartyError{model::ErrorCode::kUnexpected, ""});
  event.party = model::kNoParty;
  EXPECT_EQ(Encode(event).first, std::string("\x07\0\0\0\0\0\0\0", 8));
  event.actor = CharacterId(0xfedcba98);
  EXPECT_EQ(Encode(event).first, std::string("\x98\xba\xdc\xfe\0\0\0\0", 8));
}

TEST(PartyStatusTest, ErrorCodes) {
  const std::pair<model::ErrorCode, const char*> codes[] = {
      {model::ErrorCode::kUnexpected, "ERROR_UNEXPECTED"},
      {model::ErrorCode::kAlreadyInPartyOnCreate, "ALREADY_HAVE_JOINED_A_PARTY_1"},
      {model::ErrorCode::kAlreadyInPartyOnJoin, "ALREADY_HAVE_JOINED_A_PARTY_2"},
      {model::ErrorCode::kBeginner, "A_BEGINNER_CANT_CREATE_A_PARTY"},
      {model::ErrorCode::kGm, "AS_A_GM_YOURE_FORBIDDEN_FROM_CREATING_A_PARTY"},
      {model::ErrorCode::kOtherChannel,
       "YOU_MAY_ONLY_CHANGE_WITH_THE_PARTY_MEMBER_THATS_ON_THE_SAME_CHANNEL"},
      {model::ErrorCode::kOtherMap,
       "UNABLE_TO_HAND_OVER_THE_LEADERSHIP_POST_NO_PARTY_MEMBER_IS_CURRENTLY_WITHIN_THE"},
  };
  for (const auto& [code, name] : codes) {
    ExpectValue(
        Party(model::PartyError{code, "Ann"}),
        std::string(R"("type":"ERROR","body":{"type":")") + name + R"(","characterName":"Ann"})");
  }
}

TEST(MemberStatusTest, EachType) {
  ExpectValue(Member(model::MemberLoggedIn{}), R"("type":"LOGIN","body":{})");
  ExpectValue(Member(model::MemberLoggedOut{}), R"("type":"LOGOUT","body":{})");
  ExpectValue(Member(model::MemberLevelChanged{model::Level(0), model::Level(255), "Ann"}),
              R"("type":"LEVEL_CHANGED","body":{"oldLevel":0,"newLevel":255,"name":"Ann"})");
  ExpectValue(Member(model::MemberJobChanged{model::JobId(0), model::JobId(65535), ""}),
              R"("type":"JOB_CHANGED","body":{"oldJobId":0,"newJobId":65535,"name":""})");
  ExpectValue(Member(model::MemberNameChanged{"Bob", "Ann"}),
              R"("type":"NAME_CHANGED","body":{"oldName":"Bob","newName":"Ann"})");
}

TEST(InviteTest, IsAPartyInvite) {
  const auto [key, value] = Encode(model::InviteRequested{.world = WorldId(255),
                                                          .originator = CharacterId(1),
                                                          .target = CharacterId(2),
                                                          .party = PartyId(1'000'000'000)});
  EXPECT_EQ(value, R"({"worldId":255,"inviteType":"PARTY","type":"CREATE",)"
                   R"("body":{"originatorId":1,"targetId":2,"referenceId":1000000000}})");
  EXPECT_EQ(key, std::string(kKeyOf1000000000, 8));
}

// Only what must be is escaped; what is not ASCII goes out as UTF-8.
TEST(NamesTest, AreEscapedAsLittleAsMayBe) {
  const std::string name = std::string("\"\\/\b\n\x01\x7f\0", 8) + "\u00e9\u20ac\U0001f600";
  ExpectValue(Member(model::MemberNameChanged{name, ""}),
              R"("type":"NAME_CHANGED","body":{"oldName":"\"\\/\b\n\u0001)"
              "\x7f"
              R"(\u0000)"
              "\u00e9\u20ac\U0001f600"
              R"(","newName":""})");
}

TEST(WireEncoderTest, AppendsAndMayBeUsedAgain) {
  WireEncoder encoder;
  std::string key = "k";
  std::string value = "v";
  encoder.Encode(Party(model::PartyCreated{}), &key, &value);
  encoder.Encode(Member(model::MemberLoggedIn{}), &key, &value);
  EXPECT_EQ(key, "k" + std::string(kKeyOf1000000000, 8) + std::string(kKeyOf1000000000, 8));
  EXPECT_EQ(value, "v" + Encode(Party(model::PartyCreated{})).second +
                       Encode(Member(model::MemberLoggedIn{})).second);
}

}  // namespace
}  // namespace serde
