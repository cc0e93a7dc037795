#include "tests/kafka/sim_harness.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "streams/sim/message.h"
#include "streams/sim/sim_broker.h"

namespace streams {
namespace {

// Looking at the time takes a little, so that who waits for it busily comes to an end.
constexpr absl::Duration kLook = absl::Microseconds(1);
constexpr absl::Duration kStep = absl::Milliseconds(2);
const absl::Duration kRestart = 5 * kOutage;

class SimHarness final : public BrokerHarness, private sim::Hooks {
 public:
  std::unique_ptr<Broker> Connect(const Identity& identity) override {
    const sim::Member member{.group = identity.group,
                             .member_id = identity.member,
                             .client_id = absl::StrCat(identity.member, "/", identity.nonce),
                             .is_static = identity.is_static,
                             .session_timeout = identity.session_timeout,
                             .transaction_timeout = identity.transaction_timeout,
                             .max_poll_interval = identity.max_poll_interval};
    return std::make_unique<sim::SimBroker>(&cluster_, member, static_cast<sim::Hooks*>(this));
  }
  void DeleteTopics(std::span<const std::string> topics) override {
    for (const std::string& topic : topics) cluster_.DeleteTopic(topic);
  }

  void ReadUncommitted(const base::TopicPartition& partition, const Take& take) override {
    const auto all = cluster_.FindLog(partition)->Read(
        base::Offset(0), sim::Isolation::kUncommitted, std::numeric_limits<size_t>::max());
    for (const sim::EntryPtr& entry : all.entries) take(sim::ToMessage(partition, entry).view());
  }
  bool ForgetGroup(const std::string& group) override {
    return cluster_.groups().ExpireOffsets(group);
  }
  void RestartBroker() override { cluster_.Outage(kRestart); }
  void Compact() override {
    cluster_.Compact(
        [](const base::TopicPartition&, const sim::PartitionLog& log) { return log.stable_end(); });
  }

  void Pass() override { Pause(kStep); }
  absl::Duration Elapsed() const override {
    clock_.Advance(kLook);
    return clock_.Elapsed();
  }
  std::function<void()> Beside(std::function<void()> what) override {
    beside_.push_back(std::move(what));
    return [this] { RunBeside(); };
  }

 private:
  bool Pause(absl::Duration longest) override {
    clock_.Advance(std::min(longest, kStep));
    RunBeside();
    cluster_.Tick();
    return true;
  }

  void RunBeside() {
    while (!beside_.empty()) {
      const auto what = std::move(beside_.front());
      beside_.pop_front();
      what();
    }
  }

  mutable sim::VirtualClock clock_;
  sim::Cluster cluster_{&clock_};
  std::deque<std::function<void()>> beside_;
};

}  // namespace

std::unique_ptr<BrokerHarness> NewSimHarness() { return std::make_unique<SimHarness>(); }

}  // namespace streams
