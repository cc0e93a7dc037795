// The engine's Broker over a simulated cluster: one for each process, or each member in a
// test. The model is told in cluster.h, what may go wrong in hooks.h.
//
// Not thread-safe: all brokers of a cluster, and the cluster, belong to one thread.
#pragma once

#include <memory>

#include "streams/broker.h"
#include "streams/sim/member.h"
#include "streams/sim/sim_admin.h"

namespace streams::sim {

class SimBroker final : public Broker {
 public:
  // Cluster and hooks outlive the broker, and the broker the objects that it makes.
  SimBroker(Cluster* cluster, Member member, Hooks* hooks, Plant plant = Plant::kNone);

  absl::StatusOr<std::unique_ptr<GroupConsumer>> NewConsumer(const ConsumerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<TransactionalProducer>> NewTransactionalProducer(
      const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<Producer>> NewProducer(const ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<LogReader>> NewLogReader() override;
  Admin& admin() override { return admin_; }

 private:
  Connection connection_;
  SimAdmin admin_;  // over connection_
};

}  // namespace streams::sim
