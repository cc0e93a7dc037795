// The rules of parties: what each message does. Pure functions; each reads like the wire
// contract's table, check by check, in its order: the first check that fails decides.
//
// Every command yields its events or exactly one error. A status event that changes
// nothing changes nothing in the decision, and still announces what it must.
#pragma once

#include "model/message.h"
#include "processors/rules/decision.h"
#include "processors/rules/view.h"

namespace rules {

// `decision` is empty before. Look at its status after.
void Decide(const model::Message& message, const View& view, Decision* decision);

}  // namespace rules
