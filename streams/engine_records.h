// The engine's own records in a changelog, under keys too short to be an application's.
// docs/state-format.md gives their bytes.
//
//   "identity"  one in each changelog partition, its first record: which application,
//               store and partition it belongs to, and an id made with it. A topic that
//               is deleted and made anew has another, or none.
//   "offsets"   in the first store's changelog, one with every transaction: the input
//               positions that the state includes.
//   "completion"  never with a value: a record whose only use is the marker that follows it
//               (StreamThread::CompleteTransactionsOf).
//
// They lie in the stores like all that a changelog holds, so a restore only copies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/kafka_types.h"
#include "base/uuid.h"
#include "state/replica.h"

namespace streams {

inline constexpr std::string_view kIdentityKey = "identity";
inline constexpr std::string_view kOffsetsKey = "offsets";
inline constexpr std::string_view kCompletionKey = "completion";

struct ChangelogIdentity {
  base::Uuid id;
  std::string application_id;
  std::string store;
  base::Partition partition;

  friend bool operator==(const ChangelogIdentity&, const ChangelogIdentity&) = default;
};

std::string EncodeIdentity(const ChangelogIdentity& identity);
absl::StatusOr<ChangelogIdentity> DecodeIdentity(std::string_view bytes);

using InputPositions = std::map<base::TopicPartition, base::Offset>;

// Appends to `out`.
void EncodeInputPositions(const InputPositions& positions, std::string* out);
absl::StatusOr<InputPositions> DecodeInputPositions(std::string_view bytes);

// The store that has the engine's records of input positions.
inline constexpr state::StoreIndex kEngineStore{0};

// The input positions that a state includes; none where it records none.
absl::StatusOr<InputPositions> ReadInputPositions(const state::Replica& replica);

}  // namespace streams
