#include "tools/dead_letter_size.h"

#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace tools {

size_t LargestDeadLetter(const std::string& topic, streams::Admin& admin) {
  constexpr size_t kFraming = 2'000;
  size_t largest = 1'000'000;
  const auto settings = admin.TopicSettings(topic, absl::Seconds(5));
  if (settings.ok() && settings->contains("max.message.bytes")) {
    size_t bytes = 0;
    if (absl::SimpleAtoi(settings->at("max.message.bytes"), &bytes)) largest = bytes;
  }
  return largest > 2 * kFraming ? largest - kFraming : largest / 2;
}

}  // namespace tools
