// The JSON reader by table, and against RapidJSON and simdjson on texts from a seed.

#include "serde/json_reader.h"

#include <gtest/gtest.h>
#include <rapidjson/reader.h>
#include <simdjson.h>

#include <random>
#include <vector>

#include "absl/strings/str_cat.h"

namespace serde {
namespace {

// The tokens as text, or "error <what> <where>".
std::string Tokens(std::string text) {
  std::string json = std::move(text);
  JsonReader reader(&json);
  std::string tokens;
  for (;;) {
    const JsonToken token = reader.Next();
    switch (token) {
      case JsonToken::kEnd:
        return tokens;
      case JsonToken::kError:
        EXPECT_EQ(reader.Next(), JsonToken::kError);
        return absl::StrCat("error ", std::string(reader.error()), " ", reader.position());
      case JsonToken::kKey:
      case JsonToken::kString:
      case JsonToken::kNumber:
        absl::StrAppend(&tokens, static_cast<int>(token), "<", std::string(reader.text()), ">");
        break;
      default:
        absl::StrAppend(&tokens, static_cast<int>(token), ";");
    }
  }
}

bool Accepts(std::string_view text) { return !Tokens(std::string(text)).starts_with("error"); }

std::string String(std::string_view escaped) {
  std::string json = absl::StrCat("\"", std::string(escaped), "\"");
  JsonReader reader(&json);
  return reader.Next() == JsonToken::kString ? std::string(reader.text())
                                             : "error " + std::string(reader.error());
}

// Strings are read by words of eight bytes: the one that is not plain at each place of them.
TEST(JsonReaderTest, StringsOfEachLengthWithEachByteAtEachPlace) {
  for (size_t size = 0; size < 20; ++size) {
    const std::string plain(size, 'a');
    EXPECT_EQ(String(plain), plain);
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text = plain;
        text[at] = static_cast<char>(byte);
        if (byte == '"') {
          EXPECT_EQ(String(text), text.substr(0, at));
        } else if (byte == '\\') {
          EXPECT_TRUE(String(text).starts_with("error Invalid escape") ||
                      String(text).starts_with("error A string without"))
              << text;
        } else if (byte >= 0x20 && byte < 0x80) {
          EXPECT_EQ(String(text), text);
        } else {
          EXPECT_EQ(String(text), byte < 0x20 ? "error A control character in a string."
                                              : "error Invalid UTF-8 in a string.")
              << byte;
        }
      }
      std::string text = plain;
      text.replace(at, 1, "\\t\xe2\x82\xac");
      std::string meant = plain;
      meant.replace(at, 1, "\t\xe2\x82\xac");
      EXPECT_EQ(String(text), meant);
    }
  }
}

TEST(JsonReaderTest, Values) {
  for (const char* text : {"{}",
                           "[]",
                           " \t\r\n{ } \t\r\n",
                           "null",
                           "true",
                           "false",
                           "\"\"",
                           "0",
                           "-0",
                           "12",
                           "-12.50e+10",
                           "0.0",
                           "1E5",
                           "1e-5",
                           "1e400",
                           "-1e99999",
                           "[1,2]",
                           "[[],{}]",
                           R"({"a":{"b":[null]},"":1})",
                           R"({"a":1,"a":2})"}) {
    EXPECT_TRUE(Accepts(text)) << text;
  }
  EXPECT_TRUE(Accepts(std::string(5000, '9')));
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{,}",
                           R"({"a"})",
                           R"({"a":})",
                           R"({"a":1,})",
                           R"({"a" 1})",
                           R"({"a":1 "b":2})",
                           "{1:2}",
                           "{a:1}",
                           "[1}",
                           R"({"a":1])",
                           "nul",
                           "nulll",
                           "True",
                           "tru",
                           "falsy",
                           "NaN",
                           "Infinity",
                           "-",
                           "+1",
                           ".5",
                           "1.",
                           "01",
                           "-01",
                           "00",
                           "1e",
                           "1e+",
                           "0x1",
                           "1_0",
                           "'a'",
                           "\"",
                           "\"a",
                           "[1]2",
                           "{} {}",
                           "1/**/",
                           "//x\n1",
                           "\xef\xbb\xbf{}",
                           "\f1",
                           "\v1",
                           "\xc2\xa0 1",
                           "[1]\x01"}) {
    EXPECT_FALSE(Accepts(text)) << text;
  }
  EXPECT_FALSE(Accepts(std::string_view("1\0", 2)));
  EXPECT_FALSE(Accepts(std::string_view("\0", 1)));
}

TEST(JsonReaderTest, Escapes) {
  EXPECT_EQ(String(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(String(R"(a\u0041\u00e9\u20AC\uD83D\uDE00z)"), "aA\u00e9\u20ac\U0001f600z");
  EXPECT_EQ(String(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(String(R"(\uFFFF)"), "\uffff");
  EXPECT_EQ(String(R"(\uDBFF\uDFFF)"), "\U0010ffff");
  for (const char* text : {R"(\x)", R"(\u12)", R"(\u12g4)", R"(\U0041)", R"(\')", "\\", R"(\u)",
                           R"(\u 041)", R"(\u-041)"}) {
    EXPECT_TRUE(String(text).starts_with("error")) << text;
  }
}

TEST(JsonReaderTest, LoneSurrogates) {
  for (const char* text : {R"(\uD800)", R"(\uDC00)", R"(\uDFFF)", R"(\uD800\uD800)",
                           R"(\uDC00\uD800)", R"(\uD800x)", R"(\uD800\n)", R"(\uD800\u0041)"}) {
    EXPECT_EQ(String(text), "error A lone surrogate in a string.") << text;
  }
  EXPECT_EQ(String(R"(\uD800\u)"), "error Incorrect hex digit after \\u in a string.");
}

TEST(JsonReaderTest, Utf8) {
  for (const char* text :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(String(text), text);
  }
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2\x41",
                           "\xe0\x80\x80",
                           "\xe0\x9f\xbf",
                           "\xe2\x82",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf0\x80\x80\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf0\x9f\x98",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf8\x88\x80\x80\x80",
                           "\xfe",
                           "\xff",
                           "\xe2\x82\x41",
                           "\xf0\x9f\x98\x41"}) {
    EXPECT_EQ(String(text), "error Invalid UTF-8 in a string.");
  }
  // A character that the text's end cuts, and that has no quote behind it.
  EXPECT_FALSE(Accepts("\"\xf0\x9f"));
}

TEST(JsonReaderTest, ControlCharacters) {
  for (char c = 0; c < 0x20; ++c) {
    EXPECT_EQ(String(std::string(1, c)), "error A control character in a string.");
  }
}

TEST(JsonReaderTest, Depth) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  for (const size_t levels : {1, 64, 65, 128}) EXPECT_TRUE(Accepts(nested(levels))) << levels;
  EXPECT_EQ(Tokens(nested(129)), "error Nested deeper than 128 levels. 128");
  EXPECT_EQ(Tokens(std::string(1'000'000, '[')), "error Nested deeper than 128 levels. 128");
}

TEST(JsonReaderTest, SaysWhere) {
  EXPECT_EQ(Tokens("{\"a\" 1}"), "error Missing a colon after a field's name. 5");
  EXPECT_EQ(Tokens("{\"a\":1"), "error Missing a comma or '}' after a field. 6");
  EXPECT_EQ(Tokens("[1"), "error Missing a comma or ']' after an element. 2");
  EXPECT_EQ(Tokens("[truth]"), "error Invalid value. 4");
  EXPECT_EQ(Tokens("{}x"), "error Something stands behind the value. 2");
  EXPECT_EQ(Tokens("\"abc"), "error A string without an end. 4");
}

// ------------------------------------------------------------- differential

struct RapidHandler {
  std::string tokens;

  bool Add(JsonToken token) {
    absl::StrAppend(&tokens, static_cast<int>(token), ";");
    return true;
  }
  bool Add(JsonToken token, const char* text, size_t size) {
    absl::StrAppend(&tokens, static_cast<int>(token), "<", absl::string_view(text, size), ">");
    return true;
  }
  bool Null() { return Add(JsonToken::kNull); }
  bool Bool(bool value) { return Add(value ? JsonToken::kTrue : JsonToken::kFalse); }
  bool RawNumber(const char* text, unsigned size, bool) {
    return Add(JsonToken::kNumber, text, size);
  }
  bool String(const char* text, unsigned size, bool) { return Add(JsonToken::kString, text, size); }
  bool Key(const char* text, unsigned size, bool) { return Add(JsonToken::kKey, text, size); }
  bool StartObject() { return Add(JsonToken::kOpenObject); }
  bool StartArray() { return Add(JsonToken::kOpenArray); }
  bool EndObject(unsigned) { return Add(JsonToken::kClose); }
  bool EndArray(unsigned) { return Add(JsonToken::kClose); }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
};

// Where RapidJSON must agree, it does.
void CompareWithRapidJson(const std::string& text) {
  const std::string ours = Tokens(text);
  rapidjson::Reader reader;
  RapidHandler handler;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseIterativeFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorNumberTooBig) return;  // it is, for a double
  if (ours.starts_with("error A lone surrogate")) return;           // it takes low ones
  if (text.starts_with("\xef\xbb\xbf")) return;                     // it skips the mark
  if (text.find('\0') != text.npos) return;                         // it takes it for the end
  if (result.IsError()) {
    EXPECT_TRUE(ours.starts_with("error")) << text;
  } else {
    EXPECT_EQ(ours, handler.tokens) << text;
  }
}

void CompareWithSimdjson(const std::string& text) {
  static simdjson::dom::parser parser;
  const std::string ours = Tokens(text);
  const auto error = parser.parse(text.data(), text.size()).error();
  if (error == simdjson::NUMBER_ERROR) return;             // or out of its range
  if (ours.starts_with("error A lone surrogate")) return;  // it takes low ones
  EXPECT_EQ(ours.starts_with("error"), error != simdjson::SUCCESS)
      << text << ": " << ours << ": " << simdjson::error_message(error);
}

TEST(JsonReaderTest, AgreesWithFullParsersOnBrokenTexts) {
  const std::vector<std::string> seeds = {
      R"({"actorId":1,"type":"JOIN","body":{"partyId":1000000000},"transactionId":null})",
      R"({"a":[1,-2.5e+3,0,true,false,null,"x\"\\\u00e9\ud83d\ude00",{"b":[[],{}]}],"c":""})",
      "[\"\u00e9\u20ac\U0001f600\", 0.1E-2 ,\n\t[ ] , { } ]",
  };
  const std::string alphabet = "{}[]\",:\\/0123456789-+.eEtrufalsn \t\nxd8DC\x80\xc3\xed\xf0\x01";
  std::mt19937 random(20);
  for (int i = 0; i < 60'000; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (uint32_t edits = 1 + random() % 3; edits > 0; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 3);
          break;
        case 1:
          text.insert(at, 1, alphabet[random() % alphabet.size()]);
          break;
        case 2:
          text[at] = alphabet[random() % alphabet.size()];
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
      }
      if (text.empty()) text = "x";
    }
    CompareWithRapidJson(text);
    CompareWithSimdjson(text);
  }
}

}  // namespace
}  // namespace serde
