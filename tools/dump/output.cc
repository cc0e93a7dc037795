#include "tools/dump/output.h"

#include <cstdio>

#include "absl/strings/str_cat.h"

namespace dump {

void Output::Line(std::string_view text, std::string_view style) {
  if (style.empty()) return Line(text);
  Text(style);
  Text(text);
  Line(style_.end);
}

void Complain(std::string_view what) {
  const std::string line = absl::StrCat("state-dump: ", std::string(what), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace dump
