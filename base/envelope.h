// The envelope of every stored value: the version that wrote it, and the oldest version
// that is able to read it. A reader takes what its own version knows; fields that newer
// versions add stand behind those.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace base {

struct Envelope {
  uint8_t version = 1;
  uint8_t oldest_reader = 1;
};

inline void AppendEnvelope(Envelope envelope, std::string* out) {
  AppendLittleEndian(envelope.version, out);
  AppendLittleEndian(envelope.oldest_reader, out);
}

// Takes the envelope off. `what` names the kind of value in errors.
absl::StatusOr<Envelope> ReadEnvelope(std::string_view what, uint8_t our_version, Reader* reader);

// An error where bytes are left that the writer's version cannot have put there.
absl::Status CheckEnd(std::string_view what, Envelope envelope, uint8_t our_version,
                      const Reader& reader);

}  // namespace base
