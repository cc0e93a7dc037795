#include "streams/engine_records.h"

#include "base/bytes.h"
#include "base/envelope.h"
#include "base/status.h"

namespace streams {
namespace {

constexpr uint8_t kVersion = 1;

void AppendText(std::string_view text, std::string* out) {
  base::AppendLittleEndian(static_cast<uint16_t>(text.size()), out);
  out->append(text);
}

bool ReadText(base::Reader* reader, std::string* text) {
  uint16_t size = 0;
  std::string_view bytes;
  if (!reader->ReadLittleEndian(&size) || !reader->ReadBytes(size, &bytes)) return false;
  text->assign(bytes);
  return true;
}

}  // namespace

std::string EncodeIdentity(const ChangelogIdentity& identity) {
  std::string bytes;
  base::AppendEnvelope({.version = kVersion, .oldest_reader = 1}, &bytes);
  bytes.append(identity.id.bytes.begin(), identity.id.bytes.end());
  base::AppendLittleEndian(identity.partition.value(), &bytes);
  AppendText(identity.application_id, &bytes);
  AppendText(identity.store, &bytes);
  return bytes;
}

absl::StatusOr<ChangelogIdentity> DecodeIdentity(std::string_view bytes) {
  base::Reader reader(bytes);
  ASSIGN_OR_RETURN(const base::Envelope envelope,
                   base::ReadEnvelope("a changelog identity", kVersion, &reader));
  ChangelogIdentity identity;
  std::string_view id;
  int32_t partition = 0;
  if (!reader.ReadBytes(16, &id) || !reader.ReadLittleEndian(&partition) ||
      !ReadText(&reader, &identity.application_id) || !ReadText(&reader, &identity.store)) {
    return absl::DataLossError("a changelog identity is cut short");
  }
  identity.id = *base::UuidFromBytes(id);
  identity.partition = base::Partition(partition);
  RETURN_IF_ERROR(base::CheckEnd("a changelog identity", envelope, kVersion, reader));
  return identity;
}

void EncodeInputPositions(const InputPositions& positions, std::string* out) {
  base::AppendEnvelope({.version = kVersion, .oldest_reader = 1}, out);
  base::AppendLittleEndian(static_cast<uint16_t>(positions.size()), out);
  for (const auto& [partition, position] : positions) {
    AppendText(partition.topic, out);
    base::AppendLittleEndian(partition.partition.value(), out);
    base::AppendLittleEndian(position.value(), out);
  }
}

absl::StatusOr<InputPositions> DecodeInputPositions(std::string_view bytes) {
  base::Reader reader(bytes);
  ASSIGN_OR_RETURN(const base::Envelope envelope,
                   base::ReadEnvelope("recorded input offsets", kVersion, &reader));
  uint16_t count = 0;
  bool whole = reader.ReadLittleEndian(&count);
  InputPositions positions;
  for (uint16_t i = 0; whole && i < count; ++i) {
    base::TopicPartition tp;
    int32_t partition = 0;
    int64_t position = 0;
    whole = ReadText(&reader, &tp.topic) && reader.ReadLittleEndian(&partition) &&
            reader.ReadLittleEndian(&position);
    tp.partition = base::Partition(partition);
    if (whole) positions[tp] = base::Offset(position);
  }
  if (!whole) return absl::DataLossError("recorded input offsets are cut short");
  RETURN_IF_ERROR(base::CheckEnd("recorded input offsets", envelope, kVersion, reader));
  return positions;
}

absl::StatusOr<InputPositions> ReadInputPositions(const state::Replica& replica) {
  std::string bytes;
  ASSIGN_OR_RETURN(const bool found, replica.Get(kEngineStore, kOffsetsKey, &bytes));
  if (!found) return InputPositions();
  return DecodeInputPositions(bytes);
}

}  // namespace streams
