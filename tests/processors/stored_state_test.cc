// A store's bytes as objects, and what cannot be decoded.

#include "processors/stored_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "serde/store_codecs.h"

namespace processors {
namespace {

template <class Codec>
std::pair<std::string, std::string> Encode(const typename Codec::Key& key,
                                           const typename Codec::Value& value) {
  std::pair<std::string, std::string> entry;
  Codec::EncodeKey(key, &entry.first);
  Codec::EncodeValue(value, &entry.second);
  return entry;
}

TEST(StoredStateTest, ObjectsOfEachStore) {
  rules::State state;
  model::Character character;
  character.party = model::kFirstPartyId;
  auto entry = Encode<serde::CharacterCodec>({{}, model::CharacterId(7)}, character);
  EXPECT_TRUE(AddStored("characters", entry.first, entry.second, &state).ok());
  model::Party party{.leader = model::CharacterId(7), .members = {}};
  party.members.Add(model::CharacterId(7));
  entry = Encode<serde::PartyCodec>({{}, model::kFirstPartyId}, party);
  EXPECT_TRUE(AddStored("parties", entry.first, entry.second, &state).ok());
  entry = Encode<serde::PartySequenceCodec>({}, {.next = model::PartyId(1'000'000'001)});
  EXPECT_TRUE(AddStored("party-sequence", entry.first, entry.second, &state).ok());
  EXPECT_TRUE(AddStored("characters", "offsets", "the engine's", &state).ok());

  EXPECT_EQ(state.characters.size(), 1u);
  EXPECT_EQ((state.characters.at({{}, model::CharacterId(7)})), character);
  EXPECT_EQ((state.parties.at({{}, model::kFirstPartyId})), party);
  EXPECT_EQ(state.sequences.at({}).next.value(), 1'000'000'001u);
  EXPECT_TRUE(rules::Violations(state).empty());
}

TEST(StoredStateTest, WhatCannotBeDecodedIsNamed) {
  rules::State state;
  const auto entry = Encode<serde::CharacterCodec>({{}, model::CharacterId(7)}, {});
  const auto message = [&](const std::string& store, const std::string& key,
                           const std::string& value) {
    return std::string(AddStored(store, key, value, &state).message());
  };
  EXPECT_THAT(message("characters", entry.first, entry.second.substr(0, 3)),
              testing::AllOf(testing::HasSubstr("store characters, key 0000"),
                             testing::HasSubstr("00000007: a character")));
  EXPECT_THAT(message("parties", std::string(17, 'x'), ""), testing::HasSubstr("17 bytes"));
  EXPECT_THAT(message("guilds", entry.first, ""), testing::HasSubstr("guilds"));
  EXPECT_TRUE(state.characters.empty());
  EXPECT_TRUE(state.parties.empty());
}

}  // namespace
}  // namespace processors
