// A bug: stores whose cache keeps an aborted transaction's versions.
#pragma once

#include <memory>
#include <string>

#include "serde/store_codecs.h"
#include "state/store.h"
#include "streams/topology.h"

namespace simulation {

template <class Codec>
class KeepingStore final : public state::Store<Codec> {
 public:
  using state::Store<Codec>::Store;
  void Abort() override {}
};

template <class Codec>
void ReplaceByKeeping(size_t number, streams::Topology* topology) {
  topology->ReplaceStore(
      number, {.name = std::string(Codec::kName),
               .make = [](state::Replica* replica, state::StoreIndex index, size_t cache_bytes) {
                 return std::make_unique<KeepingStore<Codec>>(replica, index, cache_bytes);
               }});
}

inline void KeepCaches(streams::Topology* topology) {
  ReplaceByKeeping<serde::CharacterCodec>(0, topology);
  ReplaceByKeeping<serde::PartyCodec>(1, topology);
  ReplaceByKeeping<serde::PartySequenceCodec>(2, topology);
}

}  // namespace simulation
