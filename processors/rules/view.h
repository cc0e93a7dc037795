// What the rules may look at: the objects of one tenant, as they are before the message.
#pragma once

#include "model/character.h"
#include "model/ids.h"
#include "model/party.h"

namespace rules {

class View {
 public:
  virtual ~View() = default;
  // Null where there is none, or where it cannot be read: that error is the view's owner's
  // to keep and to return. Good as long as nothing is changed.
  virtual const model::Character* character(model::CharacterId id) const = 0;
  virtual const model::Party* party(model::PartyId id) const = 0;
  virtual model::PartyId next_party_id() const = 0;
};

}  // namespace rules
