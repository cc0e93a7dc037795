// By what one finds the other traces of a record.
#pragma once

#include <span>
#include <string_view>

#include "base/record.h"

namespace base {

// Of a W3C trace context ("00-<32 hex digits>-..."): by it one finds the record's other
// traces. "" where the record has none, or one of another form.
std::string_view TraceId(std::span<const HeaderView> headers);

}  // namespace base
