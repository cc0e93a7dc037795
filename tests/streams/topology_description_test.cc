// How a topology is described. The text of this application's was held against that which
// Kafka Streams 4.3.1 gives for the same nodes: it differs in the order of the stores alone,
// which is a hash's there.
#include "streams/topology_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "streams/plan.h"
#include "topology/party_topology.h"

namespace streams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Nothing final : public Processor<base::RecordView> {
 public:
  absl::Status Init(ProcessorContext&) override { return absl::OkStatus(); }
  absl::Status Process(const base::RecordView&) override { return absl::OkStatus(); }
};

NodeId AddNothing(Topology* topology, const std::string& name, std::vector<NodeId> parents) {
  return topology->AddProcessor(name, std::move(parents),
                                [] { return std::make_unique<Nothing>(); });
}

Topology Small() {
  Topology topology;
  const NodeId source = topology.AddSource("source", "in");
  const NodeId through = topology.AddRepartition("through", {source});
  AddNothing(&topology, "one", {through});
  topology.AddRawSink("apart", "out", {source});
  AddNothing(&topology, "two", {through});
  return topology;
}

TEST(TopologyDescriptionTest, WhatReadsOneRepartitionTopicIsOneSubTopology) {
  EXPECT_EQ(ToText(Describe(Small())), R"(Topologies:
   Sub-topology: 0
    Source: source (topics: [in])
      --> apart, through-repartition-sink
    Sink: apart (topic: out)
      <-- source
    Sink: through-repartition-sink (topic: through-repartition)
      <-- source

  Sub-topology: 1
    Source: through-repartition-source (topics: [through-repartition])
      --> one, two
    Processor: one (stores: [])
      --> none
      <-- through-repartition-source
    Processor: two (stores: [])
      --> none
      <-- through-repartition-source

)");
}

TEST(TopologyDescriptionTest, SourcesWithoutACommonNodeAreApart) {
  Topology topology;
  const NodeId b = topology.AddSource("b", "in-b");
  const NodeId a = topology.AddSource("a", "in-a");
  AddNothing(&topology, "of-a", {a});
  const NodeId c = topology.AddSource("c", "in-c");
  AddNothing(&topology, "of-both", {c, b});
  const TopologyDescription description = Describe(topology);
  ASSERT_EQ(description.sub_topologies.size(), 2u);
  const auto& first = description.sub_topologies[0];
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0].name, "b");
  EXPECT_EQ(first[1].name, "c");
  EXPECT_EQ(first[2].name, "of-both");
  EXPECT_THAT(first[2].predecessors, ElementsAre("b", "c"));
  EXPECT_EQ(description.sub_topologies[1][0].name, "a");
}

TEST(TopologyDescriptionTest, ForGraphviz) {
  EXPECT_EQ(ToDot(Describe(Small())), R"(digraph topology {
  rankdir=LR;
  node [shape=box];
  "topic in" [label="in", shape=cds];
  "topic out" [label="out", shape=cds];
  "topic through-repartition" [label="through-repartition", shape=cds];
  subgraph cluster_0 {
    label="Sub-topology: 0";
    "source";
    "apart";
    "through-repartition-sink";
  }
  subgraph cluster_1 {
    label="Sub-topology: 1";
    "through-repartition-source";
    "one";
    "two";
  }
  "topic in" -> "source";
  "source" -> "apart";
  "source" -> "through-repartition-sink";
  "apart" -> "topic out";
  "through-repartition-sink" -> "topic through-repartition";
  "topic through-repartition" -> "through-repartition-source";
  "through-repartition-source" -> "one";
  "through-repartition-source" -> "two";
}
)");
}

TEST(TopologyDescriptionTest, ThisApplications) {
  const Topology topology = topology::PartyTopology(
      [] {
        topology::Topics topics;
        topics.dead_letters = "party-worker-dead-letter";
        return topics;
      }(),
      {});
  EXPECT_EQ(ToText(Describe(topology)), R"(Topologies:
   Sub-topology: 0
    Source: character-status (topics: [EVENT_TOPIC_CHARACTER_STATUS])
      --> character-status-intake
    Source: invite-status (topics: [EVENT_TOPIC_INVITE_STATUS])
      --> invite-status-intake
    Source: party-commands (topics: [COMMAND_TOPIC_PARTY])
      --> party-commands-intake
    Processor: character-status-intake (stores: [])
      --> by-tenant-repartition-sink, dead-letters
      <-- character-status
    Processor: invite-status-intake (stores: [])
      --> by-tenant-repartition-sink, dead-letters
      <-- invite-status
    Processor: party-commands-intake (stores: [])
      --> by-tenant-repartition-sink, dead-letters
      <-- party-commands
    Sink: by-tenant-repartition-sink (topic: by-tenant-repartition)
      <-- character-status-intake, invite-status-intake, party-commands-intake
    Sink: dead-letters (topic: party-worker-dead-letter)
      <-- character-status-intake, invite-status-intake, party-commands-intake

  Sub-topology: 1
    Source: by-tenant-repartition-source (topics: [by-tenant-repartition])
      --> parties
    Processor: parties (stores: [characters, parties, party-sequence])
      --> invites, member-status, party-status
      <-- by-tenant-repartition-source
    Sink: invites (topic: COMMAND_TOPIC_INVITE)
      <-- parties
    Sink: member-status (topic: EVENT_TOPIC_PARTY_MEMBER_STATUS)
      <-- parties
    Sink: party-status (topic: EVENT_TOPIC_PARTY_STATUS)
      <-- parties

)");
}

// --------------------------------------------------------------------------- the plan

TEST(PlanTest, OneTaskWhereAllHaveOnePartition) {
  const Topology topology = topology::PartyTopology(topology::Topics(), {});
  const auto plan = MakePlan(topology, {.inputs = {{"EVENT_TOPIC_CHARACTER_STATUS", 1},
                                                   {"EVENT_TOPIC_INVITE_STATUS", 1},
                                                   {"COMMAND_TOPIC_PARTY", 1}},
                                        .state = 1});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::string text = ToText(*plan, topology, "app");
  EXPECT_THAT(text, testing::StartsWith(R"(Plan: fused
  Task of state partition 0
    reads: EVENT_TOPIC_CHARACTER_STATUS-0, EVENT_TOPIC_INVITE_STATUS-0, COMMAND_TOPIC_PARTY-0
    owns the state by: app-by-tenant-repartition-0
    changelogs: app-characters-changelog-0, app-parties-changelog-0, )"));
  EXPECT_THAT(text, HasSubstr("    writes: "));
}

TEST(PlanTest, WhatItCannotRunIsNamed) {
  const auto input = MakePlan(Small(), {.inputs = {{"in", 4}}, .state = 1});
  EXPECT_TRUE(absl::IsFailedPrecondition(input.status()));
  EXPECT_THAT(std::string(input.status().message()), HasSubstr("input in has 4 partitions"));
  const auto state = MakePlan(Small(), {.inputs = {{"in", 1}}, .state = 2});
  EXPECT_TRUE(absl::IsFailedPrecondition(state.status()));
  EXPECT_THAT(std::string(state.status().message()), HasSubstr("the state has 2 partitions"));
}

}  // namespace
}  // namespace streams
