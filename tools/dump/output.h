// Standard output, by lines. Not thread-safe.
#pragma once

#include <cstdio>
#include <string_view>

namespace dump {

class Output {
 public:
  void Line(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
  }
};

}  // namespace dump
