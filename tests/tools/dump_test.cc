// What state-dump makes of points, pasts and text for a terminal; no Kafka, no disk.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "serde/store_codecs.h"
#include "tools/dump/columns.h"
#include "tools/dump/options.h"
#include "tools/dump/past.h"
#include "tools/dump/point.h"
#include "tools/dump/shown.h"

namespace dump {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kStores = {"characters", "parties"};

// ------------------------------------------------------------------------------ points

TEST(PointTest, Times) {
  EXPECT_EQ(ParsePoint("1700000000123", kStores)->time->value(), 1'700'000'000'123);
  EXPECT_EQ(ParsePoint("2023-11-14T22:13:20Z", kStores)->time->value(), 1'700'000'000'000);
  EXPECT_EQ(ParsePoint("2023-11-14T23:13:20.5+01:00", kStores)->time->value(), 1'700'000'000'500);
  EXPECT_EQ(ParsePoint("2023-11-14", kStores)->time->value(), 1'699'920'000'000);
  EXPECT_EQ(ToString(*ParsePoint("1700000000123", kStores)), "2023-11-14T22:13:20.123Z");
}

TEST(PointTest, Positions) {
  const auto point = ParsePoint("parties=7,characters=0", kStores);
  ASSERT_TRUE(point.ok()) << point.status();
  EXPECT_FALSE(point->time.has_value());
  EXPECT_EQ(point->positions.at("parties").value(), 7);
  EXPECT_EQ(ToString(*point), "characters=0,parties=7");
}

TEST(PointTest, WhatIsNone) {
  for (const char* text :
       {"", "yesterday", "-1", "20231114", "1700000000", "characters",
        "characters=", "characters=-1", "characters=1,characters=2", "guilds=1"}) {
    EXPECT_FALSE(ParsePoint(text, kStores).ok()) << text;
  }
  EXPECT_THAT(std::string(ParsePoint("guilds=1", kStores).status().message()),
              HasSubstr("characters, parties"));
}

// ------------------------------------------------------------------------------- pasts

// "a key of ...": an application's, which has 16 bytes or more.
std::string Key(const std::string& name) { return name + " of the application"; }

class PastTest : public testing::Test {
 protected:
  bool Take(int64_t offset, int64_t time, const std::string& key, size_t store = 0) {
    const base::RecordView record{.topic = "log",
                                  .partition = base::Partition(0),
                                  .offset = base::Offset(offset),
                                  .timestamp = base::Timestamp(time),
                                  .key = key,
                                  .value = "v",
                                  .headers = {}};
    return past_.Take(store, record);
  }
  // At 1,000,000, with a history of so many milliseconds.
  std::string Told(int64_t history, int64_t tombstones = 1'000'000) {
    return past_.Told(absl::Milliseconds(history), absl::Milliseconds(tombstones),
                      base::Timestamp(1'000'000));
  }

  Past past_{Point{.time = base::Timestamp(500'000), .positions = {}}, kStores};
};

TEST_F(PastTest, WhatHadBeenAppendedByThen) {
  EXPECT_TRUE(Take(0, 499'999, Key("a")));
  EXPECT_TRUE(Take(1, 500'000, Key("a")));
  EXPECT_THAT(Told(0), HasSubstr("nothing has changed since"));
  EXPECT_FALSE(Take(2, 500'001, Key("a")));
  EXPECT_THAT(Told(0), HasSubstr("removed nothing"));
}

TEST_F(PastTest, WhatCompactionMayHaveRemovedIsCounted) {
  Take(0, 1, Key("a"));
  Take(1, 600'000, Key("a"));
  Take(2, 600'000, Key("b"));
  Take(3, 600'000, Key("c"));
  Take(4, 600'000, "offsets");  // the engine's
  EXPECT_THAT(Told(0), HasSubstr(" 2 objects have later records alone"));
  EXPECT_THAT(Told(0), HasSubstr("--changelog_history"));
  EXPECT_THAT(Told(0), Not(HasSubstr("deleted")));
  EXPECT_THAT(Told(0, /*tombstones=*/399'999), HasSubstr("deleted since may be missing"));
  EXPECT_THAT(Told(400'000), HasSubstr("Exact since 1970-01-01T00:10:00.000Z"));
}

TEST_F(PastTest, AHistoryThatReachesBackMakesItExact) {
  Take(0, 600'000, Key("b"));
  EXPECT_THAT(Told(400'001), HasSubstr("exact"));
  EXPECT_THAT(Told(400'000), Not(HasSubstr("exact,")));
}

TEST_F(PastTest, Positions) {
  past_ = Past(*ParsePoint("characters=2", kStores), kStores);
  EXPECT_TRUE(Take(1, 900'000, Key("a"), 0));
  EXPECT_FALSE(Take(2, 1, Key("a"), 0));
  EXPECT_TRUE(Take(9, 1, Key("a"), 1));  // not named: all of it
}

// ------------------------------------------------------------------------------ filter

TEST(FilterTest, ByStoreTenantAndId) {
  std::string key;
  model::TenantId tenant;
  tenant.uuid.bytes[0] = 7;
  serde::CharacterCodec::EncodeKey({tenant, model::CharacterId(5)}, &key);
  std::string sequence;
  serde::PartySequenceCodec::EncodeKey(tenant, &sequence);

  Filter filter;
  EXPECT_TRUE(filter.Passes("characters", key));
  EXPECT_TRUE(filter.Passes("characters", "no such key"));  // shown, and complained of
  filter.store = "parties";
  EXPECT_FALSE(filter.Passes("characters", key));
  EXPECT_TRUE(filter.Passes("parties", key));
  filter = {.store = "", .tenant = tenant, .id = std::nullopt};
  EXPECT_TRUE(filter.Passes("characters", key));
  EXPECT_TRUE(filter.Passes("party-sequence", sequence));
  EXPECT_FALSE(filter.Passes("characters", "no such key"));
  filter.tenant = model::TenantId{};
  EXPECT_FALSE(filter.Passes("characters", key));
  EXPECT_FALSE(filter.Passes("party-sequence", sequence));
  filter = {.store = "", .tenant = std::nullopt, .id = 5};
  EXPECT_TRUE(filter.Passes("characters", key));
  EXPECT_FALSE(filter.Passes("party-sequence", sequence));
  filter.id = 6;
  EXPECT_FALSE(filter.Passes("characters", key));
}

// ---------------------------------------------------------------------- on a terminal

TEST(ColumnsTest, WhatDisturbsATerminalIsEscaped) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(Printable("a\n\t\x7f"), "a\\x0a\\x09\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // a control character of 8 bits
  EXPECT_EQ(Printable("\xe2\x80\xae"
                      "x"),
            "\\xe2\\x80\\xaex");  // writes from right to left
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("Zo\xc3\xab"), "Zo\xc3\xab");
}

TEST(ColumnsTest, WideAndCombiningCharactersKeepTheColumns) {
  EXPECT_EQ(Width("abc"), 3u);
  EXPECT_EQ(Width("Zo\xc3\xab"), 3u);
  EXPECT_EQ(Width("\xea\xb9\x80"), 2u);  // a syllable of Hangul
  EXPECT_EQ(Width("e\xcc\x81"), 1u);     // with an accent of its own
  EXPECT_EQ(Column("\xea\xb9\x80", 4), "\xea\xb9\x80  ");
  EXPECT_EQ(Column("too long", 3), "too long");
}

TEST(ShownTest, ObjectsAndValues) {
  std::string key;
  std::string value;
  serde::PartyCodec::EncodeKey({{}, model::PartyId(1'000'000'000)}, &key);
  model::Party party{.leader = model::CharacterId(2), .members = {}};
  party.members.Add(model::CharacterId(2));
  serde::PartyCodec::EncodeValue(party, &value);
  EXPECT_EQ(ObjectName("parties", key),
            "party 1000000000 of tenant 00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(ValueText("parties", key, value), R"({"leaderId":2,"members":[2]})");
  EXPECT_THAT(ValueJson("parties", key, value), HasSubstr(R"("store":"parties")"));
  EXPECT_THAT(ValueText("parties", key, value.substr(0, 3)), HasSubstr("bytes 010102: "));
  EXPECT_EQ(ObjectName("parties", "offsets"), "the engine's offsets");
  EXPECT_EQ(ObjectName("parties", "\x01\x02"), "key 0102");
  EXPECT_EQ(JsonText("a\"\n"), "\"a\\\"\\n\"");
}

}  // namespace
}  // namespace dump
