#include "base/log.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace base {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

struct Redirection {
  LogLevel least = LogLevel::kDebug;
  LogWriter write;  // empty: there is none
};

Redirection& Redirected() {
  static Redirection redirection;
  return redirection;
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("worker",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::warn);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

bool& AsJson() {
  static bool as_json = false;
  return as_json;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A value that would blur the line's structure is quoted.
void AppendValue(std::string_view value, std::string* line) {
  const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    return c == ' ' || c == '"' || c == '=' || IsControl(c);
  });
  if (plain) {
    line->append(value);
    return;
  }
  line->push_back('"');
  for (char c : value) {
    if (c == '\n') {
      line->append("\\n");
    } else if (IsControl(c)) {
      absl::StrAppendFormat(line, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') line->push_back('\\');
      line->push_back(c);
    }
  }
  line->push_back('"');
}

std::string TextLine(std::string_view event, std::span<const LogField> fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    line.push_back(' ');
    line.append(field.name);
    line.push_back('=');
    AppendValue(field.value, &line);
  }
  return line;
}

using JsonWriter =
    rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                      rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;

// JSON is UTF-8. Bytes that are not, whose encoding nobody knows, become question marks.
std::string Utf8(std::string_view text) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  std::string valid(text);
  if (!writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()))) {
    for (char& c : valid) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  return valid;
}

std::string JsonLine(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  const auto member = [&](std::string_view name, std::string_view value) {
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    const std::string text = Utf8(value);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  member("time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()));
  member("level", NameOf(level));
  member("event", event);
  for (const LogField& field : fields) {
    if (field.is_number) {
      writer.Key(field.name.data(), static_cast<rapidjson::SizeType>(field.name.size()));
      writer.RawValue(field.value.data(), field.value.size(), rapidjson::kNumberType);
    } else {
      member(field.name, field.value);
    }
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

void Write(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (Redirected().write) return Redirected().write(level, TextLine(event, fields));
  Logger().log(ToSpdlog(level), "{}",
               AsJson() ? JsonLine(level, event, fields) : TextLine(event, fields));
}

}  // namespace

absl::Status SetUpLogging(std::string_view level_name, std::string_view format_name) {
  if (format_name != "text" && format_name != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("log format \"", std::string(format_name), "\" is none of text, json"));
  }
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (level_name != NameOf(level)) continue;
    Logger().set_level(ToSpdlog(level));
    AsJson() = format_name == "json";
    if (AsJson()) Logger().set_pattern("%v");
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("log level \"", std::string(level_name),
                                                 "\" is none of debug, info, warning, error"));
}

void RedirectLogging(LogLevel least, LogWriter write) {
  Redirected() = {.least = least, .write = std::move(write)};
}

bool LogEnabled(LogLevel level) {
  if (Redirected().write) return level >= Redirected().least;
  return Logger().should_log(ToSpdlog(level));
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (LogEnabled(level)) Write(level, event, fields);
}

void Log(LogLimit& limit, std::string_view cause, LogLevel level, std::string_view event,
         std::initializer_list<LogField> fields) {
  const std::optional<uint64_t> left_out = limit.Pass(cause);
  if (!left_out.has_value()) return Log(LogLevel::kDebug, event, fields);
  if (*left_out == 0) return Log(level, event, fields);
  if (!LogEnabled(level)) return;
  std::vector<LogField> more(fields);
  more.emplace_back("left_out", *left_out);
  Write(level, event, more);
}

}  // namespace base
