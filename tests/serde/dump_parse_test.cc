// Lines of a dump, read back.
#include "serde/dump_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "serde/dump_json.h"

namespace serde {
namespace {

using testing::HasSubstr;

const model::TenantId kTenant{*base::ParseUuid("083839c6-c47c-42a6-9585-76492795d123")};

std::string Printed(const DumpedObject& object) {
  return std::visit([](const auto& one) { return DumpJson(one.first, one.second); }, object);
}

void ExpectSame(const std::string& line) {
  const auto object = ParseDump(line);
  ASSERT_TRUE(object.ok()) << line << ": " << object.status();
  EXPECT_EQ(Printed(*object), line);
}

TEST(ParseDump, GivesWhatWasPrinted) {
  model::Character character{
      .name = "N \"2\"\x1b[1m\xc3\xa9\n",
      .level = model::Level(255),
      .job = model::JobId(65535),
      .gm = true,
      .world = model::WorldId(0),
      .channel = model::ChannelId(255),
      .location = model::Location{model::MapId(4294967295), base::RandomUuid()},
      .online = true,
      .party = model::kFirstPartyId};
  ExpectSame(DumpJson({kTenant, model::CharacterId(4294967295)}, character));
  ExpectSame(DumpJson({kTenant, model::CharacterId(1)}, model::Character{}));
  character.name = std::string(255, 'x');
  character.location->instance = {};
  ExpectSame(DumpJson({kTenant, model::CharacterId(1)}, character));
  model::Party party{.leader = model::CharacterId(7), .members = {}};
  for (uint32_t id : {7, 1, 9, 4, 3, 2}) party.members.Add(model::CharacterId(id));
  ExpectSame(DumpJson({kTenant, model::kFirstPartyId}, party));
  ExpectSame(DumpJson(kTenant, model::PartySequence{model::kPartyIdsUsedUp}));
}

TEST(ParseDump, TheOrderOfTheFieldsIsFree) {
  const auto object = ParseDump(
      R"( {"value" : {"nextId":1000000007}, "tenant":"083839C6-C47C-42A6-9585-76492795D123",)"
      R"("store":"party-sequence"} )");
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(std::get<DumpedSequence>(*object).second.next, model::PartyId(1000000007));
}

// A location without an instance is the map itself.
TEST(ParseDump, NoInstanceIsTheNilOne) {
  const auto object =
      ParseDump(R"({"store":"characters","tenant":"083839c6-c47c-42a6-9585-76492795d123","id":1,)"
                R"("value":{"mapId":5,"online":false}})");
  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(std::get<DumpedCharacter>(*object).second.location,
            (model::Location{model::MapId(5), {}}));
}

std::string CharacterLine(const std::string& value, const std::string& id = "1") {
  return R"({"store":"characters","tenant":"083839c6-c47c-42a6-9585-76492795d123","id":)" + id +
         R"(,"value":{)" + value + "}}";
}
std::string PartyLine(const std::string& value, const std::string& id = "1000000000") {
  return R"({"store":"parties","tenant":"083839c6-c47c-42a6-9585-76492795d123","id":)" + id +
         R"(,"value":{)" + value + "}}";
}

TEST(ParseDump, ErrorsNameTheField) {
  const std::string tenant = R"("tenant":"083839c6-c47c-42a6-9585-76492795d123")";
  const struct {
    std::string line;
    const char* error;
  } rows[] = {
      {"", "JSON"},
      {"[]", "no JSON object"},
      {"7", "no JSON object"},
      {R"({"store":"characters")", "is no JSON"},
      {R"({"store":"characters"} x)", "is no JSON"},
      {"{}", "field store is missing"},
      {R"({"store":7})", "field store is no string"},
      {R"({"store":"pets",)" + tenant + "}", "field store is \"pets\", allowed are: characters"},
      {R"({"store":"parties"})", "field tenant is missing"},
      {R"({"store":"parties","tenant":"x"})", "field tenant is \"x\", no UUID"},
      {R"({"store":"parties",)" + tenant + "}", "field id is missing"},
      {R"({"store":"parties","store":"parties"})", "field store comes twice"},
      {R"({"value.online":true})", "field value.online is not known"},
      {CharacterLine(R"("online":true)", "0"), "field id is 0, allowed are 1 to 4294967295"},
      {CharacterLine(R"("online":true)", "4294967296"), "field id is 4294967296"},
      {CharacterLine(R"("online":true)", "-1"), "field id is -1"},
      {CharacterLine(R"("online":true)", "1.0"), "field id is 1.0"},
      {CharacterLine(R"("online":true)", "\"1\""), "field id is no number"},
      {CharacterLine(""), "field value.online is missing"},
      {CharacterLine(R"("online":1)"), "field value.online is neither true nor false"},
      {CharacterLine(R"("online":true,"level":256)"),
       "field value.level is 256, allowed are 0 to 255"},
      {CharacterLine(R"("online":true,"jobId":65536)"), "field value.jobId"},
      {CharacterLine(R"("online":true,"worldId":256)"), "field value.worldId"},
      {CharacterLine(R"("online":true,"channelId":256)"), "field value.channelId"},
      {CharacterLine(R"("online":true,"mapId":null)"), "field value.mapId is no number"},
      {CharacterLine(R"("online":true,"instance":"00000000-0000-0000-0000-000000000000")"),
       "field value.instance is there without a mapId"},
      {CharacterLine(R"("online":true,"mapId":1,"instance":"x")"), "field value.instance"},
      {CharacterLine(R"("online":true,"gm":"no")"), "field value.gm"},
      {CharacterLine(R"("online":true,"partyId":0)"), "field value.partyId is 0"},
      {CharacterLine(R"("online":true,"name":")" + std::string(256, 'x') + "\""),
       "field value.name has 256 bytes, allowed are up to 255"},
      {CharacterLine(R"("online":true,"lvl":3)"), "field value.lvl is not known"},
      {CharacterLine(R"("online":true,"more":{"a":1})"), "field value.more is not known"},
      {CharacterLine(R"("online":true,"leaderId":3)"), "field value.leaderId is not known"},
      {PartyLine(R"("members":[1])"), "field value.leaderId is missing"},
      {PartyLine(R"("leaderId":1)"), "field value.members is missing"},
      {PartyLine(R"("leaderId":1,"members":1)"), "field value.members is no array"},
      {PartyLine(R"("leaderId":1,"members":[])"), "field value.members has 0 members"},
      {PartyLine(R"("leaderId":1,"members":[1,2,3,4,5,6,7])"), "field value.members has 7 members"},
      {PartyLine(R"("leaderId":1,"members":[1,0])"), "field value.members is 0, allowed are 1"},
      {PartyLine(R"("leaderId":1,"members":[1,1])"), "field value.members has member 1 twice"},
      {PartyLine(R"("leaderId":1,"members":["1"])"), "field value.members is no number"},
      {PartyLine(R"("leaderId":1,"members":[[1]])"), "field value.members holds something else"},
      {PartyLine(R"("leaderId":1,"members":[1])", "999999999"), "field id is 999999999"},
      {R"({"store":"party-sequence",)" + tenant + R"(,"value":{"nextId":999999999}})",
       "field value.nextId is 999999999, allowed are 1000000000 to 4294967295"},
      {R"({"store":"party-sequence",)" + tenant + R"(,"id":1,"value":{"nextId":1000000000}})",
       "field id is not known"},
      {R"({"store":"party-sequence",)" + tenant + R"(,"value":7})",
       "field value.nextId is missing"},
  };
  for (const auto& row : rows) {
    const auto object = ParseDump(row.line);
    ASSERT_FALSE(object.ok()) << row.line;
    EXPECT_TRUE(absl::IsInvalidArgument(object.status())) << row.line;
    EXPECT_THAT(std::string(object.status().message()), HasSubstr(row.error)) << row.line;
  }
}

}  // namespace
}  // namespace serde
