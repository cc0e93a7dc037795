// A message of bytes that somebody else keeps.
#pragma once

#include "streams/broker.h"

namespace testing_support {

inline streams::Message Borrowed(const base::RecordView& view) {
  auto* const held = new streams::Message::Held{
      .view = view, .release = [](streams::Message::Held* ended) { delete ended; }};
  return streams::Message(held);
}

}  // namespace testing_support
