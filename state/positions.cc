#include "state/positions.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/envelope.h"
#include "base/status.h"

namespace state {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::string_view kWhat = "the positions of a state store";

}  // namespace

std::string EncodePositions(const Positions& positions) {
  std::string bytes;
  base::AppendEnvelope({.version = kVersion, .oldest_reader = 1}, &bytes);
  base::AppendLittleEndian(static_cast<uint8_t>(positions.consistent), &bytes);
  base::AppendLittleEndian(positions.current_as_of.value(), &bytes);
  base::AppendLittleEndian(static_cast<uint8_t>(positions.next.size()), &bytes);
  for (base::Offset next : positions.next) base::AppendLittleEndian(next.value(), &bytes);
  return bytes;
}

absl::StatusOr<Positions> DecodePositions(std::string_view bytes, size_t stores) {
  base::Reader reader(bytes);
  ASSIGN_OR_RETURN(const base::Envelope envelope, base::ReadEnvelope(kWhat, kVersion, &reader));
  uint8_t consistent = 0;
  int64_t as_of = 0;
  uint8_t count = 0;
  if (!reader.ReadLittleEndian(&consistent) || !reader.ReadLittleEndian(&as_of) ||
      !reader.ReadLittleEndian(&count)) {
    return absl::DataLossError("the positions of a state store are cut short");
  }
  if (count > stores) {
    return absl::FailedPreconditionError(
        absl::StrCat("the positions are of ", count, " stores; this program knows ", stores));
  }
  Positions positions;
  positions.consistent = consistent != 0;
  positions.current_as_of = base::Timestamp(as_of);
  for (uint8_t i = 0; i < count; ++i) {
    int64_t next = 0;
    if (!reader.ReadLittleEndian(&next) || next < 0) {
      return absl::DataLossError(
          absl::StrCat("the position of store ", i, " is cut short or negative"));
    }
    positions.next.emplace_back(next);
  }
  RETURN_IF_ERROR(base::CheckEnd(kWhat, envelope, kVersion, reader));
  // A store that is newer than the mark starts at the beginning of its changelog.
  positions.next.resize(stores, base::Offset(0));
  return positions;
}

}  // namespace state
