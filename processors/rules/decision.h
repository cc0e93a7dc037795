// What a message changes and what is announced of it. Used again and again: Clear keeps
// the memory.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/announcement.h"
#include "model/character.h"
#include "model/ids.h"
#include "model/party.h"

namespace rules {

struct Decision {
  // Not OK where the view lacks an object that others refer to: then there are neither
  // changes nor announcements, and the caller must not go on as if there were none to make.
  absl::Status status;

  // New values; none deletes. Each object at most once.
  std::vector<std::pair<model::CharacterId, std::optional<model::Character>>> characters;
  std::vector<std::pair<model::PartyId, std::optional<model::Party>>> parties;
  std::optional<model::PartyId> next_party_id;

  std::vector<model::Announcement> announcements;  // in their order

  void Clear() {
    status = absl::OkStatus();
    DropChanges();
  }
  void DropChanges() {
    characters.clear();
    parties.clear();
    next_party_id.reset();
    announcements.clear();
  }
};

}  // namespace rules
