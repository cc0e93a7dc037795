#include "streams/topic_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>

#include "streams/internal_topics.h"
#include "tests/streams/fake_admin.h"

namespace streams {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Settings = std::map<std::string, std::string>;

// ------------------------------------------------------- the internal topics themselves

TEST(InternalTopicsTest, Names) {
  EXPECT_EQ(ChangelogTopic("app", "things"), "app-things-changelog");
  EXPECT_EQ(RepartitionTopic("app", "by-tenant"), "app-by-tenant-repartition");
}

TEST(InternalTopicsTest, EverySettingOfAChangelogIsNamed) {
  const TopicSpec spec = ChangelogSpec("t", 4, 3);
  EXPECT_EQ(spec.name, "t");
  EXPECT_EQ(spec.partitions, 4);
  EXPECT_EQ(spec.replication_factor, 3);
  EXPECT_EQ(spec.settings, (Settings{{"cleanup.policy", "compact"},
                                     {"compression.type", "producer"},
                                     {"delete.retention.ms", "604800000"},
                                     {"message.timestamp.type", "LogAppendTime"},
                                     {"min.compaction.lag.ms", "0"},
                                     {"min.insync.replicas", "2"},
                                     {"retention.bytes", "-1"},
                                     {"retention.ms", "-1"},
                                     {"segment.bytes", "104857600"},
                                     {"unclean.leader.election.enable", "false"}}));
}

TEST(InternalTopicsTest, AHistoryIsWhatCompactionLeaves) {
  const TopicSpec spec = ChangelogSpec("t", 1, 1, absl::Hours(24));
  EXPECT_EQ(spec.settings.at("min.compaction.lag.ms"), "86400000");
  EXPECT_EQ(CompactionLag(spec.settings), absl::Hours(24));
  const TopicDescription description{.partitions = 1, .replication_factor = 1};
  EXPECT_TRUE(CheckChangelog("t", description, spec.settings, 1, absl::Hours(24)).ok());
  EXPECT_TRUE(CheckChangelog("t", description, spec.settings, 1).ok());
  const absl::Status less = CheckChangelog("t", description, spec.settings, 1, absl::Hours(25));
  EXPECT_TRUE(absl::IsFailedPrecondition(less));
  for (const char* name : {"changelog t", "24h", "--changelog_history", "25h", "90000000"}) {
    EXPECT_THAT(std::string(less.message()), HasSubstr(name));
  }
}

TEST(InternalTopicsTest, EverySettingOfARepartitionTopicIsNamed) {
  const TopicSpec spec = RepartitionSpec("t", 4, 1);
  EXPECT_EQ(spec.settings, (Settings{{"cleanup.policy", "delete"},
                                     {"compression.type", "producer"},
                                     {"message.timestamp.type", "CreateTime"},
                                     {"min.insync.replicas", "1"},
                                     {"retention.bytes", "-1"},
                                     {"retention.ms", "-1"},
                                     {"segment.bytes", "52428800"},
                                     {"unclean.leader.election.enable", "false"}}));
}

class FitTest : public testing::Test {
 protected:
  FitTest()
      : changelog_(ChangelogSpec("log", 1, 1).settings),
        repartition_(RepartitionSpec("through", 1, 1).settings) {}

  static void ExpectUnfit(const absl::Status& status, std::initializer_list<const char*> names) {
    ASSERT_TRUE(absl::IsFailedPrecondition(status)) << status;
    for (const char* name : names) EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  }
  absl::Status Changelog() const { return CheckChangelog("log", description_, changelog_, 1); }
  absl::Status Repartition() const {
    return CheckRepartition("through", description_, repartition_, 1);
  }

  TopicDescription description_{.partitions = 1, .replication_factor = 1};
  Settings changelog_;
  Settings repartition_;
};

TEST_F(FitTest, WhatTheWorkerMakesIsFit) {
  EXPECT_TRUE(Changelog().ok());
  EXPECT_TRUE(Repartition().ok());
  EXPECT_EQ(TombstoneRetention(changelog_), absl::Hours(7 * 24));
  for (int factor : {1, 2, 3, 5}) {
    description_.replication_factor = factor;
    changelog_ = ChangelogSpec("log", 1, factor).settings;
    EXPECT_TRUE(Changelog().ok()) << factor;
  }
}

TEST_F(FitTest, Partitions) {
  description_.partitions = 2;
  ExpectUnfit(Changelog(), {"log", "2 partitions", "the state has 1"});
  ExpectUnfit(Repartition(), {"through", "2 partitions", "the state has 1"});
}

TEST_F(FitTest, CleanupPolicy) {
  for (const char* wrong : {"delete", "compact,delete", ""}) {
    changelog_["cleanup.policy"] = wrong;
    ExpectUnfit(Changelog(), {"log", "cleanup.policy is", wrong, "must be compact"});
  }
  for (const char* wrong : {"compact", "compact,delete"}) {
    repartition_["cleanup.policy"] = wrong;
    ExpectUnfit(Repartition(), {"through", "cleanup.policy is", wrong, "must be delete"});
  }
}

TEST_F(FitTest, TombstonesMustOutliveAnAbsence) {
  changelog_["delete.retention.ms"] = "3600000";
  EXPECT_TRUE(Changelog().ok());
  changelog_["delete.retention.ms"] = "3599999";
  ExpectUnfit(Changelog(), {"log", "delete.retention.ms is 3599999", "3600000"});
}

TEST_F(FitTest, RepartitionRecordsAreNeverDeletedForTheirAgeOrSize) {
  for (const char* name : {"retention.ms", "retention.bytes"}) {
    const std::string right = repartition_.at(name);
    repartition_[name] = "86400000";
    ExpectUnfit(Repartition(), {"through", name, "is 86400000", "must be -1"});
    repartition_[name] = right;
  }
}

TEST_F(FitTest, InSyncReplicas) {
  description_.replication_factor = 3;
  ExpectUnfit(Changelog(), {"log", "min.insync.replicas is 1", "2 or more", "factor of 3"});
  changelog_["min.insync.replicas"] = repartition_["min.insync.replicas"] = "4";
  ExpectUnfit(Changelog(), {"log", "min.insync.replicas is 4", "at most", "3"});
  ExpectUnfit(Repartition(), {"through", "min.insync.replicas is 4", "at most", "3"});
  changelog_["min.insync.replicas"] = "2";
  EXPECT_TRUE(Changelog().ok());
}

// ----------------------------------------------------------------------- the set-up

class Nothing final : public Node {
 public:
  absl::Status Init(ProcessorContext&) override { return absl::OkStatus(); }
};

template <int kNumber>
struct Codec {
  using Key = std::string;
  using Value = std::string;
  static constexpr std::string_view kName = kNumber == 1 ? "one" : "two";
  static void EncodeKey(const Key& key, std::string* out) { *out += key; }
  static void EncodeValue(const Value& value, std::string* out) { *out += value; }
  static absl::Status DecodeValue(std::string_view bytes, Value* out) {
    *out = bytes;
    return absl::OkStatus();
  }
};

class SetUpTest : public testing::Test {
 protected:
  // Two inputs, an output, and two stores behind a repartition topic.
  SetUpTest() {
    const NodeId a = topology_.AddSource("a", "in-a");
    const NodeId b = topology_.AddSource("b", "in-b");
    const NodeId by_key = topology_.AddRepartition("by-key", {a, b});
    const NodeId work =
        topology_.AddProcessor("work", {by_key}, [] { return std::make_unique<Nothing>(); });
    topology_.AddRawSink("sink", "out", {work});
    topology_.AddStore<Codec<1>>(work);
    topology_.AddStore<Codec<2>>(work);
    for (const char* topic : {"in-a", "in-b", "out"}) Outer(topic);
  }

  absl::StatusOr<TopicsFound> Look() { return SetUpTopics(topology_, setup_, admin_); }

  void Outer(const std::string& topic, int32_t partitions = 1) {
    admin_.topics[topic] = {.description = {.partitions = partitions, .replication_factor = 1},
                            .settings = {}};
  }
  void Add(const TopicSpec& spec) {
    admin_.topics[spec.name] = {.description = {.partitions = spec.partitions,
                                                .replication_factor = spec.replication_factor},
                                .settings = spec.settings};
  }
  void AddInternal() {
    Add(ChangelogSpec(kOne, 1, 1));
    Add(ChangelogSpec(kTwo, 1, 1));
    Add(RepartitionSpec(kThrough, 1, 1));
  }
  void GroupHasOffsets() {
    admin_.offsets[{"in-b", base::Partition(0)}] = {.offset = base::Offset(17), .metadata = {}};
  }

  // A stop, and nothing was made.
  void ExpectStop(std::initializer_list<const char*> names) {
    admin_.made.clear();
    const auto found = Look();
    ASSERT_TRUE(absl::IsFailedPrecondition(found.status())) << found.status();
    for (const char* name : names) {
      EXPECT_THAT(std::string(found.status().message()), HasSubstr(name));
    }
    EXPECT_THAT(admin_.made_names(), IsEmpty());
  }
  void ExpectNot(const char* name) {
    EXPECT_THAT(std::string(Look().status().message()), Not(HasSubstr(name)));
  }

  static constexpr char kOne[] = "app-one-changelog";
  static constexpr char kTwo[] = "app-two-changelog";
  static constexpr char kThrough[] = "app-by-key-repartition";

  Topology topology_;
  TopicSetup setup_{.application_id = "app"};
  FakeAdmin admin_;
};

TEST_F(SetUpTest, FirstStartMakesTheInternalTopics) {
  const auto found = Look();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->state_partitions, 1);
  EXPECT_EQ(found->tombstone_retention, absl::Hours(7 * 24));
  EXPECT_THAT(admin_.made_names(), ElementsAre(kOne, kTwo, kThrough));
  EXPECT_EQ(admin_.made[0].settings, ChangelogSpec(kOne, 1, -1).settings);
  EXPECT_EQ(admin_.made[2].settings, RepartitionSpec(kThrough, 1, -1).settings);
}

TEST_F(SetUpTest, TheNextStartMakesNothing) {
  AddInternal();
  admin_.topics[kTwo].settings["delete.retention.ms"] = "7200000";
  const auto found = Look();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->tombstone_retention, absl::Hours(2));  // the shorter one
  EXPECT_THAT(admin_.made_names(), IsEmpty());
}

TEST_F(SetUpTest, TheReplicationFactorIsPassedOn) {
  setup_.replication_factor = 3;
  ASSERT_TRUE(Look().ok());
  for (const TopicSpec& spec : admin_.made) EXPECT_EQ(spec.replication_factor, 3) << spec.name;
  EXPECT_EQ(admin_.made[0].settings.at("min.insync.replicas"), "2");
}

TEST_F(SetUpTest, MissingInputsAndOutputsAreWaitedForByName) {
  admin_.topics.erase("in-b");
  admin_.topics.erase("out");
  const auto found = Look();
  ASSERT_TRUE(absl::IsUnavailable(found.status())) << found.status();
  EXPECT_THAT(std::string(found.status().message()),
              HasSubstr("missing topics: in-b, out (--create_topics makes them"));
  EXPECT_THAT(admin_.made_names(), IsEmpty());
}

TEST_F(SetUpTest, MissingInputsAndOutputsAreMadeOnDemand) {
  admin_.topics.erase("in-b");
  setup_.create_topics = true;
  ASSERT_TRUE(Look().ok());
  EXPECT_THAT(admin_.made_names(), ElementsAre("in-b", kOne, kTwo, kThrough));
  EXPECT_EQ(admin_.made[0].partitions, 1);
}

TEST_F(SetUpTest, WhatIsMadeAndNotSeenYetIsWaitedFor) {
  admin_.not_seen_yet = true;
  EXPECT_TRUE(absl::IsUnavailable(Look().status()));
  setup_.create_topics = true;
  admin_.topics.erase("out");
  EXPECT_TRUE(absl::IsUnavailable(Look().status()));
}

TEST_F(SetUpTest, ABrokerThatDoesNotAnswerIsWaitedFor) {
  admin_.unreachable = absl::UnavailableError("no broker answers");
  EXPECT_EQ(Look().status(), admin_.unreachable);
}

TEST_F(SetUpTest, OnlyTheFusedPlanRuns) {
  Outer("in-b", 2);
  ExpectStop({"in-b", "2 partitions", "fused plan"});
  Outer("in-b", 1);
  setup_.state_partitions = 4;
  ExpectStop({"the state has 4", "fused plan"});
}

TEST_F(SetUpTest, TheNumberOfStatePartitionsIsTheChangelogs) {
  Add(ChangelogSpec(kTwo, 3, 1));
  ExpectStop({"the state has 3", "fused plan"});
  setup_.state_partitions = 1;
  ExpectStop({"STATE_PARTITIONS is 1", kTwo, "has 3 partitions"});
  Add(ChangelogSpec(kOne, 1, 1));
  ExpectStop({kTwo, "3 partitions", "the state has 1"});
}

TEST_F(SetUpTest, WhatIsUnfitIsFoundBeforeAnythingIsMade) {
  Add(ChangelogSpec(kTwo, 1, 1));
  admin_.topics[kTwo].settings["cleanup.policy"] = "delete";
  ExpectStop({kTwo, "cleanup.policy"});
  admin_.topics.erase(kTwo);
  Add(RepartitionSpec(kThrough, 2, 1));
  ExpectStop({kThrough, "2 partitions"});
}

TEST_F(SetUpTest, LostChangelogsAreNotMadeAnewBesideOffsets) {
  GroupHasOffsets();
  ExpectStop({kOne, kTwo, "group app has committed offsets (in-b-0 at 17)",
              "--changelogs=from-log and --offsets=from-group"});
  ExpectNot("local state");
  setup_.changelogs_from_log = true;
  ASSERT_TRUE(Look().ok());
  EXPECT_THAT(admin_.made_names(), ElementsAre(kOne, kTwo, kThrough));
}

TEST_F(SetUpTest, LostChangelogsAreNotMadeAnewBesideLocalState) {
  setup_.has_local_state = true;
  ExpectStop({kOne, kTwo, "there is local state", "--changelogs=from-log"});
  ExpectNot("--offsets");
  GroupHasOffsets();
  ExpectStop({"there is local state and group app has committed offsets"});
  setup_.changelogs_from_log = true;
  EXPECT_TRUE(Look().ok());
}

TEST_F(SetUpTest, NothingIsMadeWhereARebuildIsToRestoreFromIt) {
  setup_.rebuild = true;
  ExpectStop({kOne, kTwo, "application app", "--rebuild has nothing", "APPLICATION_ID"});
  AddInternal();
  EXPECT_TRUE(Look().ok());
}

TEST_F(SetUpTest, OneLostChangelogIsMendedByNoFlag) {
  AddInternal();
  admin_.topics.erase(kTwo);
  GroupHasOffsets();
  for (const bool from_log : {false, true}) {
    setup_.changelogs_from_log = from_log;
    ExpectStop({kTwo, "committed offsets", "no flag", "backup"});
    ExpectNot("--changelogs");
  }
  // A first start that was interrupted between the two.
  admin_.offsets.clear();
  EXPECT_TRUE(Look().ok());
  EXPECT_THAT(admin_.made_names(), ElementsAre(kTwo));
}

TEST_F(SetUpTest, ALostRepartitionTopicHoldsNoState) {
  AddInternal();
  admin_.topics.erase(kThrough);
  GroupHasOffsets();
  setup_.has_local_state = true;
  EXPECT_TRUE(Look().ok());
  EXPECT_THAT(admin_.made_names(), ElementsAre(kThrough));
}

}  // namespace
}  // namespace streams
