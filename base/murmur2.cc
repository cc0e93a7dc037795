#include "base/murmur2.h"

#include <cstddef>

namespace base {
namespace {

uint32_t ByteAt(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

}  // namespace

uint32_t Murmur2(std::string_view bytes) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kRotation = 24;

  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t word = ByteAt(bytes, at) | ByteAt(bytes, at + 1) << 8 | ByteAt(bytes, at + 2) << 16 |
                    ByteAt(bytes, at + 3) << 24;
    word *= kMultiplier;
    word ^= word >> kRotation;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  const size_t tail = bytes.size() - at;
  if (tail >= 3) hash ^= ByteAt(bytes, at + 2) << 16;
  if (tail >= 2) hash ^= ByteAt(bytes, at + 1) << 8;
  if (tail >= 1) {
    hash ^= ByteAt(bytes, at);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

Partition PartitionForKey(std::string_view key, int32_t partitions) {
  const auto positive = static_cast<int32_t>(Murmur2(key) & 0x7fffffff);
  return Partition(positive % partitions);
}

}  // namespace base
