// Where a server listens. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace api {

struct Address {
  std::string host;
  int port = 0;  // 0: any that is free
};

// "127.0.0.1:9464", "[::1]:9464", "localhost:0".
absl::StatusOr<Address> ParseAddress(const std::string& text);

std::string ToString(const Address& address);

}  // namespace api
