#include "processors/rules/rules.h"

#include <variant>

#include "processors/rules/commands.h"
#include "processors/rules/status_events.h"

namespace rules {

void Decide(const model::Message& message, const View& view, Decision* decision) {
  Context context{.view = view,
                  .transaction = message.transaction,
                  .record_world = std::nullopt,
                  .decision = *decision};
  if (const auto* command = std::get_if<model::Command>(&message.body)) {
    DecideCommand(*command, context);
  } else if (const auto* event = std::get_if<model::StatusEvent>(&message.body)) {
    context.record_world = event->world;
    DecideStatusEvent(*event, context);
  } else {
    const auto& invite = std::get<model::InviteAccepted>(message.body);
    context.record_world = invite.world;
    DecideInviteAccepted(invite, context);
  }
  if (!decision->status.ok()) decision->DropChanges();
}

}  // namespace rules
