#include "streams/topology.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace streams {
namespace {

using Kind = Topology::Kind;
using NodeSpec = Topology::NodeSpec;

std::vector<std::string> Children(const std::vector<NodeSpec>& nodes, size_t of) {
  std::vector<std::string> names;
  for (const NodeSpec& node : nodes) {
    if (std::count(node.parents.begin(), node.parents.end(), NodeId(static_cast<uint32_t>(of)))) {
      names.push_back(node.kind == Kind::kRepartition ? node.name + "-repartition-sink"
                                                      : node.name);
    }
  }
  return names;
}

std::string Arrow(const char* arrow, const std::vector<std::string>& names) {
  return absl::StrCat("      ", arrow, " ", names.empty() ? "none" : absl::StrJoin(names, ", "),
                      "\n");
}

size_t FirstChild(const std::vector<NodeSpec>& nodes, NodeId of) {
  size_t i = 0;
  while (std::count(nodes[i].parents.begin(), nodes[i].parents.end(), of) == 0) ++i;
  return i;
}

// Each node's sub-topology: those that are tied together other than by a repartition topic.
std::vector<size_t> SubTopologies(const std::vector<NodeSpec>& nodes) {
  std::vector<size_t> group(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) group[i] = i;
  const auto merge = [&](size_t a, size_t b) {
    const size_t from = std::max(group[a], group[b]);
    const size_t to = std::min(group[a], group[b]);
    std::replace(group.begin(), group.end(), from, to);
  };
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (NodeId parent : nodes[i].parents) {
      // What reads one repartition topic hangs together by its source.
      const bool through_topic = nodes[parent.value()].kind == Kind::kRepartition;
      merge(i, through_topic ? FirstChild(nodes, parent) : parent.value());
    }
  }
  return group;
}

}  // namespace

NodeId Topology::Add(NodeSpec node) {
  nodes_.push_back(std::move(node));
  return NodeId(static_cast<uint32_t>(nodes_.size() - 1));
}

NodeId Topology::AddSource(std::string name, std::string topic) {
  return Add({.kind = Kind::kSource,
              .name = std::move(name),
              .parents = {},
              .topic = std::move(topic),
              .make = {},
              .stores = {}});
}

NodeId Topology::AddRepartition(std::string name, std::vector<NodeId> parents) {
  return Add({.kind = Kind::kRepartition,
              .name = std::move(name),
              .parents = std::move(parents),
              .topic = {},
              .make = {},
              .stores = {}});
}

NodeId Topology::AddRawSink(std::string name, std::string topic, std::vector<NodeId> parents) {
  return Add({.kind = Kind::kSink,
              .name = std::move(name),
              .parents = std::move(parents),
              .topic = std::move(topic),
              .make = [](TopicIndex index) { return std::make_unique<RawSink>(index); },
              .stores = {}});
}

void Topology::AddStore(NodeId processor, StoreSpec store) {
  nodes_[processor.value()].stores.push_back(stores_.size());
  stores_.push_back(std::move(store));
}

absl::Status Topology::Check() const {
  std::set<std::string> names;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const NodeSpec& node = nodes_[i];
    if (!names.insert(node.name).second) {
      return absl::InternalError(absl::StrCat("topology: two nodes are named ", node.name));
    }
    if ((node.kind == Kind::kSource) != node.parents.empty()) {
      return absl::InternalError(
          absl::StrCat("topology: ", node.name, " has parents and is a source, or neither"));
    }
    for (NodeId parent : node.parents) {
      if (parent.value() >= i) {
        return absl::InternalError(
            absl::StrCat("topology: a parent of ", node.name, " is declared after it"));
      }
      if (nodes_[parent.value()].kind == Kind::kSink) {
        return absl::InternalError(absl::StrCat("topology: a sink is a parent of ", node.name));
      }
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> Topology::store_names() const {
  std::vector<std::string> names;
  for (const StoreSpec& store : stores_) names.push_back(store.name);
  return names;
}

std::vector<std::string> Topology::source_topics() const {
  std::vector<std::string> topics;
  for (const NodeSpec& node : nodes_) {
    if (node.kind == Kind::kSource) topics.push_back(node.topic);
  }
  return topics;
}

std::vector<std::string> Topology::sink_topics() const {
  std::vector<std::string> topics;
  for (const NodeSpec& node : nodes_) {
    if (node.kind == Kind::kSink &&
        std::find(topics.begin(), topics.end(), node.topic) == topics.end()) {
      topics.push_back(node.topic);
    }
  }
  return topics;
}

std::vector<std::string> Topology::repartition_names() const {
  std::vector<std::string> names;
  for (const NodeSpec& node : nodes_) {
    if (node.kind == Kind::kRepartition) names.push_back(node.name);
  }
  return names;
}

std::string Topology::Describe() const {
  const std::vector<size_t> group = SubTopologies(nodes_);
  const auto parents = [&](const NodeSpec& node) {
    std::vector<std::string> names;
    for (NodeId parent : node.parents) {
      const NodeSpec& spec = nodes_[parent.value()];
      names.push_back(spec.kind == Kind::kRepartition ? spec.name + "-repartition-source"
                                                      : spec.name);
    }
    return names;
  };
  std::string text = "Topologies:\n";
  size_t number = 0;
  for (size_t leader = 0; leader < nodes_.size(); ++leader) {
    // A repartition node closes the sub-topology above it and opens the one below.
    if (group[leader] != leader) continue;
    absl::StrAppend(&text, "   Sub-topology: ", number++, "\n");
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const NodeSpec& node = nodes_[i];
      for (NodeId parent : node.parents) {
        const NodeSpec& above = nodes_[parent.value()];
        if (group[i] != leader || above.kind != Kind::kRepartition) continue;
        if (FirstChild(nodes_, parent) != i) continue;
        absl::StrAppend(&text, "    Source: ", above.name, "-repartition-source (topics: [",
                        above.name, "-repartition])\n",
                        Arrow("-->", Children(nodes_, parent.value())));
      }
      if (group[i] != leader) continue;
      switch (node.kind) {
        case Kind::kSource:
          absl::StrAppend(&text, "    Source: ", node.name, " (topics: [", node.topic, "])\n",
                          Arrow("-->", Children(nodes_, i)));
          break;
        case Kind::kProcessor: {
          std::vector<std::string> stores;
          for (size_t store : node.stores) stores.push_back(stores_[store].name);
          absl::StrAppend(&text, "    Processor: ", node.name, " (stores: [",
                          absl::StrJoin(stores, ", "), "])\n", Arrow("-->", Children(nodes_, i)),
                          Arrow("<--", parents(node)));
          break;
        }
        case Kind::kRepartition:
          absl::StrAppend(&text, "    Sink: ", node.name, "-repartition-sink (topic: ", node.name,
                          "-repartition)\n", Arrow("<--", parents(node)));
          break;
        case Kind::kSink:
          absl::StrAppend(&text, "    Sink: ", node.name, " (topic: ", node.topic, ")\n",
                          Arrow("<--", parents(node)));
          break;
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace streams
