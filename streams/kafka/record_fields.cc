#include "streams/kafka/record_fields.h"

#include <algorithm>

namespace streams::kafka {
namespace {

// A null pointer means null; the bytes of an empty view may be at one.
void* Pointer(std::optional<std::string_view> bytes) {
  if (!bytes.has_value()) return nullptr;
  return const_cast<char*>(bytes->empty() ? "" : bytes->data());
}

}  // namespace

std::span<const rd_kafka_vu_t> RecordFields::Fill(rd_kafka_topic_t* topic,
                                                  const OutgoingRecord& record) {
  fields_.clear();
  Add(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
  Add(RD_KAFKA_VTYPE_PARTITION).u.i32 =
      record.partition == kByKey ? RD_KAFKA_PARTITION_UA : record.partition.value();
  Add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  // Zero is the present for the library.
  Add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 =
      record.timestamp == base::kNoTimestamp ? 0 : record.timestamp.value();
  AddBytes(RD_KAFKA_VTYPE_KEY, record.key);
  AddBytes(RD_KAFKA_VTYPE_VALUE, record.value);
  AddHeaders(record.headers);
  return fields_;
}

rd_kafka_vu_t& RecordFields::Add(rd_kafka_vtype_t type) {
  fields_.emplace_back().vtype = type;
  return fields_.back();
}

void RecordFields::AddBytes(rd_kafka_vtype_t type, std::optional<std::string_view> bytes) {
  rd_kafka_vu_t& field = Add(type);
  field.u.mem.ptr = Pointer(bytes);
  field.u.mem.size = bytes.has_value() ? bytes->size() : 0;
}

// One by one: this version of the library frees a list twice where a call fails.
void RecordFields::AddHeaders(std::span<const base::HeaderView> headers) {
  size_t total = 0;
  for (const base::HeaderView& header : headers) total += header.name.size() + 1;
  names_.clear();
  names_.reserve(total);  // so that names stay where they are
  for (const base::HeaderView& header : headers) {
    rd_kafka_vu_t& field = Add(RD_KAFKA_VTYPE_HEADER);
    field.u.header.name = names_.data() + names_.size();
    names_.append(header.name).push_back('\0');
    field.u.header.val = Pointer(header.value);
    field.u.header.size = header.value.has_value() ? static_cast<ssize_t>(header.value->size()) : 0;
  }
}

}  // namespace streams::kafka
