// A topology as people and their tools look at it: in the text form of Kafka Streams'
// TopologyDescription, which visualisers read, as a graph for Graphviz, and for Mermaid.
//
// As there, a repartition is a sink, a topic and a source, and the topic's name is without
// the application id, which a topology does not know.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "streams/topology.h"

namespace streams {

struct TopologyDescription {
  struct Node {
    enum class Kind { kSource, kProcessor, kSink };
    Kind kind;
    std::string name;
    std::string topic;                // of sources and sinks
    bool repartition = false;         // the topic is one of the application's own
    std::vector<std::string> stores;  // of processors
    // By name. Here and below those with more nodes behind them come first, then by name.
    std::vector<std::string> successors;
    std::vector<std::string> predecessors;
  };
  // By number: the nodes that hang together without a topic between them. In the order of
  // their first sources' declaration.
  std::vector<std::vector<Node>> sub_topologies;
};

TopologyDescription Describe(const Topology& topology);

std::string ToText(const TopologyDescription& description);
std::string ToDot(const TopologyDescription& description);
std::string ToMermaid(const TopologyDescription& description);

}  // namespace streams
