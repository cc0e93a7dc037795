// What the contract of streams::Broker is tried with: a cluster, to which brokers are
// made that play different members, and its passing time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "streams/broker.h"

namespace streams {

// Who a broker object acts as.
struct Identity {
  std::string group;
  std::string member;
  bool is_static = false;
  std::string nonce = "1";  // of the process
  absl::Duration session_timeout = absl::Seconds(30);
  absl::Duration transaction_timeout = absl::Seconds(20);
  absl::Duration max_poll_interval = absl::Minutes(5);
};

class BrokerHarness {
 public:
  virtual ~BrokerHarness() = default;

  // Never null: what cannot go on ends the test.
  virtual std::unique_ptr<Broker> Connect(const Identity& identity) = 0;
  virtual void DeleteTopics(std::span<const std::string> topics) = 0;

  // What somebody reads who does not ask what is decided: all up to the high watermark.
  using Take = std::function<void(const base::RecordView& record)>;
  virtual void ReadUncommitted(const base::TopicPartition& partition, const Take& take) = 0;
  // Forgets the group and its offsets, as a broker does some time after its last member has
  // left. False where it has members.
  virtual bool ForgetGroup(const std::string& group) = 0;

  // These two want a cluster of the test's own (DisturbedBroker).
  //
  // Kills the broker and starts it again, which takes longer than kOutage.
  virtual void RestartBroker() = 0;
  // Lets compacted topics be compacted, but for their last segments, which begin with what is
  // written after segment.ms. Returns before it is done.
  virtual void Compact() = 0;

  // Lets a moment pass between two looks at something that is awaited.
  virtual void Pass() = 0;
  virtual absl::Duration Elapsed() const = 0;

  // Begins `what` beside the test and returns at once: in a thread of its own, or, where
  // time is simulated, as soon as somebody waits. What is returned waits for its end.
  virtual std::function<void()> Beside(std::function<void()> what) = 0;
};

// What every restart of a broker takes at least.
inline constexpr absl::Duration kOutage = absl::Seconds(2);

using HarnessFactory = std::unique_ptr<BrokerHarness> (*)();

}  // namespace streams
