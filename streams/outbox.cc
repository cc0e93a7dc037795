#include "streams/outbox.h"

namespace streams {

void Outbox::Add(const OutgoingRecord& record) {
  Entry entry{.topic = record.topic,
              .partition = record.partition,
              .timestamp = record.timestamp,
              .key = Copy(record.key),
              .value = Copy(record.value),
              .first_header = headers_.size(),
              .headers = record.headers.size()};
  for (const base::HeaderView& header : record.headers) {
    headers_.push_back({Copy(header.name), Copy(header.value)});
  }
  entries_.push_back(entry);
}

void Outbox::Clear() {
  bytes_.clear();
  entries_.clear();
  headers_.clear();
}

OutgoingRecord Outbox::Get(size_t i) {
  const Entry& entry = entries_[i];
  header_views_.clear();
  for (size_t h = entry.first_header; h < entry.first_header + entry.headers; ++h) {
    header_views_.push_back({*View(headers_[h].name), View(headers_[h].value)});
  }
  return {.topic = entry.topic,
          .partition = entry.partition,
          .timestamp = entry.timestamp,
          .key = View(entry.key),
          .value = View(entry.value),
          .headers = header_views_};
}

Outbox::Slice Outbox::Copy(std::optional<std::string_view> bytes) {
  if (!bytes.has_value()) return {};
  const Slice slice{.at = bytes_.size(), .size = bytes->size(), .present = true};
  bytes_.append(*bytes);
  return slice;
}

std::optional<std::string_view> Outbox::View(const Slice& slice) const {
  if (!slice.present) return std::nullopt;
  return std::string_view(bytes_).substr(slice.at, slice.size);
}

}  // namespace streams
