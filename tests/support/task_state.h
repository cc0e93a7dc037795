// What is in a task's stores after a commit: as lines of a dump, and as the objects that
// the invariants are about.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "processors/rules/invariants.h"
#include "serde/dump_json.h"
#include "serde/store_codecs.h"
#include "tests/support/memory_task.h"

namespace testing_support {

// Calls visit(key, value) for each object of the store, the engine's own records left out.
template <class Visit>
void ScanStore(MemoryTask& task, size_t store, Visit visit) {
  const absl::Status scanned =
      task.replica().Scan(state::StoreIndex(static_cast<uint8_t>(store)),
                          [&](std::string_view key, std::string_view value) {
                            if (key.size() >= state::kSmallestKey) visit(key, value);
                            return true;
                          });
  EXPECT_TRUE(scanned.ok()) << scanned;
}

// As `state-dump --format json` prints them.
inline std::vector<std::string> DumpLines(MemoryTask& task,
                                          const std::vector<std::string>& stores) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < stores.size(); ++i) {
    ScanStore(task, i, [&](std::string_view key, std::string_view value) {
      const auto line = serde::DumpJson(stores[i], key, value);
      EXPECT_TRUE(line.ok()) << line.status();
      lines.push_back(line.value_or("?"));
    });
  }
  return lines;
}

template <class Codec, class Objects>
void ReadObjects(MemoryTask& task, const std::vector<std::string>& stores, Objects* objects) {
  for (size_t i = 0; i < stores.size(); ++i) {
    if (stores[i] != Codec::kName) continue;
    ScanStore(task, i, [&](std::string_view key, std::string_view value) {
      const auto decoded_key = Codec::DecodeKey(key);
      ASSERT_TRUE(decoded_key.ok()) << decoded_key.status();
      ASSERT_TRUE(Codec::DecodeValue(value, &(*objects)[*decoded_key]).ok());
    });
  }
}

inline rules::State ReadState(MemoryTask& task, const std::vector<std::string>& stores) {
  rules::State state;
  ReadObjects<serde::CharacterCodec>(task, stores, &state.characters);
  ReadObjects<serde::PartyCodec>(task, stores, &state.parties);
  ReadObjects<serde::PartySequenceCodec>(task, stores, &state.sequences);
  return state;
}

}  // namespace testing_support
