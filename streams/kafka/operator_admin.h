// What an operator's programs do to an application from outside, and its workers never do:
// its group's members and offsets, its topics.
//
// Every call that changes something asks the broker to do it now; nothing here checks
// whether that is wise. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/kafka_types.h"
#include "base/record.h"
#include "streams/broker.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

struct GroupMember {
  std::string member_id;
  std::string client_id;
  std::string host;
};

class OperatorAdmin {
 public:
  // Of the group that is the configuration's application.
  static absl::StatusOr<std::unique_ptr<OperatorAdmin>> Create(const KafkaConfig& config);

  // None where there is no such group. A static member that was stopped counts until its
  // session ends.
  absl::StatusOr<std::vector<GroupMember>> Members(absl::Duration timeout);

  // The group must be empty. One that is not there is no error.
  absl::Status DeleteGroup(absl::Duration timeout);
  // Sets offsets of a group without members. After an error some may be set.
  absl::Status SetOffsets(std::span<const PartitionStart> offsets, absl::Duration timeout);

  // Returns when they are gone. One that is not there is no error; after one, some of the
  // others may be gone. `tell` is told how many are, now and then.
  using TellGone = std::function<void(size_t gone)>;
  absl::Status DeleteTopics(std::span<const std::string> topics, absl::Duration timeout,
                            const TellGone& tell);

  // By partition: the first offset whose record has this timestamp or a later one; the end
  // where there is none.
  absl::StatusOr<std::vector<base::Offset>> OffsetsAt(
      std::span<const base::TopicPartition> partitions, base::Timestamp time,
      absl::Duration timeout);

 private:
  OperatorAdmin(std::string group, Handle handle)
      : group_(std::move(group)), handle_(std::move(handle)) {}
  absl::StatusOr<bool> Exists(const std::string& topic, absl::Duration timeout);
  absl::Status WaitUntilGone(std::span<const std::string> topics, absl::Duration timeout,
                             const TellGone& tell);

  const std::string group_;
  const Handle handle_;
};

// What a transaction commits offsets with that is nobody's in the group.
std::shared_ptr<const GroupMetadata> MetadataOfNobody(const std::string& group);

}  // namespace streams::kafka
