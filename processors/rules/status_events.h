// The rules of character status events.
#pragma once

#include "model/message.h"
#include "processors/rules/context.h"

namespace rules {

void DecideStatusEvent(const model::StatusEvent& event, Context& context);

}  // namespace rules
