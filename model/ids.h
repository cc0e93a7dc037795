// The game's ids. Each kind is a type of its own.
#pragma once

#include <cstdint>

#include "base/strong_id.h"
#include "base/uuid.h"

namespace model {

struct CharacterIdTag {};
struct PartyIdTag {};
struct WorldIdTag {};
struct ChannelIdTag {};
struct MapIdTag {};
struct JobIdTag {};
struct LevelTag {};

using CharacterId = base::StrongId<CharacterIdTag, uint32_t>;
using PartyId = base::StrongId<PartyIdTag, uint32_t>;
using WorldId = base::StrongId<WorldIdTag, uint8_t>;
using ChannelId = base::StrongId<ChannelIdTag, uint8_t>;
using MapId = base::StrongId<MapIdTag, uint32_t>;
using JobId = base::StrongId<JobIdTag, uint16_t>;
using Level = base::StrongId<LevelTag, uint8_t>;

// Nobody. As the actor of a command: the system, an operator's tool.
inline constexpr CharacterId kNobody{0};
inline constexpr CharacterId kSystem{0};
inline constexpr PartyId kNoParty{0};
inline constexpr PartyId kFirstPartyId{1'000'000'000};
inline constexpr PartyId kPartyIdsUsedUp{0xffffffff};  // as the next id: there is none

// Tenants share topics and never state. The nil one is a tenant like any other.
struct TenantId {
  base::Uuid uuid;

  friend auto operator<=>(const TenantId&, const TenantId&) = default;

  template <class H>
  friend H AbslHashValue(H state, const TenantId& tenant) {
    return H::combine(std::move(state), tenant.uuid);
  }
};

// An object's key within a store: ids are unique within a tenant only.
template <class Id>
struct TenantKey {
  TenantId tenant;
  Id id;

  friend auto operator<=>(const TenantKey&, const TenantKey&) = default;

  template <class H>
  friend H AbslHashValue(H state, const TenantKey& key) {
    return H::combine(std::move(state), key.tenant, key.id);
  }
};

}  // namespace model
