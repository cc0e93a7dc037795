// Why a record is bad input: a short code of the kind, and what is wrong and where.
#pragma once

#include <string>
#include <string_view>

namespace serde {

struct Fault {
  std::string_view code;  // one of kFault...
  std::string message;
};

inline constexpr std::string_view kFaultNoValue = "NO_VALUE";
inline constexpr std::string_view kFaultInvalidJson = "INVALID_JSON";
inline constexpr std::string_view kFaultMissingField = "MISSING_FIELD";
inline constexpr std::string_view kFaultWrongType = "WRONG_TYPE";
inline constexpr std::string_view kFaultOutOfRange = "OUT_OF_RANGE";
inline constexpr std::string_view kFaultUnknownType = "UNKNOWN_TYPE";
inline constexpr std::string_view kFaultInvalidTenant = "INVALID_TENANT_ID";
inline constexpr std::string_view kFaultHeadersTooLarge = "HEADERS_TOO_LARGE";
inline constexpr std::string_view kFaultOutputRefused = "OUTPUT_REFUSED";

inline constexpr std::string_view kFaultCodes[] = {
    kFaultNoValue,       kFaultInvalidJson,     kFaultMissingField,
    kFaultWrongType,     kFaultOutOfRange,      kFaultUnknownType,
    kFaultInvalidTenant, kFaultHeadersTooLarge, kFaultOutputRefused,
};

}  // namespace serde
