#include "streams/sim/sim_broker.h"

#include <utility>

#include "streams/sim/sim_consumer.h"
#include "streams/sim/sim_log_reader.h"
#include "streams/sim/sim_producer.h"

namespace streams::sim {

SimBroker::SimBroker(Cluster* cluster, Member member, Hooks* hooks, Plant plant)
    : connection_{.cluster = cluster,
                  .member = std::move(member),
                  .hooks = hooks,
                  .plant = plant,
                  .late = {},
                  .earlier_ends = {},
                  .written_ends = {},
                  .first_metadata = {}},
      admin_(&connection_) {}

absl::StatusOr<std::unique_ptr<GroupConsumer>> SimBroker::NewConsumer(const ConsumerSpec& spec) {
  connection_.hooks->Before(Call::kNewConsumer);
  return std::make_unique<SimConsumer>(&connection_, spec);
}

absl::StatusOr<std::unique_ptr<TransactionalProducer>> SimBroker::NewTransactionalProducer(
    const ProducerSpec& spec) {
  connection_.hooks->Before(Call::kNewProducer);
  if (spec.transactional_id.empty()) {
    return absl::InvalidArgumentError("a transactional producer needs a transactional id");
  }
  return std::make_unique<SimProducer>(&connection_, spec);
}

absl::StatusOr<std::unique_ptr<Producer>> SimBroker::NewProducer(const ProducerSpec& spec) {
  connection_.hooks->Before(Call::kNewProducer);
  ProducerSpec plain = spec;
  plain.transactional_id.clear();
  return std::make_unique<SimProducer>(&connection_, std::move(plain));
}

absl::StatusOr<std::unique_ptr<LogReader>> SimBroker::NewLogReader() {
  connection_.hooks->Before(Call::kNewReader);
  return std::make_unique<SimLogReader>(&connection_);
}

}  // namespace streams::sim
