// Fixed-width integers to bytes and back, in either byte order.
//
// Writers append to a string. The Reader never reads past its end: a read that
// would returns false and leaves the position where it was.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace base {

template <std::integral T>
void AppendLittleEndian(T value, std::string* out) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (size_t i = 0; i < sizeof(T); ++i)
    out->push_back(static_cast<char>((bits >> (8 * i)) & 0xff));
}

template <std::integral T>
void AppendBigEndian(T value, std::string* out) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (size_t i = sizeof(T); i-- > 0;) out->push_back(static_cast<char>((bits >> (8 * i)) & 0xff));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

  template <std::integral T>
  bool ReadLittleEndian(T* value) {
    if (rest_.size() < sizeof(T)) return false;
    std::make_unsigned_t<T> bits = 0;
    for (size_t i = sizeof(T); i-- > 0;) bits = Shifted<T>(bits) | static_cast<uint8_t>(rest_[i]);
    *value = static_cast<T>(bits);
    rest_.remove_prefix(sizeof(T));
    return true;
  }

  template <std::integral T>
  bool ReadBigEndian(T* value) {
    if (rest_.size() < sizeof(T)) return false;
    std::make_unsigned_t<T> bits = 0;
    for (size_t i = 0; i < sizeof(T); ++i) bits = Shifted<T>(bits) | static_cast<uint8_t>(rest_[i]);
    *value = static_cast<T>(bits);
    rest_.remove_prefix(sizeof(T));
    return true;
  }

  bool ReadBytes(size_t count, std::string_view* bytes) {
    if (rest_.size() < count) return false;
    *bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }

 private:
  // A shift by the whole width is undefined for a byte.
  template <class T, class U>
  static U Shifted(U bits) {
    if constexpr (sizeof(T) == 1) {
      return 0;
    } else {
      return static_cast<U>(bits << 8);
    }
  }

  std::string_view rest_;
};

}  // namespace base
