#include "streams/sim/message.h"

#include <memory>
#include <utility>
#include <vector>

namespace streams::sim {
namespace {

struct Held : Message::Held {
  std::string topic;
  EntryPtr entry;
  std::vector<base::HeaderView> headers;
};

std::optional<std::string_view> View(const std::optional<std::string>& bytes) {
  return bytes.has_value() ? std::optional<std::string_view>(*bytes) : std::nullopt;
}

}  // namespace

std::vector<base::HeaderView> HeaderViews(const Record& record) {
  std::vector<base::HeaderView> views;
  views.reserve(record.headers.size());
  for (const auto& [name, value] : record.headers) views.push_back({name, View(value)});
  return views;
}

Message ToMessage(const base::TopicPartition& partition, EntryPtr entry) {
  auto held = std::make_unique<Held>();
  held->topic = partition.topic;
  held->entry = std::move(entry);
  const Record& record = held->entry->record;
  held->headers = HeaderViews(record);
  held->view = {.topic = held->topic,
                .partition = partition.partition,
                .offset = held->entry->offset,
                .timestamp = record.timestamp,
                .key = View(record.key),
                .value = View(record.value),
                .headers = std::span<const base::HeaderView>(held->headers)};
  held->release = [](Message::Held* ended) { delete static_cast<Held*>(ended); };
  return Message(held.release());
}

}  // namespace streams::sim
