#include "base/kafka_types.h"

#include "absl/strings/str_cat.h"

namespace base {

std::string ToString(const TopicPartition& tp) {
  return absl::StrCat(tp.topic, "-", tp.partition.value());
}

}  // namespace base
