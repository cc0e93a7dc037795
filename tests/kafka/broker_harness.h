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
};

class BrokerHarness {
 public:
  virtual ~BrokerHarness() = default;

  // Never null: what cannot go on ends the test.
  virtual std::unique_ptr<Broker> Connect(const Identity& identity) = 0;
  virtual void DeleteTopics(std::span<const std::string> topics) = 0;

  // Lets a moment pass between two looks at something that is awaited.
  virtual void Pass() = 0;
  virtual absl::Duration Elapsed() const = 0;

  // Begins `what` beside the test and returns at once: in a thread of its own, or, where
  // time is simulated, as soon as somebody waits. What is returned waits for its end.
  virtual std::function<void()> Beside(std::function<void()> what) = 0;
};

using HarnessFactory = std::unique_ptr<BrokerHarness> (*)();

}  // namespace streams
