// What comes in: commands, status events of characters, accepted invites; decoded.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/uuid.h"
#include "model/character.h"
#include "model/ids.h"

namespace model {

// --------------------------------------------------------------- commands

struct CreateParty {};
struct JoinParty {
  PartyId party;
};
struct LeaveParty {
  PartyId party;
  bool force = false;
  CharacterId target;  // who is expelled; nobody: the actor
};
struct ChangeLeader {
  PartyId party;
  CharacterId leader;
};
struct RequestInvite {
  CharacterId target;
};

struct Command {
  CharacterId actor;
  std::variant<CreateParty, JoinParty, LeaveParty, ChangeLeader, RequestInvite> body;
};

// ---------------------------------------------------------- status events

struct LoggedIn {
  ChannelId channel;
  std::optional<Location> location;  // none: not known
};
struct LoggedOut {};
struct Moved {  // to another channel or map
  ChannelId channel;
  Location location;
};
struct LevelChanged {
  Level level;
};
struct JobChanged {
  JobId job;
};
struct Deleted {};
struct Created {
  std::string name;
  std::optional<Location> location;
};
struct NameChanged {
  std::string name;
};
struct GmChanged {
  bool gm = false;
};

struct StatusEvent {
  CharacterId character;
  WorldId world;
  std::variant<LoggedIn, LoggedOut, Moved, LevelChanged, JobChanged, Deleted, Created, NameChanged,
               GmChanged>
      body;
};

// ---------------------------------------------------------------- invites

struct InviteAccepted {
  PartyId party;
  CharacterId originator;
  CharacterId target;  // who joins
  WorldId world;
};

struct Message {
  TenantId tenant;
  std::optional<base::Uuid> transaction;  // never nil
  std::variant<Command, StatusEvent, InviteAccepted> body;
};

}  // namespace model
