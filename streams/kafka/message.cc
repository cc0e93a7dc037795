#include "streams/kafka/message.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace streams::kafka {
namespace {

struct Holder : Message::Held {
  rd_kafka_message_t* message = nullptr;
  std::vector<base::HeaderView> headers;
};

// Holders are used again, with their memory: in steady state none is allocated. One pool a
// thread, since messages stay in the thread that fetched them.
class Pool {
 public:
  std::unique_ptr<Holder> Take() {
    if (free_.empty()) return std::make_unique<Holder>();
    std::unique_ptr<Holder> holder = std::move(free_.back());
    free_.pop_back();
    return holder;
  }
  void Give(std::unique_ptr<Holder> holder) {
    if (free_.size() < kMost) free_.push_back(std::move(holder));
  }

 private:
  static constexpr size_t kMost = 10'000;
  std::vector<std::unique_ptr<Holder>> free_;
};

Pool& ThisThreadsPool() {
  thread_local Pool pool;
  return pool;
}

std::optional<std::string_view> View(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

std::span<const base::HeaderView> LoadHeaders(void* source) {
  auto* holder = static_cast<Holder*>(source);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(holder->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    holder->headers.push_back({name, View(value, size)});
  }
  return holder->headers;
}

void Release(Message::Held* held) {
  std::unique_ptr<Holder> holder(static_cast<Holder*>(held));
  rd_kafka_message_destroy(holder->message);
  holder->message = nullptr;
  holder->headers.clear();
  ThisThreadsPool().Give(std::move(holder));
}

}  // namespace

Message Wrap(rd_kafka_message_t* message) {
  Holder* holder = ThisThreadsPool().Take().release();
  holder->message = message;
  rd_kafka_timestamp_type_t type;
  const int64_t timestamp = rd_kafka_message_timestamp(message, &type);
  holder->view = {.topic = rd_kafka_topic_name(message->rkt),
                  .partition = base::Partition(message->partition),
                  .offset = base::Offset(message->offset),
                  .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
                                   ? base::kNoTimestamp
                                   : base::Timestamp(timestamp),
                  .key = View(message->key, message->key_len),
                  .value = View(message->payload, message->len),
                  .headers = base::HeaderList(LoadHeaders, holder)};
  holder->release = Release;
  return Message(holder);
}

}  // namespace streams::kafka
