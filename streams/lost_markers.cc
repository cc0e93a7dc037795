#include "streams/lost_markers.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace streams {

LostEnd TellLostEnd(const HeldEvidence& evidence) {
  if (evidence.local_is_beyond) return LostEnd::kCommit;
  // Where the first changelog is not held, it has the transaction's marker, or an earlier
  // one's: its positions are the group's whether the transaction was committed or not.
  if (!evidence.first_is_held) return LostEnd::kUnknown;
  return evidence.group_is_ahead ? LostEnd::kCommit : LostEnd::kAbort;
}

std::string AskForLostEnd(const HeldEvidence& evidence) {
  const std::string logs =
      absl::StrJoin(evidence.held, ", ", [](std::string* out, const base::TopicPartition& log) {
        absl::StrAppend(out, base::ToString(log));
      });
  return absl::StrCat(
      "changelog ", logs, " is held open by a transaction whose end the broker has lost, and what ",
      "is there does not tell whether it was committed. The log of its coordinator does (state ",
      "PrepareCommit or PrepareAbort, at the time of the broker's failure; ",
      "kafka-transactions.sh find-hanging names the producer). Then start once with ",
      "--lost_markers=commit, or with --lost_markers=abort. Nothing is changed until then");
}

}  // namespace streams
