#include "streams/kafka/group_metadata.h"

#include <cstring>
#include <string_view>

namespace streams::kafka {
namespace {

// A broker accepts a commit without generation and member from anybody, which would undo
// the fencing of those that lost their partitions. The library shows both only in its
// serialized form: magic, generation (in the machine's byte order), group\0 member\0.
bool HasMember(std::string_view bytes) {
  constexpr std::string_view kMagic = "CGMDv2:";
  int32_t generation = -1;
  if (bytes.substr(0, kMagic.size()) != kMagic) return false;
  bytes.remove_prefix(kMagic.size());
  if (bytes.size() < sizeof(generation)) return false;
  std::memcpy(&generation, bytes.data(), sizeof(generation));
  bytes.remove_prefix(sizeof(generation));
  const size_t group_end = bytes.find('\0');
  if (group_end == std::string_view::npos || group_end + 1 >= bytes.size()) return false;
  return generation >= 0 && bytes[group_end + 1] != '\0';
}

}  // namespace

absl::StatusOr<std::shared_ptr<const KafkaGroupMetadata>> KafkaGroupMetadata::Take(
    rd_kafka_t* consumer) {
  const absl::Status no_member =
      absl::FailedPreconditionError("this consumer is no member of its group: it must join anew");
  rd_kafka_consumer_group_metadata_t* const metadata = rd_kafka_consumer_group_metadata(consumer);
  if (metadata == nullptr) return no_member;
  const std::shared_ptr<const KafkaGroupMetadata> snapshot(new KafkaGroupMetadata(metadata));
  void* bytes = nullptr;
  size_t size = 0;
  const Error error(rd_kafka_consumer_group_metadata_write(metadata, &bytes, &size));
  if (error != nullptr) return no_member;
  const bool has_member = HasMember({static_cast<const char*>(bytes), size});
  rd_kafka_mem_free(consumer, bytes);
  if (!has_member) return no_member;
  return snapshot;
}

std::shared_ptr<const KafkaGroupMetadata> KafkaGroupMetadata::OfNobody(const std::string& group) {
  return std::shared_ptr<const KafkaGroupMetadata>(
      new KafkaGroupMetadata(rd_kafka_consumer_group_metadata_new(group.c_str())));
}

}  // namespace streams::kafka
