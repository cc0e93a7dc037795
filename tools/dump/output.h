// The program's standard output, with colours where a terminal shows them.
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "tools/output.h"

namespace dump {

// What makes a terminal show a text in a certain way; nothing where there are no colours.
struct Style {
  static Style Plain() { return {}; }
  static Style Coloured() {
    return {.heading = "\x1b[1m",
            .good = "\x1b[32m",
            .bad = "\x1b[31m",
            .faint = "\x1b[2m",
            .end = "\x1b[0m"};
  }

  std::string_view heading;
  std::string_view good;
  std::string_view bad;
  std::string_view faint;
  std::string_view end;
};

class Output : public tools::Output {
 public:
  explicit Output(const Style& style) : tools::Output("state-dump"), style_(style) {}

  const Style& style() const { return style_; }

  using tools::Output::Line;
  // The whole line in a style.
  void Line(std::string_view text, std::string_view style);

 private:
  Style style_;
};

// On standard error, "state-dump: " before it.
void Complain(std::string_view what);

}  // namespace dump
