// The declaration of what an application consists of: sources, processors with their
// stores, repartition topics, and sinks. It is only a description; a Task brings it to
// life.
//
// Sub-topologies are the parts between repartition topics. Where the plan fuses them, a
// repartition node is a plain edge in memory.
//
// Mistakes in a declaration (an unknown parent, a name used twice) are bugs of the
// program: they are found by Check.
//
// Thread safety: declare it in one thread; then constant.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "streams/broker.h"
#include "streams/processor.h"

namespace streams {

struct NodeIdTag {};
// The number of a node in the order of declaration.
using NodeId = base::StrongId<NodeIdTag, uint32_t>;

class Topology {
 public:
  enum class Kind { kSource, kProcessor, kRepartition, kSink };

  struct NodeSpec {
    Kind kind;
    std::string name;
    std::vector<NodeId> parents;
    std::string topic;                                      // of sources and sinks
    std::function<std::unique_ptr<Node>(TopicIndex)> make;  // of processors and sinks
    std::vector<size_t> stores;                             // of processors: numbers in stores()
  };

  struct StoreSpec {
    std::string name;
    std::function<std::unique_ptr<state::StoreBase>(state::Replica*, state::StoreIndex,
                                                    size_t cache_bytes)>
        make;
  };

  // Where a task has records of several sources, those of equal timestamps come in the
  // order in which their sources were added.
  NodeId AddSource(std::string name, std::string topic);

  // `make()` gives a new std::unique_ptr of a Processor.
  template <class Make>
  NodeId AddProcessor(std::string name, std::vector<NodeId> parents, Make make) {
    return Add({.kind = Kind::kProcessor,
                .name = std::move(name),
                .parents = std::move(parents),
                .topic = {},
                .make = [make = std::move(make)](TopicIndex) { return make(); },
                .stores = {}});
  }

  // Values pass through a topic that is partitioned anew.
  NodeId AddRepartition(std::string name, std::vector<NodeId> parents);

  template <class T>
  NodeId AddSink(std::string name, std::string topic, std::vector<NodeId> parents,
                 typename Sink<T>::Serializer serialize, typename Sink<T>::TypeOf type_of) {
    const auto make = [topic, serialize = std::move(serialize), type_of](TopicIndex index) {
      return std::make_unique<Sink<T>>(index, topic, serialize, type_of);
    };
    return Add({.kind = Kind::kSink,
                .name = std::move(name),
                .parents = std::move(parents),
                .topic = std::move(topic),
                .make = make,
                .stores = {}});
  }
  NodeId AddRawSink(std::string name, std::string topic, std::vector<NodeId> parents);

  // A store of this codec, for the processor.
  template <class Codec>
  void AddStore(NodeId processor) {
    AddStore(processor,
             {.name = std::string(Codec::kName),
              .make = [](state::Replica* replica, state::StoreIndex index, size_t cache_bytes) {
                return std::make_unique<state::Store<Codec>>(replica, index, cache_bytes);
              }});
  }

  // Another maker for a store that was added: tests put in one that misbehaves.
  void ReplaceStore(size_t store, StoreSpec spec) { stores_[store] = std::move(spec); }

  absl::Status Check() const;

  const std::vector<NodeSpec>& nodes() const { return nodes_; }
  const std::vector<StoreSpec>& stores() const { return stores_; }
  std::vector<std::string> store_names() const;
  std::vector<std::string> source_topics() const;  // in the order of declaration
  std::vector<std::string> sink_topics() const;    // each once, in the order of declaration
  std::vector<std::string> repartition_names() const;

 private:
  NodeId Add(NodeSpec node);
  void AddStore(NodeId processor, StoreSpec store);

  std::vector<NodeSpec> nodes_;
  std::vector<StoreSpec> stores_;
};

}  // namespace streams
