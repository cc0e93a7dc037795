// What goes out: the events of parties and their members, and invite commands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/uuid.h"
#include "model/ids.h"
#include "model/party.h"

namespace model {

enum class ErrorCode {
  kUnexpected,
  kAlreadyInPartyOnCreate,
  kAlreadyInPartyOnJoin,
  kBeginner,
  kGm,
  kPartyFull,
  kOtherChannel,
  kOtherMap,
};

inline constexpr ErrorCode kErrorCodes[] = {
    ErrorCode::kUnexpected,
    ErrorCode::kAlreadyInPartyOnCreate,
    ErrorCode::kAlreadyInPartyOnJoin,
    ErrorCode::kBeginner,
    ErrorCode::kGm,
    ErrorCode::kPartyFull,
    ErrorCode::kOtherChannel,
    ErrorCode::kOtherMap,
};

// As it stands on the wire: a constant of each code.
constexpr std::string_view WireName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnexpected:
      return "ERROR_UNEXPECTED";
    case ErrorCode::kAlreadyInPartyOnCreate:
      return "ALREADY_HAVE_JOINED_A_PARTY_1";
    case ErrorCode::kAlreadyInPartyOnJoin:
      return "ALREADY_HAVE_JOINED_A_PARTY_2";
    case ErrorCode::kBeginner:
      return "A_BEGINNER_CANT_CREATE_A_PARTY";
    case ErrorCode::kGm:
      return "AS_A_GM_YOURE_FORBIDDEN_FROM_CREATING_A_PARTY";
    case ErrorCode::kPartyFull:
      return "THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY";
    case ErrorCode::kOtherChannel:
      return "YOU_MAY_ONLY_CHANGE_WITH_THE_PARTY_MEMBER_THATS_ON_THE_SAME_CHANNEL";
    case ErrorCode::kOtherMap:
      return "UNABLE_TO_HAND_OVER_THE_LEADERSHIP_POST_NO_PARTY_MEMBER_IS_CURRENTLY_WITHIN_THE";
  }
  return {};
}

// ------------------------------------------------------------ party status

struct PartyCreated {};
struct PartyJoined {};
struct PartyLeft {};
struct PartyExpelled {
  CharacterId character;
};
struct PartyDisbanded {
  Members members;  // as they were just before
};
struct PartyLeaderChanged {
  CharacterId character;
};
struct PartyError {
  ErrorCode code;
  std::string character_name;
};

struct PartyStatus {
  CharacterId actor;
  WorldId world;
  PartyId party;
  std::optional<base::Uuid> transaction;
  std::variant<PartyCreated, PartyJoined, PartyLeft, PartyExpelled, PartyDisbanded,
               PartyLeaderChanged, PartyError>
      body;
};

// ----------------------------------------------------------- member status

struct MemberLoggedIn {};
struct MemberLoggedOut {};
struct MemberLevelChanged {
  Level old_level;  // 0: was not known
  Level new_level;
  std::string name;  // "": not known
};
struct MemberJobChanged {
  JobId old_job;  // 0: was not known
  JobId new_job;
  std::string name;
};
struct MemberNameChanged {
  std::string old_name;
  std::string new_name;
};

struct MemberStatus {
  WorldId world;
  PartyId party;
  CharacterId character;
  std::variant<MemberLoggedIn, MemberLoggedOut, MemberLevelChanged, MemberJobChanged,
               MemberNameChanged>
      body;
};

// ----------------------------------------------------------------- invites

struct InviteRequested {
  WorldId world;
  CharacterId originator;
  CharacterId target;
  PartyId party;
};

using Announcement = std::variant<PartyStatus, MemberStatus, InviteRequested>;

}  // namespace model
