// A strict reader of JSON text (RFC 8259), token by token, in place.
//
// It checks all that it passes: grammar, UTF-8, escapes, surrogates, numbers of any size.
// The libraries at hand do not: RapidJSON takes a lone low surrogate and refuses 1e400,
// simdjson's on-demand parser checks only what is visited.
//
//   JsonReader reader(&bytes);
//   while ((token = reader.Next()) != JsonToken::kEnd && token != JsonToken::kError) ...
//
// Allocates nothing. Not thread-safe. After kError every further token is kError.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace serde {

enum class JsonToken : uint8_t {
  kKey,
  kNull,
  kFalse,
  kTrue,
  kNumber,
  kString,
  kOpenObject,
  kOpenArray,
  kClose,
  kEnd,
  kError
};

class JsonReader {
 public:
  // Containers within each other, the outermost counted.
  static constexpr size_t kDeepest = 128;

  // Strings are unescaped within `json`: its bytes are not the text any more afterwards.
  explicit JsonReader(std::string* json)
      : begin_(json->data()), at_(begin_), end_(begin_ + json->size()) {}

  JsonToken Next();

  // Of the last token: a key or string unescaped, a number as written. It points into the
  // text and stays good.
  std::string_view text() const { return text_; }
  // Containers that are open, after the last token.
  size_t depth() const { return depth_; }

  // After kError: what is wrong, and the byte at which it is.
  std::string_view error() const { return error_; }
  size_t position() const { return static_cast<size_t>(at_ - begin_); }

 private:
  enum class State : uint8_t { kValue, kFirst, kColon, kNext, kEnd, kFailed };

  JsonToken Fail(std::string_view what);
  void SkipSpace();
  JsonToken First();
  JsonToken AfterValue();
  JsonToken Key();
  JsonToken Value();
  JsonToken Open(bool object);
  JsonToken Close();
  JsonToken Done(JsonToken token);
  JsonToken Literal(std::string_view word, JsonToken token);
  JsonToken Number();
  bool Digits();

  bool String();
  bool Escape(char** out);
  bool UnicodeEscape(char** out);
  bool HexDigits(uint32_t* code);

  bool in_object() const { return is_object_[depth_ - 1]; }

  char* begin_;
  char* at_;
  char* end_;
  State state_ = State::kValue;
  std::string_view text_;
  std::string_view error_;
  size_t depth_ = 0;
  std::bitset<kDeepest> is_object_;
};

}  // namespace serde
