#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

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

// A value that would blur the line's structure is quoted.
void AppendValue(std::string_view value, std::string* line) {
  const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    return c == ' ' || c == '"' || c == '=' || static_cast<unsigned char>(c) < 0x20;
  });
  if (plain) {
    line->append(value);
    return;
  }
  line->push_back('"');
  for (char c : value) {
    if (c == '\n') {
      line->append("\\n");
    } else {
      if (c == '"' || c == '\\') line->push_back('\\');
      line->push_back(c);
    }
  }
  line->push_back('"');
}

}  // namespace

absl::Status SetUpLogging(std::string_view level_name) {
  if (level_name == "debug") {
    Logger().set_level(spdlog::level::debug);
  } else if (level_name == "info") {
    Logger().set_level(spdlog::level::info);
  } else if (level_name == "warning") {
    Logger().set_level(spdlog::level::warn);
  } else if (level_name == "error") {
    Logger().set_level(spdlog::level::err);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("log level \"", std::string(level_name),
                                                   "\" is none of debug, info, warning, error"));
  }
  return absl::OkStatus();
}

void RedirectLogging(LogLevel least, LogWriter write) {
  Redirected() = {.least = least, .write = std::move(write)};
}

bool LogEnabled(LogLevel level) {
  if (Redirected().write) return level >= Redirected().least;
  return Logger().should_log(ToSpdlog(level));
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  std::string line(event);
  for (const LogField& field : fields) {
    line.push_back(' ');
    line.append(field.name);
    line.push_back('=');
    AppendValue(field.value, &line);
  }
  if (Redirected().write) return Redirected().write(level, line);
  Logger().log(ToSpdlog(level), "{}", line);
}

}  // namespace base
