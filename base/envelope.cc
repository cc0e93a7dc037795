#include "base/envelope.h"

#include "absl/strings/str_cat.h"

namespace base {

absl::StatusOr<Envelope> ReadEnvelope(std::string_view what, uint8_t our_version, Reader* reader) {
  const std::string name(what);
  Envelope envelope;
  if (!reader->ReadLittleEndian(&envelope.version) ||
      !reader->ReadLittleEndian(&envelope.oldest_reader)) {
    return absl::DataLossError(absl::StrCat(name, " is too short for its two version bytes"));
  }
  if (envelope.version == 0 || envelope.oldest_reader == 0 ||
      envelope.oldest_reader > envelope.version) {
    return absl::DataLossError(absl::StrCat(name, " has impossible versions: written by ",
                                            envelope.version, ", readable from ",
                                            envelope.oldest_reader));
  }
  if (envelope.oldest_reader > our_version) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, " was written by format version ", envelope.version, " and needs version ",
        envelope.oldest_reader, " or newer to be read; this program knows ", our_version,
        ". Use the newer program"));
  }
  return envelope;
}

absl::Status CheckEnd(std::string_view what, Envelope envelope, uint8_t our_version,
                      const Reader& reader) {
  if (reader.empty() || envelope.version > our_version) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(std::string(what), " has ", reader.rest().size(),
                                          " bytes behind its last field"));
}

}  // namespace base
