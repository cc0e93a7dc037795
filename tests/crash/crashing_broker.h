// A broker at whose calls the worker dies, or stands still. Between them it does what the
// broker behind it does.
//
// Belongs to the stream thread, as the objects behind it do.
#pragma once

#include <memory>

#include "streams/broker.h"

namespace crash {

// What the objects of one broker know of each other.
struct Course {
  bool revoking = false;   // from the revocation to its answer
  bool releasing = false;  // the last offsets sent name no producer: the partitions are given up
};

class CrashingBroker final : public streams::Broker {
 public:
  explicit CrashingBroker(streams::Broker* kafka);
  ~CrashingBroker() override;

  absl::StatusOr<std::unique_ptr<streams::GroupConsumer>> NewConsumer(
      const streams::ConsumerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<streams::TransactionalProducer>> NewTransactionalProducer(
      const streams::ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<streams::Producer>> NewProducer(
      const streams::ProducerSpec& spec) override;
  absl::StatusOr<std::unique_ptr<streams::LogReader>> NewLogReader() override;
  streams::Admin& admin() override { return *admin_; }

 private:
  streams::Broker* const kafka_;
  const std::unique_ptr<streams::Admin> admin_;
  Course course_;
};

}  // namespace crash
