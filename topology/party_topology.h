// This application's topology, on one page: the file to read first.
#pragma once

#include <string>

#include "processors/intake.h"
#include "streams/topology.h"

namespace topology {

struct Topics {
  std::string character_status = "EVENT_TOPIC_CHARACTER_STATUS";
  std::string invite_status = "EVENT_TOPIC_INVITE_STATUS";
  std::string party_commands = "COMMAND_TOPIC_PARTY";
  std::string party_status = "EVENT_TOPIC_PARTY_STATUS";
  std::string member_status = "EVENT_TOPIC_PARTY_MEMBER_STATUS";
  std::string invites = "COMMAND_TOPIC_INVITE";
  std::string dead_letters;
};

streams::Topology PartyTopology(const Topics& topics, const processors::IntakeOptions& intake);

}  // namespace topology
