// Standard output of a program, in large pieces. What cannot be written is said on standard
// error. A reader that has seen enough (`| head`) ends the program quietly: nobody is left to
// read.
//
// Not thread-safe. One for a process.
#pragma once

#include <string>
#include <string_view>

namespace tools {

class Output {
 public:
  // `program`: its name, for the complaint. From here on SIGPIPE is ignored: the write tells.
  explicit Output(std::string program);
  ~Output() { Flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Text(std::string_view text) {
    buffer_.append(text);
    if (buffer_.size() >= kPiece) Flush();
  }
  void Line(std::string_view text) {
    buffer_.append(text);
    Text("\n");
  }

  // What a reader that goes away leaves as exit status: 0 where what is left undone by then
  // does not matter.
  void set_status(int status) { status_ = status; }

  // False where something could not be written, then or before; standard error has said so.
  bool Flush();

 private:
  static constexpr size_t kPiece = 1 << 16;

  const std::string program_;
  std::string buffer_;
  int status_ = 0;
  bool failed_ = false;
};

}  // namespace tools
