// Records of the three inputs, by the wire contract: what is taken, skipped and refused.

#include "serde/wire_decoder.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/serde/decoder_harness.h"

namespace serde {
namespace {

// A record, and where its fields are.
struct Sample {
  InputTopic topic;
  std::string json;
};

constexpr auto kCommand = InputTopic::kPartyCommand;
constexpr auto kStatus = InputTopic::kCharacterStatus;
constexpr auto kInvite = InputTopic::kInviteStatus;

std::string CommandOf(std::string type, std::string body, std::string more = "") {
  return absl::StrCat(R"({"actorId":1,"type":")", type, R"(","body":)", body, more, "}");
}
std::string StatusOf(std::string type, std::string body, std::string more = "") {
  return absl::StrCat(R"({"worldId":2,"characterId":7,"type":")", type, R"(","body":)", body, more,
                      "}");
}
std::string InviteOf(std::string body, std::string more = "") {
  return absl::StrCat(R"({"worldId":2,"inviteType":"PARTY","referenceId":5,"type":"ACCEPTED",)",
                      R"("body":)", body, more, "}");
}

// ------------------------------------------------------------------ what is taken

TEST(CommandTest, EachType) {
  DecoderHarness it;
  ASSERT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
  EXPECT_EQ(std::get<model::Command>(it.message.body).actor, model::CharacterId(1));
  it.command<model::CreateParty>();

  ASSERT_EQ(it.Command(CommandOf("JOIN", R"({"partyId":4294967295})")), "ok");
  EXPECT_EQ(it.command<model::JoinParty>().party, model::PartyId(4294967295));

  ASSERT_EQ(it.Command(CommandOf("LEAVE", R"({"partyId":5,"force":true,"characterId":6})")), "ok");
  EXPECT_EQ(it.command<model::LeaveParty>().party, model::PartyId(5));
  EXPECT_TRUE(it.command<model::LeaveParty>().force);
  EXPECT_EQ(it.command<model::LeaveParty>().target, model::CharacterId(6));
  for (const char* body :
       {R"({"partyId":5,"force":false})", R"({"partyId":5,"force":false,"characterId":null})"}) {
    ASSERT_EQ(it.Command(CommandOf("LEAVE", body)), "ok");
    EXPECT_FALSE(it.command<model::LeaveParty>().force);
    EXPECT_EQ(it.command<model::LeaveParty>().target, model::kNobody);
  }

  ASSERT_EQ(it.Command(CommandOf("CHANGE_LEADER", R"({"partyId":5,"leaderId":6})")), "ok");
  EXPECT_EQ(it.command<model::ChangeLeader>().party, model::PartyId(5));
  EXPECT_EQ(it.command<model::ChangeLeader>().leader, model::CharacterId(6));

  ASSERT_EQ(it.Command(CommandOf("REQUEST_INVITE", R"({"characterId":6})")), "ok");
  EXPECT_EQ(it.command<model::RequestInvite>().target, model::CharacterId(6));
}

TEST(CommandTest, TheSystemAndNobodyMayBeNamed) {
  DecoderHarness it;
  EXPECT_EQ(it.Command(R"({"actorId":0,"type":"REQUEST_INVITE","body":{"characterId":0}})"), "ok");
}

TEST(CommandTest, OtherTypesAreBadInput) {
  DecoderHarness it;
  for (const char* type : {"DANCE", "", "create", "CREATE ", "LOGIN", "EXPERIENCE_CHANGED"}) {
    EXPECT_EQ(it.Command(CommandOf(type, "{}")),
              absl::StrCat("UNKNOWN_TYPE: field type is \"", type,
                           "\", no command of this name is known"));
  }
}

// The message of a fault goes into a header: it stays short, whole UTF-8 and printable.
TEST(CommandTest, AStrangeTypeIsShownSafely) {
  DecoderHarness it;
  EXPECT_EQ(it.Command(CommandOf(std::string(5000, 'x'), "{}")),
            absl::StrCat("UNKNOWN_TYPE: field type is \"", std::string(40, 'x'),
                         "\", no command of this name is known"));
  EXPECT_EQ(it.Command(CommandOf(std::string(39, 'x') + "\u20ac", "{}")),
            absl::StrCat("UNKNOWN_TYPE: field type is \"", std::string(39, 'x'),
                         "\", no command of this name is known"));
  EXPECT_EQ(it.Command(CommandOf(R"(\u0000\n\")", "{}")),
            R"(UNKNOWN_TYPE: field type is "\000\n\"", no command of this name is known)");
}

TEST(StatusTest, EachType) {
  DecoderHarness it;
  const base::Uuid instance = *base::ParseUuid("11111111-2222-3333-4444-55555555555a");
  const std::string upper = R"("11111111-2222-3333-4444-55555555555A")";
  const model::Location at{model::MapId(9), instance};

  ASSERT_EQ(it.Status(StatusOf("LOGIN", R"({"channelId":3,"mapId":9,"instance":)" + upper + "}")),
            "ok");
  EXPECT_EQ(std::get<model::StatusEvent>(it.message.body).character, model::CharacterId(7));
  EXPECT_EQ(std::get<model::StatusEvent>(it.message.body).world, model::WorldId(2));
  EXPECT_EQ(it.status<model::LoggedIn>().channel, model::ChannelId(3));
  EXPECT_EQ(it.status<model::LoggedIn>().location, at);

  ASSERT_EQ(it.Status(StatusOf("LOGOUT", R"({"channelId":3,"mapId":9})")), "ok");
  it.status<model::LoggedOut>();

  ASSERT_EQ(it.Status(StatusOf("CHANNEL_CHANGED",
                               R"({"channelId":3,"mapId":9,"instance":)" + upper + "}")),
            "ok");
  EXPECT_EQ(it.status<model::Moved>().channel, model::ChannelId(3));
  EXPECT_EQ(it.status<model::Moved>().location, at);

  ASSERT_EQ(it.Status(StatusOf(
                "MAP_CHANGED",
                R"({"channelId":3,"mapId":1,"targetMapId":9,"targetInstance":)" + upper + "}")),
            "ok");
  EXPECT_EQ(it.status<model::Moved>().channel, model::ChannelId(3));
  EXPECT_EQ(it.status<model::Moved>().location, at);

  ASSERT_EQ(it.Status(StatusOf("LEVEL_CHANGED", R"({"current":200})")), "ok");
  EXPECT_EQ(it.status<model::LevelChanged>().level, model::Level(200));
  ASSERT_EQ(it.Status(StatusOf("JOB_CHANGED", R"({"jobId":2112})")), "ok");
  EXPECT_EQ(it.status<model::JobChanged>().job, model::JobId(2112));
  ASSERT_EQ(it.Status(StatusOf("DELETED", "{}")), "ok");
  it.status<model::Deleted>();

  ASSERT_EQ(it.Status(StatusOf("CREATED", R"({"name":"Ann","mapId":9,"instance":)" + upper + "}")),
            "ok");
  EXPECT_EQ(it.status<model::Created>().name, "Ann");
  EXPECT_EQ(it.status<model::Created>().location, at);
  ASSERT_EQ(it.Status(StatusOf("NAME_CHANGED", R"({"newName":"Bob"})")), "ok");
  EXPECT_EQ(it.status<model::NameChanged>().name, "Bob");
  ASSERT_EQ(it.Status(StatusOf("GM_CHANGED", R"({"newGm":true})")), "ok");
  EXPECT_TRUE(it.status<model::GmChanged>().gm);
  ASSERT_EQ(it.Status(StatusOf("GM_CHANGED", R"({"newGm":false})")), "ok");
  EXPECT_FALSE(it.status<model::GmChanged>().gm);
}

// One decoder and one message serve all records: nothing of the one before is left.
TEST(StatusTest, AMapOf0IsNotKnown) {
  DecoderHarness it;
  const std::string instance = R"("instance":"11111111-2222-3333-4444-555555555555")";
  ASSERT_EQ(it.Status(StatusOf("LOGIN", R"({"channelId":3,"mapId":9})")), "ok");
  EXPECT_TRUE(it.status<model::LoggedIn>().location->instance.is_nil());
  ASSERT_EQ(it.Status(StatusOf("LOGIN", R"({"channelId":3,"mapId":0,)" + instance + "}")), "ok");
  EXPECT_EQ(it.status<model::LoggedIn>().location, std::nullopt);
  for (const std::string body :
       {R"({"name":"Ann"})", R"({"name":"Ann","mapId":0})", R"({"name":"Ann","mapId":null})"}) {
    ASSERT_EQ(it.Status(StatusOf("CREATED", body)), "ok");
    EXPECT_EQ(it.status<model::Created>().location, std::nullopt);
  }
  ASSERT_EQ(it.Status(StatusOf("CREATED", R"({"name":"Ann",)" + instance + "}")), "ok");
  EXPECT_EQ(it.status<model::Created>().location, std::nullopt);
  // Elsewhere it is a map like any other.
  ASSERT_EQ(it.Status(StatusOf("CHANNEL_CHANGED", R"({"channelId":3,"mapId":0})")), "ok");
  EXPECT_EQ(it.status<model::Moved>().location.map, model::MapId(0));
}

TEST(StatusTest, WhatTheRulesDoNotUseIsNotChecked) {
  DecoderHarness it;
  EXPECT_EQ(
      it.Status(StatusOf("CHANNEL_CHANGED", R"({"channelId":3,"mapId":9,"oldChannelId":"x"})")),
      "ok");
  EXPECT_EQ(it.Status(StatusOf("MAP_CHANGED", R"({"channelId":3,"oldMapId":-1,"oldInstance":[],)"
                                              R"("targetMapId":9,"targetPortalId":null})")),
            "ok");
  EXPECT_EQ(it.Status(StatusOf("LEVEL_CHANGED", R"({"channelId":-1,"amount":"","current":1})")),
            "ok");
  EXPECT_EQ(it.Status(StatusOf("JOB_CHANGED", R"({"channelId":[],"jobId":1})")), "ok");
  EXPECT_EQ(it.Status(StatusOf("NAME_CHANGED", R"({"oldName":5,"newName":""})")), "ok");
  EXPECT_EQ(it.Status(StatusOf("GM_CHANGED", R"({"oldGm":"no","newGm":true})")), "ok");
  for (const char* body : {"{}", "[]", "5", "\"\"", R"({"channelId":999})"}) {
    EXPECT_EQ(it.Status(StatusOf("LOGOUT", body)), "ok") << body;
  }
}

TEST(InviteTest, Accepted) {
  DecoderHarness it;
  ASSERT_EQ(it.Invite(InviteOf(R"({"originatorId":3,"targetId":0})")), "ok");
  const auto& invite = std::get<model::InviteAccepted>(it.message.body);
  EXPECT_EQ(invite.world, model::WorldId(2));
  EXPECT_EQ(invite.party, model::PartyId(5));
  EXPECT_EQ(invite.originator, model::CharacterId(3));
  EXPECT_EQ(invite.target, model::kNobody);
}

// ---------------------------------------------------------------- what is skipped

TEST(SkipTest, TypesThatAreNotOurs) {
  DecoderHarness it;
  for (const char* type :
       {"EXPERIENCE_CHANGED", "MESO_CHANGED", "STAT_CHANGED", "FAME_CHANGED", "DIED"}) {
    EXPECT_EQ(it.Status(StatusOf(type, "{}")), absl::StrCat("skipped ", type));
  }
  // The names of counters are not the producers' to make.
  for (const char* type : {"", "login", "LOGIN ", "CREATE", "other", "\xe2\x82\xac", "x1", "x2"}) {
    EXPECT_EQ(it.Status(StatusOf(type, "{}")), "skipped other") << type;
  }
}

TEST(SkipTest, TheTypeIsLookedAtFirstWhereverItStands) {
  DecoderHarness it;
  it.headers.clear();  // nor is the tenant looked at
  for (const char* json : {
           R"({"type":"DIED"})",
           R"({"type":"DIED","worldId":-1,"characterId":"x","body":null})",
           R"({"worldId":1e5,"body":{"type":"LOGIN","x":[{"type":"LOGIN"}]},"type":"DIED"})",
           R"({"a":"\"type\":\"LOGIN\"","\"type":"LOGIN","type":"DIED"})",
           R"( { "body" : [ ] , "type" : "DIED" } )",
           R"({"\u0074ype":"DIED"})",
           R"({"type":"\u0044IED"})",
           R"({"worldId":0,"name":"a b","x":-1.5e+3,"y":null,"type":"DIED","body":{}})",
           R"({"x":"\"","type":"DIED","body":{}})",
           R"({"worldId": 0,"type":"DIED","body":{}})",
       }) {
    EXPECT_EQ(it.Status(json), "skipped DIED") << json;
  }
}

TEST(SkipTest, ATypeThatStandsBehindTheObjectIsNone) {
  DecoderHarness it;
  for (const char* json : {
           R"({"worldId":0},"type":"DIED","body":{}})",
           R"({"worldId":0],"type":"DIED","body":{}})",
           R"({"x":{},"worldId":0},"type":"DIED","body":{}})",
           R"({},"type":"DIED","body":{}})",
           R"("worldId":0,"type":"DIED","body":{}})",
           R"({"worldId","type":"DIED","body":{}})",
           R"({"worldId":0 "type":"DIED","body":{}})",
       }) {
    EXPECT_TRUE(it.Status(json).starts_with("INVALID_JSON")) << json << it.Status(json);
  }
}

TEST(SkipTest, AHandledTypeWithinTheBodyOfASkippedOneAndTheOtherWayAround) {
  DecoderHarness it;
  EXPECT_EQ(it.Status(R"({"body":{"type":"DIED"},"worldId":1,"characterId":2,"type":"LOGOUT"})"),
            "ok");
  EXPECT_EQ(it.Status(R"({"body":{"type":"LOGOUT"},"worldId":1,"characterId":2,"type":"DIED"})"),
            "skipped DIED");
}

TEST(SkipTest, OtherInvites) {
  DecoderHarness it;
  it.headers.clear();
  for (const char* type : {"BUDDY", "GUILD", "MESSENGER", "TRADE"}) {
    EXPECT_EQ(it.Invite(absl::StrCat(R"({"inviteType":")", type, R"(","type":"ACCEPTED"})")),
              absl::StrCat("skipped ", type));
    EXPECT_EQ(it.Invite(absl::StrCat(R"({"type":"REJECTED","inviteType":")", type, R"("})")),
              absl::StrCat("skipped ", type));
    EXPECT_EQ(it.Invite(absl::StrCat(R"({"inviteType":")", type, R"("})")),
              absl::StrCat("skipped ", type));
  }
  EXPECT_EQ(it.Invite(R"({"inviteType":"party","type":"ACCEPTED"})"), "skipped other");
  EXPECT_EQ(it.Invite(R"({"inviteType":"PARTY","type":"REJECTED"})"), "skipped other");
  EXPECT_EQ(it.Invite(R"({"type":"CREATED"})"), "skipped other");
  EXPECT_EQ(it.Invite(R"({"type":5,"inviteType":"BUDDY"})"), "skipped BUDDY");
}

TEST(SkipTest, WithoutATypeARecordIsBadInput) {
  DecoderHarness it;
  EXPECT_EQ(it.Status(R"({"worldId":1})"), "MISSING_FIELD: field type is missing");
  EXPECT_EQ(it.Status(R"({"type":null})"), "WRONG_TYPE: field type is null");
  EXPECT_EQ(it.Status(R"({"type":5})"), "WRONG_TYPE: field type is a number, it must be a string");
  EXPECT_EQ(it.Invite(R"({"inviteType":"PARTY"})"), "MISSING_FIELD: field type is missing");
  EXPECT_EQ(it.Invite(R"({"type":"ACCEPTED"})"), "MISSING_FIELD: field inviteType is missing");
  EXPECT_EQ(it.Command("{}"), "MISSING_FIELD: field type is missing");
}

// ---------------------------------------------------------------- what is refused

// All required fields, and all that are checked where they are there.
struct CheckedField {
  InputTopic topic;
  const char* json;  // with @ for the field, its name and its value
  const char* path;
  const char* good;
  std::vector<const char*> wrong_type;
  std::vector<const char*> out_of_range;
  bool optional = false;
};

const std::vector<const char*> kNoNumber = {"1.0",   "1e2", "-1", "-0",  "\"1\"", "true",
                                            "false", "{}",  "[]", "[1]", "0.5",   "1E0"};
const std::vector<const char*> kNoBool = {"0", "1", "\"true\"", "{}", "[]"};
const std::vector<const char*> kNoText = {"0", "true", "{}", "[]"};
const std::vector<const char*> kNoObject = {"0", "true", "\"\"", "[]", "[{}]"};
const std::vector<const char*> kNoUuid = {"0",
                                          "{}",
                                          "\"\"",
                                          "\"083839c6-c47c-42a6-9585-76492795d12\"",
                                          "\"083839c6-c47c-42a6-9585-76492795d1234\"",
                                          "\"083839c6c47c42a6958576492795d123\"",
                                          "\"083839c6-c47c-42a6-9585-76492795d12g\"",
                                          "\"083839c6-c47c-42a6-95857-6492795d123\"",
                                          "\"{83839c6-c47c-42a6-9585-76492795d12}\""};
const std::vector<const char*> kByteRange = {"256", "4294967296", "99999999999999999999999"};
const std::vector<const char*> kUint16Range = {"65536", "4294967297"};
const std::vector<const char*> kUint32Range = {"4294967296", "18446744073709551616",
                                               "18446744073709551617"};

#define COMMAND(type, body) R"({"actorId":1,"type":")" type R"(","body":{)" body "}}"
#define STATUS(type, body) R"({"worldId":2,"characterId":7,"type":")" type R"(","body":{)" body "}}"

std::vector<CheckedField> CheckedFields() {
  const char* uuid = "\"083839C6-c47c-42a6-9585-76492795d123\"";
  std::vector<CheckedField> fields = {
      {kCommand, R"({@"type":"CREATE","body":{}})", "actorId", "1", kNoNumber, kUint32Range},
      {kCommand, R"({@"actorId":1,"type":"CREATE"})", "body", "{}", kNoObject, {}},
      {kCommand,
       R"({@"actorId":1,"type":"CREATE","body":{}})",
       "transactionId",
       uuid,
       kNoUuid,
       {},
       true},
      {kCommand, COMMAND("JOIN", "@\"z\":0"), "body.partyId", "5", kNoNumber, kUint32Range},
      {kCommand, COMMAND("LEAVE", "@\"force\":true"), "body.partyId", "5", kNoNumber, kUint32Range},
      {kCommand, COMMAND("LEAVE", "@\"partyId\":5"), "body.force", "true", kNoBool, {}},
      {kCommand, COMMAND("LEAVE", "@\"partyId\":5,\"force\":false"), "body.characterId", "5",
       kNoNumber, kUint32Range, true},
      {kCommand, COMMAND("CHANGE_LEADER", "@\"leaderId\":5"), "body.partyId", "5", kNoNumber,
       kUint32Range},
      {kCommand, COMMAND("CHANGE_LEADER", "@\"partyId\":5"), "body.leaderId", "5", kNoNumber,
       kUint32Range},
      {kCommand, COMMAND("REQUEST_INVITE", "@\"z\":0"), "body.characterId", "5", kNoNumber,
       kUint32Range},

      {kStatus, STATUS("LOGIN", "@\"mapId\":5"), "body.channelId", "5", kNoNumber, kByteRange},
      {kStatus, STATUS("LOGIN", "@\"channelId\":5"), "body.mapId", "5", kNoNumber, kUint32Range},
      {kStatus,
       STATUS("LOGIN", "@\"channelId\":5,\"mapId\":5"),
       "body.instance",
       uuid,
       kNoUuid,
       {},
       true},
      {kStatus,
       STATUS("LOGIN", "@\"channelId\":5,\"mapId\":0"),
       "body.instance",
       uuid,
       kNoUuid,
       {},
       true},
      {kStatus, STATUS("CHANNEL_CHANGED", "@\"mapId\":5"), "body.channelId", "5", kNoNumber,
       kByteRange},
      {kStatus, STATUS("CHANNEL_CHANGED", "@\"channelId\":5"), "body.mapId", "5", kNoNumber,
       kUint32Range},
      {kStatus,
       STATUS("CHANNEL_CHANGED", "@\"channelId\":5,\"mapId\":5"),
       "body.instance",
       uuid,
       kNoUuid,
       {},
       true},
      {kStatus, STATUS("MAP_CHANGED", "@\"targetMapId\":5"), "body.channelId", "5", kNoNumber,
       kByteRange},
      {kStatus, STATUS("MAP_CHANGED", "@\"channelId\":5,\"mapId\":5"), "body.targetMapId", "5",
       kNoNumber, kUint32Range},
      {kStatus,
       STATUS("MAP_CHANGED", "@\"channelId\":5,\"targetMapId\":5"),
       "body.targetInstance",
       uuid,
       kNoUuid,
       {},
       true},
      {kStatus, STATUS("LEVEL_CHANGED", "@\"z\":0"), "body.current", "5", kNoNumber, kByteRange},
      {kStatus, STATUS("JOB_CHANGED", "@\"z\":0"), "body.jobId", "5", kNoNumber, kUint16Range},
      {kStatus, STATUS("CREATED", "@\"z\":0"), "body.name", "\"\"", kNoText, {}},
      {kStatus, STATUS("CREATED", "@\"name\":\"\""), "body.mapId", "5", kNoNumber, kUint32Range,
       true},
      {kStatus, STATUS("CREATED", "@\"name\":\"\""), "body.instance", uuid, kNoUuid, {}, true},
      {kStatus, STATUS("NAME_CHANGED", "@\"oldName\":\"\""), "body.newName", "\"\"", kNoText, {}},
      {kStatus, STATUS("GM_CHANGED", "@\"oldGm\":true"), "body.newGm", "false", kNoBool, {}},
      {kStatus, R"({@"worldId":1,"characterId":1,"type":"LOGOUT"})", "body", "{}", {}, {}},

      {kInvite,
       R"({@"inviteType":"PARTY","referenceId":5,"type":"ACCEPTED",)"
       R"("body":{"originatorId":1,"targetId":2}})",
       "worldId", "1", kNoNumber, kByteRange},
      {kInvite,
       R"({@"worldId":1,"referenceId":5,"type":"ACCEPTED",)"
       R"("body":{"originatorId":1,"targetId":2}})",
       "inviteType",
       "\"PARTY\"",
       kNoText,
       {}},
      {kInvite,
       R"({@"worldId":1,"inviteType":"PARTY","referenceId":5,)"
       R"("body":{"originatorId":1,"targetId":2}})",
       "type",
       "\"ACCEPTED\"",
       kNoText,
       {}},
      {kInvite,
       R"({@"worldId":1,"inviteType":"PARTY","type":"ACCEPTED",)"
       R"("body":{"originatorId":1,"targetId":2}})",
       "referenceId", "1", kNoNumber, kUint32Range},
      {kInvite,
       R"({@"worldId":1,"inviteType":"PARTY","type":"ACCEPTED","referenceId":5})",
       "body",
       R"({"originatorId":1,"targetId":2})",
       kNoObject,
       {}},
      {kInvite,
       R"({"worldId":1,"inviteType":"PARTY","type":"ACCEPTED","referenceId":5,)"
       R"("body":{@"targetId":2}})",
       "body.originatorId", "1", kNoNumber, kUint32Range},
      {kInvite,
       R"({"worldId":1,"inviteType":"PARTY","type":"ACCEPTED","referenceId":5,)"
       R"("body":{@"originatorId":2}})",
       "body.targetId", "1", kNoNumber, kUint32Range},
      {kInvite,
       R"({@"worldId":1,"inviteType":"PARTY","type":"ACCEPTED","referenceId":5,)"
       R"("body":{"originatorId":2,"targetId":2}})",
       "transactionId",
       uuid,
       kNoUuid,
       {},
       true},
  };
  // In every handled status event, whatever else it has.
  for (const char* type : {"LOGOUT", "DELETED"}) {
    const std::string rest = absl::StrCat("\"type\":\"", type, "\",\"body\":{}}");
    static std::vector<std::string> kept;
    kept.reserve(8);
    kept.push_back("{@\"characterId\":1," + rest);
    fields.push_back({kStatus, kept.back().c_str(), "worldId", "1", kNoNumber, kByteRange});
    kept.push_back("{@\"worldId\":1," + rest);
    fields.push_back({kStatus, kept.back().c_str(), "characterId", "1", kNoNumber, kUint32Range});
  }
  return fields;
}

TEST(FieldsTest, MissingNullWrongAndOutOfRange) {
  DecoderHarness it;
  for (const CheckedField& field : CheckedFields()) {
    const std::string path = field.path;
    const std::string name = path.substr(path.rfind('.') + 1);
    const auto with = [&](std::string value) {
      return absl::StrReplaceAll(field.json, {{"@", absl::StrCat("\"", name, "\":", value, ",")}});
    };
    const std::string without = absl::StrReplaceAll(field.json, {{"@", ""}});
    const std::string is_missing = absl::StrCat("MISSING_FIELD: field ", path, " is missing");
    const std::string is_null = absl::StrCat("WRONG_TYPE: field ", path, " is null");
    EXPECT_EQ(it.Decode(field.topic, with(field.good)), "ok") << with(field.good);
    EXPECT_EQ(it.Decode(field.topic, without), field.optional ? "ok" : is_missing) << without;
    EXPECT_EQ(it.Decode(field.topic, with("null")), field.optional ? "ok" : is_null) << without;
    for (const char* value : field.wrong_type) {
      const std::string outcome = it.Decode(field.topic, with(value));
      EXPECT_TRUE(outcome.starts_with(absl::StrCat("WRONG_TYPE: field ", path, " is ")))
          << with(value) << ": " << outcome;
    }
    for (const char* value : field.out_of_range) {
      const std::string outcome = it.Decode(field.topic, with(value));
      EXPECT_TRUE(outcome.starts_with(absl::StrCat("OUT_OF_RANGE: field ", path, " is ")))
          << with(value) << ": " << outcome;
    }
  }
}

TEST(FieldsTest, LargestNumbers) {
  DecoderHarness it;
  EXPECT_EQ(it.Status(R"({"worldId":255,"characterId":4294967295,"type":"JOB_CHANGED",)"
                      R"("body":{"jobId":65535}})"),
            "ok");
  EXPECT_EQ(it.status<model::JobChanged>().job, model::JobId(65535));
}

TEST(FieldsTest, CharacterId0IsNobody) {
  DecoderHarness it;
  for (const char* type : {"LOGIN", "LOGOUT", "DELETED", "CREATED"}) {
    EXPECT_EQ(it.Status(absl::StrCat(R"({"worldId":1,"characterId":0,"type":")", type,
                                     R"(","body":{"channelId":1,"mapId":1,"name":""}})")),
              "OUT_OF_RANGE: field characterId is 0, which is nobody");
  }
}

TEST(FieldsTest, NamesOf255Bytes) {
  DecoderHarness it;
  const std::string euros = [] {
    std::string text;
    for (int i = 0; i < 85; ++i) text += "\u20ac";  // 3 bytes each
    return text;
  }();
  EXPECT_EQ(it.Status(StatusOf("CREATED", "{\"name\":\"" + euros + "\"}")), "ok");
  EXPECT_EQ(it.status<model::Created>().name, euros);
  EXPECT_EQ(it.Status(StatusOf("CREATED", "{\"name\":\"" + euros + "x\"}")),
            "OUT_OF_RANGE: field body.name has 256 bytes, at most 255 are allowed");
  EXPECT_EQ(it.Status(StatusOf("NAME_CHANGED", "{\"newName\":\"" + euros + "x\"}")),
            "OUT_OF_RANGE: field body.newName has 256 bytes, at most 255 are allowed");
  // Bytes count as they are meant, not as they are written.
  EXPECT_EQ(it.Status(StatusOf("NAME_CHANGED",
                               "{\"newName\":\"" + euros.substr(3) + R"(\u20ac)" + "\"}")),
            "ok");
  ASSERT_EQ(it.Status(StatusOf("NAME_CHANGED", R"({"newName":"a\u0000b"})")), "ok");
  EXPECT_EQ(it.status<model::NameChanged>().name, std::string("a\0b", 3));
}

TEST(FieldsTest, NamesAreExactAndTheirOrderIsFree) {
  DecoderHarness it;
  EXPECT_EQ(it.Command(R"({"body":{"z":1,"partyId":5},"x":{},"type":"JOIN","actorId":1})"), "ok");
  EXPECT_EQ(it.Command(R"({"ActorId":1,"type":"CREATE","body":{}})"),
            "MISSING_FIELD: field actorId is missing");
  EXPECT_EQ(it.Command(R"({"actorId ":1,"type":"CREATE","body":{}})"),
            "MISSING_FIELD: field actorId is missing");
  EXPECT_EQ(it.Command(R"({"actorI\u0064":1,"type":"CREATE","body":{}})"), "ok");
  // A field elsewhere is another field.
  EXPECT_EQ(it.Command(R"({"actorId":1,"type":"JOIN","partyId":5,"body":{"x":{"partyId":5}}})"),
            "MISSING_FIELD: field body.partyId is missing");
  EXPECT_EQ(it.Command(R"({"type":"CREATE","body":{"actorId":1}})"),
            "MISSING_FIELD: field actorId is missing");
  EXPECT_EQ(it.Command(R"({"actorId":1,"type":"JOIN","body":{},"x":{"partyId":5}})"),
            "MISSING_FIELD: field body.partyId is missing");
}

// Which of two equal ones counts is open: here the last, whole.
TEST(FieldsTest, EqualFields) {
  DecoderHarness it;
  ASSERT_EQ(it.Command(R"({"actorId":"x","actorId":2,"type":"CREATE","body":{}})"), "ok");
  EXPECT_EQ(std::get<model::Command>(it.message.body).actor, model::CharacterId(2));
  EXPECT_EQ(it.Command(R"({"actorId":1,"type":"LEAVE","body":{"force":true},)"
                       R"("body":{"partyId":5}})"),
            "MISSING_FIELD: field body.force is missing");
  EXPECT_EQ(it.Status(R"({"type":"LOGOUT","worldId":1,"characterId":1,"body":{},"type":"DIED"})"),
            "skipped DIED");
}

TEST(TransactionTest, OfCommandsAndInvites) {
  DecoderHarness it;
  const auto sent = [](std::string value) { return ",\"transactionId\":" + value; };
  const std::string upper = "\"083839C6-C47C-42A6-9585-76492795D124\"";
  const std::string nil = "\"00000000-0000-0000-0000-000000000000\"";
  const std::string body = R"({"originatorId":1,"targetId":2})";
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}", sent(upper))), "ok");
  EXPECT_EQ(base::ToString(it.message.transaction.value()), "083839c6-c47c-42a6-9585-76492795d124");
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
  EXPECT_EQ(it.message.transaction, std::nullopt);
  EXPECT_EQ(it.Invite(InviteOf(body, sent(upper))), "ok");
  EXPECT_TRUE(it.message.transaction.has_value());
  EXPECT_EQ(it.Invite(InviteOf(body, sent(nil))), "ok");
  EXPECT_EQ(it.message.transaction, std::nullopt);
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}", sent("\"x\""))),
            "WRONG_TYPE: field transactionId is no UUID");
}

TEST(TransactionTest, OfStatusEventsCountsAsAbsentWhereItIsNone) {
  DecoderHarness it;
  EXPECT_EQ(it.Status(StatusOf("DELETED", "{}",
                               ",\"transactionId\":\"" + std::string(kTenantText) + "\"")),
            "ok");
  EXPECT_TRUE(it.message.transaction.has_value());
  for (const char* value : {"\"x\"", "5", "{}", "[]", "null", "true"}) {
    EXPECT_EQ(it.Status(StatusOf("DELETED", "{}", absl::StrCat(",\"transactionId\":", value))),
              "ok");
    EXPECT_EQ(it.message.transaction, std::nullopt);
  }
}

// ------------------------------------------------------------------------ JSON

TEST(JsonTest, NoValue) {
  DecoderHarness it;
  for (const InputTopic topic : {kCommand, kStatus, kInvite}) {
    EXPECT_EQ(it.Decode(topic, std::nullopt), "NO_VALUE: the record has no value");
    for (const char* value : {"", " ", "[]", "5", "\"type\"", "null", "{", "x"}) {
      EXPECT_TRUE(it.Decode(topic, value).starts_with("INVALID_JSON: the value is no JSON object"))
          << value;
    }
  }
}

// What simdjson alone would let pass in fields that nobody reads, or RapidJSON anywhere.
TEST(JsonTest, BrokenIgnoredFieldsAreBadInput) {
  DecoderHarness it;
  for (const char* value : {"01",
                            "1.",
                            "-",
                            "nul",
                            "truely",
                            "\"\\ud800\"",
                            "\"\\udc00\"",
                            "\"\\x\"",
                            "\"\x01\"",
                            "\"\xff\"",
                            "\"\xed\xa0\x80\"",
                            "[1 2]",
                            "[1,]",
                            "{\"a\"}",
                            "{\"a\":1,}",
                            "{1:2}",
                            "",
                            "]",
                            "[}",
                            "{]",
                            "1 2",
                            "'x'",
                            "+1",
                            "NaN"}) {
    for (const std::string& json :
         {CommandOf("CREATE", "{}", absl::StrCat(",\"x\":", value)),
          CommandOf("CREATE", absl::StrCat("{\"x\":", value, "}")),
          StatusOf("DELETED", "{}", absl::StrCat(",\"x\":", value)),
          StatusOf("LOGOUT", absl::StrCat("{\"x\":", value, "}")),
          InviteOf(absl::StrCat(R"({"originatorId":1,"targetId":2,"x":)", value, "}"))}) {
      const InputTopic topic = json.starts_with(R"({"actorId")")              ? kCommand
                               : json.find("inviteType") != std::string::npos ? kInvite
                                                                              : kStatus;
      EXPECT_TRUE(it.Decode(topic, json).starts_with("INVALID_JSON")) << json;
    }
  }
}

TEST(JsonTest, SoundIgnoredFieldsAreIgnored) {
  DecoderHarness it;
  for (const char* value : {"1e400", "-0", "99999999999999999999999999", "\"\\ud83d\\ude00\"",
                            "\"\\u0000\"", "[{\"a\":[null]}]", "-1.5E-3", "\"\x7f\""}) {
    EXPECT_EQ(it.Command(CommandOf("CREATE", "{}", absl::StrCat(",\"x\":", value))), "ok");
    EXPECT_EQ(it.Status(StatusOf("DELETED", absl::StrCat("{\"x\":", value, "}"))), "ok");
  }
}

TEST(JsonTest, MarksAndWhatStandsBehind) {
  DecoderHarness it;
  const std::string good = CommandOf("CREATE", "{}");
  EXPECT_EQ(it.Command(" \r\n\t" + good + " \r\n\t"), "ok");
  for (const std::string& behind :
       std::vector<std::string>{"x", "{}", ",", "]", "}", std::string(1, '\0'), "\xff"}) {
    EXPECT_TRUE(it.Command(good + behind).starts_with("INVALID_JSON")) << behind;
  }
  EXPECT_TRUE(it.Command("\xef\xbb\xbf" + good).starts_with("INVALID_JSON"));
  EXPECT_TRUE(it.Status("\xef\xbb\xbf" + StatusOf("DELETED", "{}")).starts_with("INVALID_JSON"));
  EXPECT_TRUE(it.Command(good.substr(0, good.size() - 1)).starts_with("INVALID_JSON"));
}

TEST(JsonTest, Nesting) {
  DecoderHarness it;
  // The object itself is a level.
  const auto nested = [](size_t levels) {
    return absl::StrCat(",\"x\":", std::string(levels - 1, '['), std::string(levels - 1, ']'));
  };
  for (const size_t levels : {63, 64, 128}) {
    EXPECT_EQ(it.Command(CommandOf("CREATE", "{}", nested(levels))), "ok");
    EXPECT_EQ(it.Status(StatusOf("DELETED", "{}", nested(levels))), "ok");
  }
  EXPECT_TRUE(it.Command(CommandOf("CREATE", "{}", nested(129))).starts_with("INVALID_JSON"));
  EXPECT_TRUE(it.Status(StatusOf("DELETED", "{}", nested(5000))).starts_with("INVALID_JSON"));
}

TEST(JsonTest, AMegabyte) {
  DecoderHarness it;
  const std::string large = absl::StrCat(",\"x\":\"", std::string(1 << 20, 'x'), "\"");
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}", large)), "ok");
  EXPECT_EQ(it.Status(StatusOf("DIED", "{}", large)), "skipped DIED");
  EXPECT_EQ(it.Status(absl::StrCat("{", large.substr(1), ",\"type\":\"DIED\"}")), "skipped DIED");
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
}

// ---------------------------------------------------------------------- tenant

TEST(TenantTest, EitherCase) {
  DecoderHarness it;
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
  const model::TenantId lower = it.message.tenant;
  it.headers = {{"TENANT_ID", "083839C6-C47C-42A6-9585-76492795D123"}};
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
  EXPECT_EQ(it.message.tenant, lower);
  it.headers = {{"TENANT_ID", "00000000-0000-0000-0000-000000000000"}};
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
  EXPECT_EQ(it.message.tenant, model::TenantId{});
}

TEST(TenantTest, MissingOrNone) {
  DecoderHarness it;
  const std::string missing = "INVALID_TENANT_ID: header TENANT_ID is missing or null";
  it.headers = {};
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), missing);
  it.headers = {{"tenant_id", kTenantText}};
  EXPECT_EQ(it.Status(StatusOf("DELETED", "{}")), missing);
  it.headers = {{"TENANT_ID", std::nullopt}};
  EXPECT_EQ(it.Invite(InviteOf(R"({"originatorId":1,"targetId":2})")), missing);
  for (const std::string_view text :
       {"", "nobody", "083839c6-c47c-42a6-9585-76492795d12 ",
        "{083839c6-c47c-42a6-9585-76492795d123}", "083839c6c47c42a6958576492795d123"}) {
    it.headers = {{"TENANT_ID", text}};
    EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")),
              absl::StrCat("INVALID_TENANT_ID: header TENANT_ID, ", text.size(),
                           " bytes, is no UUID of 36 characters"));
  }
}

TEST(TenantTest, TheFirstOfTwoCounts) {
  DecoderHarness it;
  it.headers = {{"TENANT_ID", "00000000-0000-0000-0000-000000000000"}, {"TENANT_ID", kTenantText}};
  EXPECT_EQ(it.Command(CommandOf("CREATE", "{}")), "ok");
  EXPECT_EQ(it.message.tenant, model::TenantId{});
  it.headers = {{"TENANT_ID", std::nullopt}, {"TENANT_ID", kTenantText}};
  EXPECT_NE(it.Command(CommandOf("CREATE", "{}")), "ok");
}

}  // namespace
}  // namespace serde
