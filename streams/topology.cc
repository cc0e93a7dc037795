#include "streams/topology.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace streams {
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
              .topic = topic,
              .make = [topic](TopicIndex index) { return std::make_unique<RawSink>(index, topic); },
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

}  // namespace streams
