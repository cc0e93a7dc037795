// What a transaction commits offsets with: the member's id and generation, as they were
// when the snapshot was taken.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "streams/broker.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

// Immutable.
class KafkaGroupMetadata final : public GroupMetadata {
 public:
  // FailedPrecondition where `consumer` is no member of its group at present.
  static absl::StatusOr<std::shared_ptr<const KafkaGroupMetadata>> Take(rd_kafka_t* consumer);

  // Of nobody: the broker takes offsets with it from anyone. For an operator's program that
  // has seen to it that the group has no members.
  static std::shared_ptr<const KafkaGroupMetadata> OfNobody(const std::string& group);

  const rd_kafka_consumer_group_metadata_t* get() const { return metadata_.get(); }

 private:
  explicit KafkaGroupMetadata(rd_kafka_consumer_group_metadata_t* metadata) : metadata_(metadata) {}

  std::unique_ptr<rd_kafka_consumer_group_metadata_t, Destroy> metadata_;
};

}  // namespace streams::kafka
