// A broker of a test program's own, by tools/kafka.
#pragma once

#include <string>

namespace streams {

// Ends the test program: it cannot go on.
[[noreturn]] void GiveUp(const std::string& why);

// Runs as long as the object lives.
class OwnKafka {
 public:
  OwnKafka();
  ~OwnKafka();
  OwnKafka(const OwnKafka&) = delete;
  OwnKafka& operator=(const OwnKafka&) = delete;

  const std::string& servers() const { return servers_; }
  // kill -9, and a start; returns when it answers.
  void Restart();

 private:
  bool Tool(const std::string& command) const;

  std::string directory_;
  std::string port_;
  std::string servers_;
};

}  // namespace streams
