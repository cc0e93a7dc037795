// The fixture of the contract of streams::Broker, with what its tests say often. The
// tests are in *_contract.cc; whoever implements Broker instantiates BrokerContract with
// a harness of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "streams/broker.h"
#include "tests/kafka/broker_harness.h"

namespace streams {

// What awaits something waits so long at most.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

// A record as it was read, with bytes of its own.
struct Seen {
  int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;

  friend bool operator==(const Seen&, const Seen&) = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& seen);

class BrokerContract : public ::testing::TestWithParam<HarnessFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // ------------------------------------------------------------------ the stage

  // Another name at each call.
  std::string Fresh(const std::string& what);
  std::string NewTopic(int32_t partitions = 1, std::map<std::string, std::string> settings = {});
  Identity Member(const std::string& name) const { return {.group = group_, .member = name}; }

  // A broker that lives as long as the test. `broker()` is one of no member in particular.
  Broker& Connect(const Identity& identity);
  Broker& broker() { return *brokers_.front(); }

  // False after `patience`.
  bool Eventually(const std::function<bool()>& condition, absl::Duration patience = kPatience);

  // ------------------------------------------------------------------ producing

  // Of this test's own transactional id, initialized; all topics are reported.
  std::unique_ptr<TransactionalProducer> NewProducer(const std::vector<std::string>& topics);
  std::unique_ptr<TransactionalProducer> NewProducer(const std::string& id,
                                                     const std::vector<std::string>& topics);
  static std::unique_ptr<TransactionalProducer> NewProducer(Broker& broker, const std::string& id,
                                                            const std::vector<std::string>& topics);
  // Records of these values to partition 0 of the first topic.
  static void Write(Producer& producer, const std::vector<std::string>& values,
                    base::Partition partition = base::Partition(0));
  // A whole transaction of such.
  static CommitResult WriteCommitted(TransactionalProducer& producer,
                                     const std::vector<std::string>& values,
                                     base::Partition partition = base::Partition(0));
  static void WriteAborted(TransactionalProducer& producer, const std::vector<std::string>& values);
  static ProduceResult SendPosition(TransactionalProducer& producer, const std::string& topic,
                                    int64_t position, const GroupMetadata& group);

  // ------------------------------------------------------------------ consuming

  std::unique_ptr<GroupConsumer> Join(Broker& broker, const std::vector<std::string>& topics);
  // Polls all of these until `which` gets an event of this kind. Others stay unanswered.
  std::vector<base::TopicPartition> Await(GroupConsumer& which, GroupEvent::Kind kind,
                                          const std::vector<GroupConsumer*>& others = {});
  // Joins, and reads all partitions of its assignment from their start.
  std::unique_ptr<GroupConsumer> JoinAndAssign(Broker& broker,
                                               const std::vector<std::string>& topics);
  // Nobody, or one whose partitions are another's, cannot commit offsets.
  void ExpectRefused(const GroupMetadata& group, const std::string& topic);
  // What the group has committed of partition 0, once nothing is pending; -1: nothing.
  int64_t CommittedPosition(GroupConsumer& consumer, const std::string& topic);
  // Fetches until there are `count` of them (and not more).
  std::vector<Seen> Read(GroupConsumer& consumer, const base::TopicPartition& partition,
                         size_t count);
  // Until the position is at the end that the brokers give.
  bool AwaitCaughtUp(GroupConsumer& consumer, const base::TopicPartition& partition);

  // ------------------------------------------------------------- reading a log

  // What a reader of the log sees from `from` to the end that is reached first.
  std::pair<std::vector<Seen>, base::Offset> ReadLog(const base::TopicPartition& partition,
                                                     base::Offset from = base::Offset(0));
  // A commit returns before its markers are written.
  bool AwaitEnd(const base::TopicPartition& partition, int64_t end);
  std::vector<Seen> ReadUncommitted(const std::string& topic);
  static std::vector<std::string> Values(const std::vector<Seen>& records);

  std::unique_ptr<BrokerHarness> harness_;
  std::string group_;

 private:
  std::vector<std::unique_ptr<Broker>> brokers_;
  std::vector<std::string> topics_;
};

// The part of the contract for which a broker must be killed, or be made to do soon what it
// does late.
class DisturbedBroker : public BrokerContract {
 protected:
  // Compacts a topic, of which all but the last segment may be cleaned at any time, until its
  // log is as it should be. Writes on, with the key "filler", so that there are new segments.
  bool CompactUntil(const std::string& topic,
                    const std::function<bool(const std::vector<Seen>& uncommitted)>& is_so);
};

Seen See(const base::RecordView& record);
std::vector<std::string> Numbered(const std::string& prefix, int count);
inline base::TopicPartition At(const std::string& topic, int32_t partition = 0) {
  return {topic, base::Partition(partition)};
}

}  // namespace streams
