// Logging: one line an event, to standard error, "time level event key=value ..." or one
// JSON object with the members time, level, event and the fields.
//
//   base::Log(base::LogLevel::kInfo, "restored", {{"store", name}, {"records", count}});
//
// What may come again and again goes through a limit, by its cause:
//
//   base::Log(limit, reason, base::LogLevel::kWarning, "aborted", {{"why", reason}});
//
// Values may hold anything: what would break a line or disturb a terminal is escaped.
// Thread-safe. Before SetUpLogging only warnings and errors are printed, as text.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "base/log_limit.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Level: "debug", "info", "warning" or "error"; format: "text" or "json". Any other name is
// an error that lists them.
absl::Status SetUpLogging(std::string_view level_name, std::string_view format_name = "text");

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
    if constexpr (requires { printable.value(); }) {
      is_number = IsNumber<std::decay_t<decltype(printable.value())>>;
    } else {
      is_number = IsNumber<T>;
    }
  }

  std::string_view name;
  std::string value;
  bool is_number = false;  // an integer, or a strong type of one

 private:
  template <class T>
  static constexpr bool IsNumber = std::integral<T> && !std::same_as<T, bool>;
};

// From here on lines go to `write` instead, without time and level, all levels down to
// `least`; an empty one gives them back to standard error. Called while nobody logs.
using LogWriter = std::function<void(LogLevel level, std::string_view line)>;
void RedirectLogging(LogLevel least, LogWriter write);

bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
// A line that the limit leaves out has level debug.
void Log(LogLimit& limit, std::string_view cause, LogLevel level, std::string_view event,
         std::initializer_list<LogField> fields = {});

}  // namespace base
