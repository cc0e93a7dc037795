#include "streams/topology_description.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace streams {
namespace {

using Described = TopologyDescription::Node;

// The nodes as they are described, and the arrows between them by number.
class Graph {
 public:
  explicit Graph(const Topology& topology) {
    for (const Topology::NodeSpec& spec : topology.nodes()) Add(topology, spec);
  }

  TopologyDescription Describe() {
    Order();
    TopologyDescription description;
    std::map<size_t, size_t> numbers;  // of the sub-topologies, by component
    for (size_t i = 0; i < nodes_.size(); ++i) numbers.try_emplace(ComponentOf(i), numbers.size());
    description.sub_topologies.resize(numbers.size());
    for (size_t i : order_) {
      description.sub_topologies[numbers[ComponentOf(i)]].push_back(Finished(i));
    }
    return description;
  }

 private:
  void Add(const Topology& topology, const Topology::NodeSpec& spec) {
    Described node{.kind = Described::Kind::kProcessor,
                   .name = spec.name,
                   .topic = spec.topic,
                   .stores = {},
                   .successors = {},
                   .predecessors = {}};
    if (spec.kind == Topology::Kind::kSource) node.kind = Described::Kind::kSource;
    if (spec.kind == Topology::Kind::kSink) node.kind = Described::Kind::kSink;
    for (size_t store : spec.stores) node.stores.push_back(topology.stores()[store].name);
    if (spec.kind != Topology::Kind::kRepartition) {
      entry_.push_back(Add(std::move(node), spec.parents));
      return;
    }
    node.repartition = true;
    node.topic = spec.name + "-repartition";
    node.kind = Described::Kind::kSink;
    node.name = node.topic + "-sink";
    Add(node, spec.parents);
    node.kind = Described::Kind::kSource;
    node.name = node.topic + "-source";
    entry_.push_back(Add(std::move(node), {}));
  }

  size_t Add(Described node, const std::vector<NodeId>& parents) {
    nodes_.push_back(std::move(node));
    const size_t added = nodes_.size() - 1;
    component_.push_back(added);
    below_.emplace_back();
    for (NodeId parent : parents) {
      const size_t above = entry_[parent.value()];
      below_[above].push_back(added);
      component_[ComponentOf(added)] = ComponentOf(above);
    }
    return added;
  }

  size_t ComponentOf(size_t i) const {
    while (component_[i] != i) i = component_[i];
    return i;
  }

  void Order() {
    std::vector<size_t> sizes(nodes_.size());
    for (size_t i = 0; i < nodes_.size(); ++i) {
      std::set<size_t> behind;
      Collect(i, &behind);
      sizes[i] = behind.size();
    }
    order_.resize(nodes_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      return std::tie(sizes[b], nodes_[a].name) < std::tie(sizes[a], nodes_[b].name);
    });
  }

  void Collect(size_t i, std::set<size_t>* behind) const {
    if (!behind->insert(i).second) return;
    for (size_t child : below_[i]) Collect(child, behind);
  }

  Described Finished(size_t i) const {
    Described node = nodes_[i];
    const auto leads = [&](size_t from, size_t to) {
      return std::find(below_[from].begin(), below_[from].end(), to) != below_[from].end();
    };
    for (size_t other : order_) {
      if (leads(i, other)) node.successors.push_back(nodes_[other].name);
      if (leads(other, i)) node.predecessors.push_back(nodes_[other].name);
    }
    return node;
  }

  std::vector<Described> nodes_;
  std::vector<std::vector<size_t>> below_;  // by node
  std::vector<size_t> component_;           // by node: another of its sub-topology, or itself
  std::vector<size_t> entry_;               // by the declaration's number: where its children hang
  std::vector<size_t> order_;
};

std::string Names(const std::vector<std::string>& names) {
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

std::string ToText(const Described& node) {
  const std::string after = absl::StrCat("      --> ", Names(node.successors), "\n");
  const std::string before = absl::StrCat("      <-- ", Names(node.predecessors), "\n");
  switch (node.kind) {
    case Described::Kind::kSource:
      return absl::StrCat("    Source: ", node.name, " (topics: [", node.topic, "])\n", after);
    case Described::Kind::kProcessor:
      return absl::StrCat("    Processor: ", node.name, " (stores: [",
                          absl::StrJoin(node.stores, ", "), "])\n", after, before);
    case Described::Kind::kSink:
      return absl::StrCat("    Sink: ", node.name, " (topic: ", node.topic, ")\n", before);
  }
  return "";
}

// What Mermaid takes for a name.
std::string Id(const std::string& name) { return absl::StrReplaceAll(name, {{"-", "_"}}); }

std::string TopicId(const std::string& topic) { return absl::StrCat("topic_", Id(topic)); }

template <class Visit>
void ForEach(const TopologyDescription& description, Visit visit) {
  for (const auto& nodes : description.sub_topologies) {
    for (const Described& node : nodes) visit(node);
  }
}

std::set<std::string> Topics(const TopologyDescription& description) {
  std::set<std::string> topics;
  ForEach(description, [&](const Described& node) {
    if (!node.topic.empty()) topics.insert(node.topic);
  });
  return topics;
}

}  // namespace

TopologyDescription Describe(const Topology& topology) { return Graph(topology).Describe(); }

std::string ToText(const TopologyDescription& description) {
  std::string text = "Topologies:\n ";
  for (size_t i = 0; i < description.sub_topologies.size(); ++i) {
    absl::StrAppend(&text, "  Sub-topology: ", i, "\n");
    for (const Described& node : description.sub_topologies[i]) text += ToText(node);
    text += "\n";
  }
  return text;
}

std::string ToDot(const TopologyDescription& description) {
  std::string text = "digraph topology {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const std::string& topic : Topics(description)) {
    absl::StrAppend(&text, "  \"topic ", topic, "\" [label=\"", topic, "\", shape=cds];\n");
  }
  for (size_t i = 0; i < description.sub_topologies.size(); ++i) {
    absl::StrAppend(&text, "  subgraph cluster_", i, " {\n    label=\"Sub-topology: ", i, "\";\n");
    for (const Described& node : description.sub_topologies[i]) {
      absl::StrAppend(&text, "    \"", node.name, "\";\n");
      for (const std::string& store : node.stores) {
        absl::StrAppend(&text, "    \"store ", store, "\" [label=\"", store,
                        "\", shape=cylinder];\n");
      }
    }
    text += "  }\n";
  }
  ForEach(description, [&](const Described& node) {
    const std::string quoted = absl::StrCat("\"", node.name, "\"");
    const std::string topic = absl::StrCat("\"topic ", node.topic, "\"");
    if (node.kind == Described::Kind::kSource) {
      absl::StrAppend(&text, "  ", topic, " -> ", quoted, ";\n");
    }
    for (const std::string& successor : node.successors) {
      absl::StrAppend(&text, "  ", quoted, " -> \"", successor, "\";\n");
    }
    for (const std::string& store : node.stores) {
      absl::StrAppend(&text, "  ", quoted, " -> \"store ", store, "\" [dir=none];\n");
    }
    if (node.kind == Described::Kind::kSink) {
      absl::StrAppend(&text, "  ", quoted, " -> ", topic, ";\n");
    }
  });
  return text + "}\n";
}

std::string ToMermaid(const TopologyDescription& description) {
  std::string text = "flowchart LR\n";
  for (const std::string& topic : Topics(description)) {
    absl::StrAppend(&text, "  ", TopicId(topic), "([", topic, "])\n");
  }
  for (size_t i = 0; i < description.sub_topologies.size(); ++i) {
    absl::StrAppend(&text, "  subgraph sub_topology_", i, " [sub-topology ", i, "]\n");
    for (const Described& node : description.sub_topologies[i]) {
      absl::StrAppend(&text, "    ", Id(node.name), "[", node.name, "]\n");
      for (const std::string& store : node.stores) {
        absl::StrAppend(&text, "    store_", Id(store), "[(", store, ")]\n");
      }
    }
    text += "  end\n";
  }
  ForEach(description, [&](const Described& node) {
    if (node.kind == Described::Kind::kSource) {
      absl::StrAppend(&text, "  ", TopicId(node.topic), " --> ", Id(node.name), "\n");
    }
    for (const std::string& successor : node.successors) {
      absl::StrAppend(&text, "  ", Id(node.name), " --> ", Id(successor), "\n");
    }
    for (const std::string& store : node.stores) {
      absl::StrAppend(&text, "  ", Id(node.name), " --- store_", Id(store), "\n");
    }
    if (node.kind == Described::Kind::kSink) {
      absl::StrAppend(&text, "  ", Id(node.name), " --> ", TopicId(node.topic), "\n");
    }
  });
  return text;
}

}  // namespace streams
