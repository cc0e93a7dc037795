// What differs between a store and its changelog is found and called by its name; what the
// log cannot tell is not called wrong.

#include "state/changelog_check.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace state {
namespace {

using Kind = StoreDifference::Kind;
using Store = std::map<std::string, std::string>;

struct Record {
  int64_t offset;
  std::string key;
  std::optional<std::string> value;
};

// The store stands at 100 unless said otherwise.
StoreFindings Check(const std::vector<Record>& log, const Store& store, int64_t position = 100) {
  ChangelogCheck check{base::Offset(position)};
  for (const Record& record : log) {
    check.AddRecord(base::Offset(record.offset), record.key, record.value);
  }
  for (const auto& [key, value] : store) check.AddEntry(key, value);
  return check.Finish();
}

void ExpectOne(const StoreFindings& found, Kind kind, const std::string& key,
               std::optional<int64_t> offset) {
  ASSERT_EQ(found.differences.size(), 1u);
  const StoreDifference& one = found.differences[0];
  EXPECT_EQ(one.kind, kind);
  EXPECT_EQ(one.key, key);
  ASSERT_EQ(one.logged.has_value(), offset.has_value());
  if (offset.has_value()) {
    EXPECT_EQ(one.logged->offset.value(), *offset);
  }
}

TEST(ChangelogCheckTest, AStoreThatIsThePrefixIsRight) {
  const StoreFindings found =
      Check({{1, "a", "1"}, {2, "b", "1"}, {3, "a", "2"}, {5, "c", "1"}, {8, "c", std::nullopt}},
            {{"a", "2"}, {"b", "1"}});
  EXPECT_TRUE(found.differences.empty());
  EXPECT_EQ(found.entries, 2u);
  EXPECT_EQ(found.right, 2u);
  EXPECT_TRUE(found.superseded.empty());
  EXPECT_EQ(found.only_later, 0u);
}

TEST(ChangelogCheckTest, WhatTheLogStillHasBelowThePositionIsComparedAlthoughItIsOld) {
  const std::vector<Record> log = {{1, "a", "1"}, {100, "a", "2"}};
  EXPECT_EQ(Check(log, {{"a", "1"}}).right, 1u);
  ExpectOne(Check(log, {{"a", "x"}}), Kind::kOtherValue, "a", 1);
  ExpectOne(Check(log, {}), Kind::kMissing, "a", 1);
}

TEST(ChangelogCheckTest, AnotherValue) {
  const StoreFindings found = Check({{1, "a", "1"}, {2, "a", "2"}}, {{"a", "1"}});
  ExpectOne(found, Kind::kOtherValue, "a", 2);
  EXPECT_EQ(found.differences[0].stored, "1");
  EXPECT_EQ(found.differences[0].logged->value, "2");
  EXPECT_EQ(found.right, 0u);
}

TEST(ChangelogCheckTest, AMissingKey) {
  const StoreFindings found = Check({{1, "a", "1"}, {99, "b", "1"}}, {{"a", "1"}});
  ExpectOne(found, Kind::kMissing, "b", 99);
  EXPECT_FALSE(found.differences[0].stored.has_value());
}

TEST(ChangelogCheckTest, AKeyThatWasDeleted) {
  ExpectOne(Check({{1, "a", "1"}, {2, "a", std::nullopt}}, {{"a", "1"}}), Kind::kDeleted, "a", 2);
}

TEST(ChangelogCheckTest, AGhost) {
  ExpectOne(Check({{1, "a", "1"}}, {{"a", "1"}, {"b", "1"}}), Kind::kGhost, "b", std::nullopt);
}

TEST(ChangelogCheckTest, TheFuture) {
  const std::vector<Record> log = {
      {1, "a", "1"}, {2, "b", "1"}, {3, "b", std::nullopt}, {100, "a", "2"}, {101, "b", "2"}};
  ExpectOne(Check(log, {{"a", "2"}}), Kind::kFuture, "a", 100);
  ExpectOne(Check(log, {{"a", "1"}, {"b", "2"}}), Kind::kFuture, "b", 101);
}

TEST(ChangelogCheckTest, TheFirstRecordAtThePositionIsNotInTheStoreYet) {
  ExpectOne(Check({{99, "a", "1"}, {100, "a", "2"}}, {{"a", "2"}}), Kind::kFuture, "a", 100);
  EXPECT_EQ(Check({{99, "a", "1"}, {100, "a", "2"}}, {{"a", "2"}}, 101).right, 1u);
}

TEST(ChangelogCheckTest, WhatCompactionHasRemovedIsNotCalledWrong) {
  const StoreFindings found =
      Check({{100, "a", "2"}, {101, "b", "2"}, {102, "c", std::nullopt}}, {{"a", "1"}, {"c", "9"}});
  EXPECT_TRUE(found.differences.empty());
  EXPECT_EQ(found.right, 0u);
  ASSERT_EQ(found.superseded.size(), 2u);
  EXPECT_EQ(found.superseded[0].key, "a");
  EXPECT_EQ(found.superseded[0].offset, base::Offset(100));
  EXPECT_EQ(found.superseded[1].key, "c");
  EXPECT_EQ(found.superseded[1].offset, base::Offset(102));
  EXPECT_EQ(found.only_later, 1u);
}

TEST(ChangelogCheckTest, AnEmptyValueIsNoTombstone) {
  EXPECT_EQ(Check({{1, "a", ""}}, {{"a", ""}}).right, 1u);
  ExpectOne(Check({{1, "a", ""}}, {}), Kind::kMissing, "a", 1);
  EXPECT_TRUE(Check({{1, "a", std::nullopt}}, {}).differences.empty());
}

TEST(ChangelogCheckTest, DifferencesComeInTheOrderOfTheirKeys) {
  const StoreFindings found =
      Check({{1, "c", "1"}, {2, "a", "1"}, {3, "e", "1"}}, {{"b", "1"}, {"d", "1"}, {"e", "2"}});
  std::string keys;
  for (const StoreDifference& one : found.differences) keys += one.key;
  EXPECT_EQ(keys, "abcde");
}

TEST(ChangelogCheckTest, TheLatestAreTheFoldOfTheLog) {
  ChangelogCheck check{base::Offset(3)};
  check.AddRecord(base::Offset(1), "a", "1");
  check.AddRecord(base::Offset(2), "b", "1");
  check.AddRecord(base::Offset(3), "b", "2");
  check.AddRecord(base::Offset(4), "c", "1");
  check.AddRecord(base::Offset(5), "a", std::nullopt);
  Store fold;
  check.ForEachLatest(
      [&](std::string_view key, std::string_view value) { fold.emplace(key, value); });
  EXPECT_EQ(fold, (Store{{"b", "2"}, {"c", "1"}}));
}

}  // namespace
}  // namespace state
