// The rules of commands and of accepted invites.
#pragma once

#include "model/message.h"
#include "processors/rules/context.h"

namespace rules {

void DecideCommand(const model::Command& command, Context& context);
void DecideInviteAccepted(const model::InviteAccepted& invite, Context& context);

}  // namespace rules
