// A character as far as it is known: what no event has told yet has no value.
#pragma once

#include <optional>
#include <string>

#include "base/uuid.h"
#include "model/ids.h"

namespace model {

struct Location {
  MapId map;
  base::Uuid instance;  // nil: the map itself

  friend bool operator==(const Location&, const Location&) = default;
};

struct Character {
  std::optional<std::string> name;
  std::optional<Level> level;
  std::optional<JobId> job;
  std::optional<bool> gm;
  std::optional<WorldId> world;
  std::optional<ChannelId> channel;
  std::optional<Location> location;  // an instance is known exactly when its map is
  bool online = false;
  std::optional<PartyId> party;

  friend bool operator==(const Character&, const Character&) = default;
};

}  // namespace model
