// Logging: one line an event, "time level event key=value ...", to standard error.
//
//   base::Log(base::LogLevel::kInfo, "restored", {{"store", name}, {"records", count}});
//
// Thread-safe. Before SetUpLogging only warnings and errors are printed.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" or "error"; any other name is an error that lists them.
absl::Status SetUpLogging(std::string_view level_name);

struct LogField {
  LogField(std::string_view name, std::string_view value) : name(name), value(value) {}
  LogField(std::string_view name, const char* value) : name(name), value(value) {}
  template <class T>
  requires(!std::convertible_to<const T&, std::string_view>)
      LogField(std::string_view name, const T& printable)
      : name(name) {
    std::ostringstream out;
    out << printable;
    value = std::move(out).str();
  }

  std::string_view name;
  std::string value;
};

// From here on lines go to `write` instead, without time and level, all levels down to
// `least`; an empty one gives them back to standard error. Called while nobody logs.
using LogWriter = std::function<void(LogLevel level, std::string_view line)>;
void RedirectLogging(LogLevel least, LogWriter write);

bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace base
