// Small helpers for absl::Status, the vocabulary of errors here.
#pragma once

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace base {

// The same status with "<what>: " before its message. OK stays OK.
inline absl::Status Annotate(const absl::Status& status, std::string_view what) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(absl::string_view(what.data(), what.size()), ": ",
                                                  status.message()));
}

}  // namespace base

// Returns the status from the enclosing function where it is not OK.
#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// ASSIGN_OR_RETURN(auto value, Compute()): the value, or returns the error.
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_IMPL_(BASE_CONCAT_(status_or_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_IMPL_(name, declaration, expression) \
  auto name = (expression);                                   \
  if (!name.ok()) return name.status();                       \
  declaration = *std::move(name)
#define BASE_CONCAT_(a, b) BASE_CONCAT_IMPL_(a, b)
#define BASE_CONCAT_IMPL_(a, b) a##b
