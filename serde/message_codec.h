// The bytes of a decoded message in the repartition topic, and where it came from.
// docs/state-format.md has them byte by byte.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/kafka_types.h"
#include "model/message.h"
#include "serde/wire_decoder.h"

namespace serde {

struct Origin {
  InputTopic input = InputTopic::kCharacterStatus;
  base::Partition partition;
  base::Offset offset;

  friend bool operator==(const Origin&, const Origin&) = default;
};

// Appends.
void EncodeMessage(const Origin& origin, const model::Message& message, std::string* out);
// Errors say what is wrong with the bytes.
absl::Status DecodeMessage(std::string_view bytes, Origin* origin, model::Message* message);

}  // namespace serde
