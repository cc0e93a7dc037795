#include "topology/party_topology.h"

#include <memory>
#include <string_view>

#include "model/announcement.h"
#include "processors/parties.h"
#include "serde/store_codecs.h"
#include "serde/wire_encoder.h"

namespace topology {
namespace {

// An encoder for each sink: they keep a buffer.
template <class Event>
typename streams::Sink<Event>::Serializer Encode() {
  return [encoder = std::make_shared<serde::WireEncoder>()](const Event& event, std::string* key,
                                                            std::string* value) {
    encoder->Encode(event, key, value);
    return true;
  };
}

// As which an output is counted.
template <class Event>
std::string_view Type(const Event& event) {
  return serde::WireType(event);
}

}  // namespace

streams::Topology PartyTopology(const Topics& topics, const processors::IntakeOptions& options) {
  streams::Topology topology;
  const auto intake = [&](serde::InputTopic input, const std::string& topic) {
    return [input, topic, options] {
      return std::make_unique<processors::Intake>(input, topic, options);
    };
  };

  // Sub-topology "intake": stateless. Records of equal timestamps come in this order.
  const auto character_status = topology.AddSource("character-status", topics.character_status);
  const auto invite_status = topology.AddSource("invite-status", topics.invite_status);
  const auto party_commands = topology.AddSource("party-commands", topics.party_commands);

  const auto characters_in =
      topology.AddProcessor("character-status-intake", {character_status},
                            intake(serde::InputTopic::kCharacterStatus, topics.character_status));
  const auto invites_in =
      topology.AddProcessor("invite-status-intake", {invite_status},
                            intake(serde::InputTopic::kInviteStatus, topics.invite_status));
  const auto commands_in =
      topology.AddProcessor("party-commands-intake", {party_commands},
                            intake(serde::InputTopic::kPartyCommand, topics.party_commands));

  topology.AddRawSink("dead-letters", topics.dead_letters,
                      {characters_in, invites_in, commands_in});
  const auto by_tenant =
      topology.AddRepartition("by-tenant", {characters_in, invites_in, commands_in});

  // Sub-topology "parties": one order of decisions for each tenant.
  const auto parties = topology.AddProcessor(
      "parties", {by_tenant}, [] { return std::make_unique<processors::Parties>(); });
  topology.AddStore<serde::CharacterCodec>(parties);
  topology.AddStore<serde::PartyCodec>(parties);
  topology.AddStore<serde::PartySequenceCodec>(parties);

  topology.AddSink<model::PartyStatus>("party-status", topics.party_status, {parties},
                                       Encode<model::PartyStatus>(), Type);
  topology.AddSink<model::MemberStatus>("member-status", topics.member_status, {parties},
                                        Encode<model::MemberStatus>(), Type);
  topology.AddSink<model::InviteRequested>("invites", topics.invites, {parties},
                                           Encode<model::InviteRequested>(), Type);
  return topology;
}

}  // namespace topology
