// A borrowed view of a Kafka record: it owns nothing, and is valid as long as the
// message or buffer that it was made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/kafka_types.h"

namespace base {

// Milliseconds since 1970, as in Kafka records.
struct TimestampTag {};
using Timestamp = StrongId<TimestampTag, int64_t>;

// A record that came without a timestamp.
inline constexpr Timestamp kNoTimestamp{-1};

struct HeaderView {
  std::string_view name;
  std::optional<std::string_view> value;  // nullopt: the header's value is null
};

// A record's headers, found only when somebody asks: most records are skipped without
// a look at theirs. Not thread-safe, like the message that it belongs to.
class HeaderList {
 public:
  using Loader = std::span<const HeaderView> (*)(void* source);

  HeaderList() = default;
  HeaderList(std::span<const HeaderView> headers)  // NOLINT(google-explicit-constructor)
      : headers_(headers) {}
  HeaderList(Loader loader, void* source) : loader_(loader), source_(source) {}

  std::span<const HeaderView> get() const {
    if (loader_ != nullptr) {
      headers_ = loader_(source_);
      loader_ = nullptr;
    }
    return headers_;
  }
  operator std::span<const HeaderView>() const {  // NOLINT(google-explicit-constructor)
    return get();
  }
  auto begin() const { return get().begin(); }
  auto end() const { return get().end(); }
  size_t size() const { return get().size(); }

 private:
  mutable std::span<const HeaderView> headers_;
  mutable Loader loader_ = nullptr;
  void* source_ = nullptr;
};

// An absent key and an empty one differ, and so do a tombstone (no value) and "".
struct RecordView {
  std::string_view topic;
  Partition partition;
  Offset offset;
  Timestamp timestamp = kNoTimestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  HeaderList headers;
};

// The first header of this name, or null where there is none.
inline const HeaderView* FindHeader(std::span<const HeaderView> headers, std::string_view name) {
  for (const HeaderView& header : headers) {
    if (header.name == name) return &header;
  }
  return nullptr;
}

}  // namespace base
