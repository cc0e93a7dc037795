#include "serde/json_reader.h"

#include "serde/plain_bytes.h"

namespace serde {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Bytes of the UTF-8 character at `at`; 0 where there is none. Overlong forms, surrogates
// and what lies above U+10FFFF are none (Unicode, table 3-7).
size_t Utf8Length(const char* at, const char* end) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(at[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (static_cast<size_t>(end - at) < length) return 0;
  const uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

void AppendUtf8(uint32_t code, char** out) {
  const auto put = [&](uint32_t byte) { *(*out)++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace

JsonToken JsonReader::Next() {
  SkipSpace();
  switch (state_) {
    case State::kValue:
      return Value();
    case State::kFirst:
      return First();
    case State::kColon:
      if (at_ == end_ || *at_ != ':') return Fail("Missing a colon after a field's name.");
      ++at_;
      SkipSpace();
      return Value();
    case State::kNext:
      return AfterValue();
    case State::kEnd:
      return at_ == end_ ? JsonToken::kEnd : Fail("Something stands behind the value.");
    case State::kFailed:
      break;
  }
  return JsonToken::kError;
}

JsonToken JsonReader::Fail(std::string_view what) {
  if (error_.empty()) error_ = what;
  state_ = State::kFailed;
  return JsonToken::kError;
}

void JsonReader::SkipSpace() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

// Just behind an opening bracket.
JsonToken JsonReader::First() {
  if (at_ != end_ && *at_ == (in_object() ? '}' : ']')) return Close();
  return in_object() ? Key() : Value();
}

JsonToken JsonReader::AfterValue() {
  const char close = in_object() ? '}' : ']';
  if (at_ != end_ && *at_ == close) return Close();
  if (at_ == end_ || *at_ != ',') {
    return Fail(in_object() ? "Missing a comma or '}' after a field."
                            : "Missing a comma or ']' after an element.");
  }
  ++at_;
  SkipSpace();
  return in_object() ? Key() : Value();
}

JsonToken JsonReader::Key() {
  if (at_ == end_ || *at_ != '"') return Fail("Missing a field's name.");
  if (!String()) return JsonToken::kError;
  state_ = State::kColon;
  return JsonToken::kKey;
}

JsonToken JsonReader::Value() {
  if (at_ == end_) return Fail("The text ends before a value.");
  switch (*at_) {
    case '{':
      return Open(/*object=*/true);
    case '[':
      return Open(/*object=*/false);
    case '"':
      return String() ? Done(JsonToken::kString) : JsonToken::kError;
    case 'n':
      return Literal("null", JsonToken::kNull);
    case 'f':
      return Literal("false", JsonToken::kFalse);
    case 't':
      return Literal("true", JsonToken::kTrue);
    default:
      return Number();
  }
}

JsonToken JsonReader::Open(bool object) {
  if (depth_ == kDeepest) return Fail("Nested deeper than 128 levels.");
  ++at_;
  is_object_[depth_++] = object;
  state_ = State::kFirst;
  return object ? JsonToken::kOpenObject : JsonToken::kOpenArray;
}

JsonToken JsonReader::Close() {
  ++at_;
  --depth_;
  return Done(JsonToken::kClose);
}

JsonToken JsonReader::Done(JsonToken token) {
  state_ = depth_ == 0 ? State::kEnd : State::kNext;
  return token;
}

JsonToken JsonReader::Literal(std::string_view word, JsonToken token) {
  for (const char c : word) {
    if (at_ == end_ || *at_ != c) return Fail("Invalid value.");
    ++at_;
  }
  return Done(token);
}

JsonToken JsonReader::Number() {
  const char* start = at_;
  if (*at_ == '-') ++at_;
  if (at_ == end_ || !IsDigit(*at_)) return Fail("Invalid value.");
  if (*at_ == '0') {
    ++at_;  // nothing but a fraction or an exponent follows a leading zero
  } else {
    Digits();
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!Digits()) return Fail("Missing a number's fraction.");
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!Digits()) return Fail("Missing a number's exponent.");
  }
  text_ = {start, static_cast<size_t>(at_ - start)};
  return Done(JsonToken::kNumber);
}

// False where there are none.
bool JsonReader::Digits() {
  const char* start = at_;
  while (at_ != end_ && IsDigit(*at_)) ++at_;
  return at_ != start;
}

// Unescaped text is never longer than escaped: it overtakes nothing that is still to read.
bool JsonReader::String() {
  char* const start = ++at_;
  // Nearly all strings are plain: nothing to check or to move.
  at_ += PlainBytes(at_, end_);
  char* out = at_;
  while (at_ != end_ && *at_ != '"') {
    if (*at_ == '\\') {
      if (!Escape(&out)) return false;
      continue;
    }
    if (static_cast<uint8_t>(*at_) < 0x20) {
      Fail("A control character in a string.");
      return false;
    }
    const size_t length = Utf8Length(at_, end_);
    if (length == 0) {
      Fail("Invalid UTF-8 in a string.");
      return false;
    }
    for (size_t i = 0; i < length; ++i) *out++ = *at_++;
  }
  if (at_ == end_) {
    Fail("A string without an end.");
    return false;
  }
  ++at_;
  text_ = {start, static_cast<size_t>(out - start)};
  return true;
}

bool JsonReader::Escape(char** out) {
  static constexpr std::string_view kLetters = "\"\\/bfnrtu";
  static constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
  const size_t letter = end_ - at_ < 2 ? kLetters.npos : kLetters.find(at_[1]);
  if (letter == kLetters.npos) {
    Fail("Invalid escape in a string.");
    return false;
  }
  if (letter == kMeaning.size()) return UnicodeEscape(out);
  *(*out)++ = kMeaning[letter];
  at_ += 2;
  return true;
}

bool JsonReader::UnicodeEscape(char** out) {
  uint32_t code = 0;
  if (!HexDigits(&code)) return false;
  if (code >= 0xd800 && code < 0xe000) {
    uint32_t low = 0;
    const bool pair = code < 0xdc00 && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u';
    if (pair && !HexDigits(&low)) return false;
    if (low < 0xdc00 || low >= 0xe000) {
      Fail("A lone surrogate in a string.");
      return false;
    }
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  AppendUtf8(code, out);
  return true;
}

// Takes \uXXXX.
bool JsonReader::HexDigits(uint32_t* code) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  at_ += 2;
  for (int i = 0; i < 4; ++i, ++at_) {
    const size_t digit = at_ == end_ ? kDigits.npos
                         : *at_ >= 'A' && *at_ <= 'F'
                             ? kDigits.find(static_cast<char>(*at_ - 'A' + 'a'))
                             : kDigits.find(*at_);
    if (digit == kDigits.npos) {
      Fail("Incorrect hex digit after \\u in a string.");
      return false;
    }
    *code = *code << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

}  // namespace serde
