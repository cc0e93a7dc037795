// Kinds of errors that the engine answers each in its own way; what is of neither kind ends
// the handles that it came from.
#pragma once

#include "absl/status/status.h"

namespace streams {

// It may be so for a while: the same is tried again.
inline bool IsWait(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

// Trying again does not help: the operator must decide, and the worker ends.
inline bool IsStop(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsDataLoss(status) ||
         absl::IsInvalidArgument(status) || absl::IsPermissionDenied(status);
}

}  // namespace streams
