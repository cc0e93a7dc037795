// The engine's small parts: when to commit, what waits to be written, how a topology is
// declared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "streams/commit_policy.h"
#include "streams/outbox.h"
#include "streams/record_limit.h"
#include "streams/topology.h"
#include "topology/party_topology.h"

namespace streams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// ------------------------------------------------------------------- when to commit

class CommitPolicyTest : public testing::Test {
 protected:
  static OpenTransaction Open(size_t records, size_t outputs, size_t keys) {
    OpenTransaction open;
    open.records = records;
    open.outputs = outputs;
    open.keys = keys;
    return open;
  }
  bool After(absl::Duration since) {
    open_.since_commit = since;
    return ShouldCommit(open_, limits_);
  }
  // It turns true exactly there, and NextCommitIn knows it beforehand.
  void ExpectCommitAfter(absl::Duration due) {
    for (const absl::Duration before : {absl::ZeroDuration(), due / 2, due}) {
      EXPECT_EQ(After(before), before >= due) << before;
      EXPECT_EQ(NextCommitIn(open_, limits_), due - before);
    }
    EXPECT_TRUE(After(due + absl::Seconds(5)));
    EXPECT_EQ(NextCommitIn(open_, limits_), absl::ZeroDuration());
    EXPECT_FALSE(After(due - absl::Nanoseconds(1)));
  }

  const CommitLimits limits_{.interval = absl::Milliseconds(100),
                             .floor = absl::Milliseconds(4),
                             .skipped_interval = absl::Seconds(1),
                             .keys = 10,
                             .outputs = 20};
  OpenTransaction open_ = Open(1, 1, 1);
};

TEST_F(CommitPolicyTest, NothingIsNeverCommitted) {
  open_ = {};
  EXPECT_FALSE(After(absl::Hours(1)));
}

TEST_F(CommitPolicyTest, ABusyWorkerCommitsAtTheInterval) {
  ExpectCommitAfter(absl::Milliseconds(100));
}

TEST_F(CommitPolicyTest, WithItsInputsDrainedAtTheFloor) {
  open_.drained = true;
  ExpectCommitAfter(absl::Milliseconds(4));
}

TEST_F(CommitPolicyTest, WhatWasOnlySkippedCanWait) {
  open_ = Open(1000, 0, 0);
  ExpectCommitAfter(absl::Seconds(1));
  open_.drained = true;
  ExpectCommitAfter(absl::Seconds(1));
}

TEST_F(CommitPolicyTest, AnOutputOrAKeyAloneCannot) {
  open_ = Open(1, 1, 0);
  ExpectCommitAfter(absl::Milliseconds(100));
  open_ = Open(1, 0, 1);
  ExpectCommitAfter(absl::Milliseconds(100));
}

TEST_F(CommitPolicyTest, ALargeTransactionIsCommittedAtOnce) {
  open_.keys = 9;
  open_.outputs = 19;
  EXPECT_FALSE(After(absl::ZeroDuration()));
  open_.keys = 10;
  EXPECT_TRUE(After(absl::ZeroDuration()));
  open_.keys = 9;
  open_.outputs = 20;
  EXPECT_TRUE(After(absl::ZeroDuration()));
}

// --------------------------------------------------------------------------- outbox

TEST(OutboxTest, KeepsWhatWasAddedWhenTheSourceIsGone) {
  Outbox outbox;
  {
    std::string key = "key", value(10'000, 'v'), name = "name", text = "text";
    const std::vector<base::HeaderView> headers = {{name, text}, {name, std::nullopt}, {"", ""}};
    outbox.Add({.topic = TopicIndex(1),
                .partition = base::Partition(2),
                .timestamp = base::Timestamp(3),
                .key = key,
                .value = value,
                .headers = headers});
    outbox.Add({.topic = TopicIndex(2), .key = std::nullopt, .value = "", .headers = {}});
    outbox.Add({.topic = TopicIndex(3), .key = "", .value = std::nullopt, .headers = {}});
    key = value = name = text = "overwritten";
  }
  ASSERT_EQ(outbox.size(), 3);

  const OutgoingRecord second = outbox.Get(1);
  EXPECT_EQ(second.topic, TopicIndex(2));
  EXPECT_EQ(second.partition, kByKey);
  EXPECT_EQ(second.timestamp, base::kNoTimestamp);
  EXPECT_EQ(second.key, std::nullopt);  // none, and not an empty one
  EXPECT_EQ(second.value, "");
  EXPECT_TRUE(second.headers.empty());

  const OutgoingRecord third = outbox.Get(2);
  EXPECT_EQ(third.key, "");
  EXPECT_EQ(third.value, std::nullopt);

  const OutgoingRecord first = outbox.Get(0);
  EXPECT_EQ(first.topic, TopicIndex(1));
  EXPECT_EQ(first.partition, base::Partition(2));
  EXPECT_EQ(first.timestamp, base::Timestamp(3));
  EXPECT_EQ(first.key, "key");
  EXPECT_EQ(first.value, std::string(10'000, 'v'));
  ASSERT_EQ(first.headers.size(), 3);
  EXPECT_EQ(first.headers[0].name, "name");
  EXPECT_EQ(first.headers[0].value, "text");
  EXPECT_EQ(first.headers[1].name, "name");
  EXPECT_EQ(first.headers[1].value, std::nullopt);
  EXPECT_EQ(first.headers[2].name, "");
  EXPECT_EQ(first.headers[2].value, "");
}

TEST(OutboxTest, ClearedItIsAsNew) {
  Outbox outbox;
  const std::vector<base::HeaderView> headers = {{"old", "old"}};
  outbox.Add({.topic = TopicIndex(1), .key = "old", .value = "old", .headers = headers});
  outbox.Clear();
  EXPECT_EQ(outbox.size(), 0);
  const std::vector<base::HeaderView> others = {{"new", "header"}};
  outbox.Add({.topic = TopicIndex(4), .key = "new", .value = "value", .headers = others});
  const OutgoingRecord record = outbox.Get(0);
  EXPECT_EQ(record.key, "new");
  EXPECT_EQ(record.value, "value");
  ASSERT_EQ(record.headers.size(), 1);
  EXPECT_EQ(record.headers[0].name, "new");
  EXPECT_EQ(record.headers[0].value, "header");
}

// ------------------------------------------------------------------------- topology

class Nothing final : public Node {
 public:
  absl::Status Init(ProcessorContext&) override { return absl::OkStatus(); }
};

NodeId AddNothing(Topology* topology, const std::string& name, std::vector<NodeId> parents) {
  return topology->AddProcessor(name, std::move(parents),
                                [] { return std::make_unique<Nothing>(); });
}

void ExpectMistake(const Topology& topology, const char* text) {
  const absl::Status status = topology.Check();
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(text));
}

TEST(TopologyTest, MistakesAreFound) {
  {
    Topology topology;
    AddNothing(&topology, "twice", {topology.AddSource("twice", "in")});
    ExpectMistake(topology, "two nodes are named twice");
  }
  {
    Topology topology;
    topology.AddSource("source", "in");
    AddNothing(&topology, "orphan", {});
    ExpectMistake(topology, "orphan");
  }
  {
    Topology topology;
    AddNothing(&topology, "impatient", {NodeId(1)});
    topology.AddSource("source", "in");
    ExpectMistake(topology, "a parent of impatient is declared after it");
  }
  {
    Topology topology;
    AddNothing(&topology, "own-child", {NodeId(0)});
    ExpectMistake(topology, "a parent of own-child is declared after it");
  }
  {
    Topology topology;
    const NodeId source = topology.AddSource("source", "in");
    const NodeId sink = topology.AddRawSink("sink", "out", {source});
    AddNothing(&topology, "below", {sink});
    ExpectMistake(topology, "a sink is a parent of below");
  }
}

TEST(TopologyTest, NamesInTheOrderOfTheirDeclaration) {
  Topology topology;
  const NodeId b = topology.AddSource("b", "in-b");
  const NodeId a = topology.AddSource("a", "in-a");
  const NodeId through = topology.AddRepartition("through", {b, a});
  topology.AddRawSink("one", "out", {b});
  topology.AddRawSink("two", "other-out", {through});
  topology.AddRawSink("three", "out", {a});
  EXPECT_TRUE(topology.Check().ok());
  EXPECT_THAT(topology.source_topics(), ElementsAre("in-b", "in-a"));
  EXPECT_THAT(topology.sink_topics(), ElementsAre("out", "other-out"));  // each once
  EXPECT_THAT(topology.repartition_names(), ElementsAre("through"));
}

topology::Topics Topics() {
  topology::Topics topics;
  topics.dead_letters = "dead";
  return topics;
}

TEST(TopologyTest, ThisApplications) {
  const Topology topology = topology::PartyTopology(Topics(), {});
  EXPECT_TRUE(topology.Check().ok()) << topology.Check();
  EXPECT_THAT(topology.store_names(), ElementsAre("characters", "parties", "party-sequence"));
  EXPECT_THAT(topology.source_topics(),
              ElementsAre("EVENT_TOPIC_CHARACTER_STATUS", "EVENT_TOPIC_INVITE_STATUS",
                          "COMMAND_TOPIC_PARTY"));
}

// --------------------------------------------------------------- the record limit

TEST(RecordLimitTest, HalvesToASingleRecordAndGrowsAgain) {
  RecordLimit limit;
  EXPECT_EQ(limit.records(), RecordLimit::kNone);
  limit.Refused(100);
  EXPECT_EQ(limit.records(), 50u);
  limit.Refused(50);
  limit.Refused(3);
  EXPECT_EQ(limit.records(), 1u);
  limit.Refused(1);
  EXPECT_EQ(limit.records(), 1u);
  int passed = 0;
  for (; limit.records() != RecordLimit::kNone && passed < 1000; ++passed) limit.Passed();
  EXPECT_LT(passed, 100);
}

TEST(RecordLimitTest, OneBadRecordCostsFewTransactions) {
  RecordLimit limit;
  int transactions = 0;
  for (size_t records = 8000; records > 1; records = limit.records()) {
    limit.Refused(records);
    ++transactions;
  }
  limit.Refused(1);
  for (; limit.records() != RecordLimit::kNone && transactions < 1000; ++transactions) {
    limit.Passed();
  }
  EXPECT_LT(transactions, 30);
}

TEST(RecordLimitTest, ATopicOfSmallBatchesIsTriedRarely) {
  RecordLimit limit;
  int refused = 0;
  for (int records = 0; records < 1000; ++records) {
    while (limit.records() > 1) {
      limit.Refused(2);
      ++refused;
    }
    limit.Passed();
  }
  EXPECT_LT(refused, 30);
}

}  // namespace
}  // namespace streams
