#include "api/address.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace api {

absl::StatusOr<Address> ParseAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos) address.host = text.substr(0, colon);
  const bool bracketed =
      address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
  if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  // Of IPv6 the port could not be told from the host.
  const bool ambiguous = !bracketed && address.host.find_first_of(":[]") != std::string::npos;
  if (colon == std::string::npos || address.host.empty() || ambiguous ||
      !absl::SimpleAtoi(text.substr(colon + 1), &address.port) || address.port < 0 ||
      address.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no address: write host:port, [::1]:port for IPv6"));
  }
  return address;
}

std::string ToString(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]" : "", ":", address.port);
}

}  // namespace api
