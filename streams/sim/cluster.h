// A Kafka cluster in memory: deterministic, single-threaded, on a virtual clock. This is the
// model; streams/broker.h is answered by the objects of sim_broker.h over it.
//
// What it has:
//
//   partitions    records and control markers at offsets; high watermark; stable end; trimmed
//                 heads; compaction when Compact is called, tombstones and empty transactions
//                 leave after delete.retention.ms (partition_log.h)
//   transactions  epochs, fencing, timeouts; decided at once, the markers are written later,
//                 each by itself (transactions.h)
//   groups        generations, range assignment, static and dynamic members, session and
//                 rebalance timeouts; offsets, pending while their transaction is open, that
//                 expire (groups.h)
//   topics        partitions and settings. Writing heeds max.message.bytes and
//                 message.timestamp.before.max.ms, LogAppendTime and delete.retention.ms
//
// What it has not: replicas and their loss, several brokers, quotas, the order of requests
// of several connections (each request is done whole, in the order of the calls), topic
// deletion while somebody uses the topic.
//
// Time: nothing happens by itself. Whoever moves the clock calls Tick, which lets every
// living session beat and then does what is due; a longer step does all of it at its end.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "streams/broker.h"
#include "streams/sim/groups.h"
#include "streams/sim/partition_log.h"
#include "streams/sim/transactions.h"
#include "streams/sim/virtual_clock.h"

namespace streams::sim {

// A member's library, which beats in the background.
class Session {
 public:
  virtual ~Session() = default;
  virtual void Background() = 0;
  // The broker was away for so long.
  virtual void AfterOutage(absl::Duration duration) = 0;
};

struct Topic {
  std::map<std::string, std::string> settings;  // all of them
  std::vector<PartitionLog> partitions;
};

class Cluster {
 public:
  explicit Cluster(VirtualClock* clock);

  VirtualClock& clock() { return *clock_; }
  absl::Duration now() const { return clock_->Elapsed(); }
  TransactionCoordinator& transactions() { return transactions_; }
  GroupCoordinator& groups() { return groups_; }

  // ------------------------------------------------------------------ topics
  absl::Status CreateTopic(const TopicSpec& spec);
  void DeleteTopic(const std::string& name) { topics_.erase(name); }
  // Null where there is none.
  Topic* FindTopic(const std::string& name);
  PartitionLog* FindLog(const base::TopicPartition& partition);
  const std::map<std::string, Topic>& topics() const { return topics_; }

  // -------------------------------------------------------------------- writing
  enum class Acceptance { kAccepted, kTooLarge, kBadTimestamp, kNoSuchPartition };
  Acceptance Check(const base::TopicPartition& partition, const Record& record);
  // Sets the time where the topic or the record asks for it.
  EntryPtr Append(const base::TopicPartition& partition, Record record, TransactionNumber number);

  // ----------------------------------------------------------------------- time
  void AddSession(Session* session) { sessions_.push_back(session); }
  void RemoveSession(Session* session);
  void Tick();
  absl::Duration NextDue() const;
  // Unreachable for so long, and back: nobody could beat, and sessions begin anew.
  void Outage(absl::Duration duration);
  // Cleans each compacted topic up to a point that `clean_end` chooses.
  void Compact(const std::function<base::Offset(const base::TopicPartition&, const PartitionLog&)>&
                   clean_end);

  // How long each marker takes. None at first.
  void set_marker_delay(std::function<absl::Duration()> delay) { marker_delay_ = std::move(delay); }
  void set_on_decided(std::function<void(const Decided&)> call) { on_decided_ = std::move(call); }

 private:
  TransactionCoordinator::Effects EffectsOfTransactions();
  static int32_t CountPartitions(void* cluster, const std::string& topic);

  VirtualClock* clock_;
  std::map<std::string, Topic> topics_;
  GroupCoordinator groups_;
  TransactionCoordinator transactions_;
  std::vector<Session*> sessions_;
  std::function<absl::Duration()> marker_delay_;
  std::function<void(const Decided&)> on_decided_;
};

}  // namespace streams::sim
