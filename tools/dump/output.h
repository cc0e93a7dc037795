// Standard output, by lines, in large pieces. A reader that has seen enough (`| head`) ends
// the program quietly: nobody is left to read, and nothing is wrong.
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>

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

class Output {
 public:
  explicit Output(const Style& style) : style_(style) { buffer_.reserve(kPiece + 4096); }
  ~Output() { Flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const Style& style() const { return style_; }

  void Line(std::string_view text) {
    buffer_.append(text);
    buffer_.push_back('\n');
    if (buffer_.size() >= kPiece) Flush();
  }
  // The whole line in a style.
  void Line(std::string_view text, std::string_view style);

  // What a reader that goes away leaves as exit status.
  void set_status(int status) { status_ = status; }

  // False where something could not be written; standard error has said so.
  bool Flush();

 private:
  static constexpr size_t kPiece = 1 << 16;

  Style style_;
  std::string buffer_;
  int status_ = 0;
  bool failed_ = false;
};

// On standard error, "state-dump: " before it.
void Complain(std::string_view what);

}  // namespace dump
