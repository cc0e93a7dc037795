#include "streams/task.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/trace_id.h"

namespace streams {
namespace {

// The engine's record of input positions goes to the first store's changelog.

constexpr base::MetricName kConsumed{
    "records_consumed_total",
    "Input records that are committed: processed, skipped or dead-lettered."};
constexpr base::MetricName kLatency{
    "end_to_end_latency_seconds",
    "From the timestamp of an input record that has outputs to their commit."};
constexpr double kLatencyBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                     2.5,   5,    10,    30,   60,  300,  3600};

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> Task::Create(const Topology& topology,
                                                   state::Replica* replica,
                                                   const base::Clock& clock, base::Metrics& metrics,
                                                   const Options& options) {
  RETURN_IF_ERROR(topology.Check());
  std::unique_ptr<Task> task(new Task(replica, clock, metrics, options));
  RETURN_IF_ERROR(task->Build(topology, metrics));
  return task;
}

Task::Task(state::Replica* replica, const base::Clock& clock, base::Metrics& metrics,
           const Options& options)
    : replica_(replica), clock_(clock), options_(options), context_(clock, metrics, outbox_) {}

absl::Status Task::Build(const Topology& topology, base::Metrics& metrics) {
  latency_ = &metrics.GetHistogram(kLatency, kLatencyBounds);
  const size_t cache = options_.cache_bytes / std::max<size_t>(1, topology.stores().size());
  for (size_t i = 0; i < topology.stores().size(); ++i) {
    stores_.push_back(
        topology.stores()[i].make(replica_, state::StoreIndex(static_cast<uint8_t>(i)), cache));
  }
  nodes_.resize(topology.nodes().size());
  // Children first: each parent asks for its own.
  for (size_t i = nodes_.size(); i-- > 0;) RETURN_IF_ERROR(BuildNode(topology, i));
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Topology::NodeSpec& spec = topology.nodes()[i];
    if (spec.kind != Topology::Kind::kSource) continue;
    Input input;
    input.partition = {spec.topic, options_.partition};
    input.consumed = &context_.counters().Get(
        kConsumed,
        {{"topic", spec.topic}, {"partition", absl::StrCat(options_.partition.value())}});
    for (size_t child = 0; child < nodes_.size(); ++child) {
      const auto& parents = topology.nodes()[child].parents;
      if (std::count(parents.begin(), parents.end(), NodeId(static_cast<uint32_t>(i))) == 0) {
        continue;
      }
      input.receiver = dynamic_cast<Receiver<base::RecordView>*>(nodes_[child].get());
    }
    if (input.receiver == nullptr) {
      return absl::InternalError(
          absl::StrCat("topology: source ", spec.name, " has no child that takes records"));
    }
    inputs_.push_back(std::move(input));
  }
  return absl::OkStatus();
}

absl::Status Task::BuildNode(const Topology& topology, size_t i) {
  const Topology::NodeSpec& spec = topology.nodes()[i];
  if (!spec.make) return absl::OkStatus();
  const std::vector<std::string> sinks = topology.sink_topics();
  const auto topic = std::find(sinks.begin(), sinks.end(), spec.topic) - sinks.begin();
  nodes_[i] = spec.make(TopicIndex(static_cast<uint32_t>(topic)));

  context_.children_.clear();
  context_.stores_.clear();
  for (size_t child = i + 1; child < nodes_.size(); ++child) {
    const auto& parents = topology.nodes()[child].parents;
    const auto is_parent = [&](size_t id) {
      return std::count(parents.begin(), parents.end(), NodeId(static_cast<uint32_t>(id))) > 0;
    };
    if (is_parent(i)) context_.children_[topology.nodes()[child].name] = nodes_[child].get();
    // Fused: a repartition node stands for the processor below it.
    if (!is_parent(i) || topology.nodes()[child].kind != Topology::Kind::kRepartition) continue;
    for (size_t below = child + 1; below < nodes_.size(); ++below) {
      const auto& above = topology.nodes()[below].parents;
      if (std::count(above.begin(), above.end(), NodeId(static_cast<uint32_t>(child))) == 0) {
        continue;
      }
      context_.children_[topology.nodes()[child].name] = nodes_[below].get();
    }
  }
  for (size_t store : spec.stores) {
    context_.stores_[topology.stores()[store].name] = stores_[store].get();
  }
  return nodes_[i]->Init(context_);
}

void Task::StartAt(size_t i, base::Offset position) {
  Input& input = inputs_[i];
  input.queue.clear();
  input.fetched = input.covered = input.position = input.committed = position;
}

void Task::Add(size_t i, std::span<Message> messages, base::Offset position) {
  Input& input = inputs_[i];
  for (Message& message : messages) input.queue.push(std::move(message));
  input.fetched = position;
}

void Task::SetEnds(std::span<const base::Offset> ends) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = inputs_[i];
    // What was fetched before the question was sent, or counted in the answer before it.
    input.covered = std::max({input.covered, input.fetched, input.end});
    input.end = ends[i];
  }
}

std::optional<Task::Next> Task::FindNext() const {
  std::optional<size_t> first;
  bool any_empty = false;
  bool all_at_end = true;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    if (input.queue.empty()) {
      any_empty = true;
      all_at_end = all_at_end && input.at_end();
    } else if (!first.has_value() || input.queue.front().view().timestamp <
                                         inputs_[*first].queue.front().view().timestamp) {
      first = i;
    }
  }
  if (!first.has_value()) return std::nullopt;
  const Input& input = inputs_[*first];
  const bool covered = !any_empty || input.queue.front().view().offset < input.covered;
  return Next{.input = *first, .ready = covered && all_at_end, .wants_ends = !covered};
}

bool Task::HasReady() const {
  const std::optional<Next> next = FindNext();
  return next.has_value() && next->ready;
}

bool Task::WantsEnds() const {
  const std::optional<Next> next = FindNext();
  return next.has_value() && next->wants_ends;
}

bool Task::Drained() const {
  return std::all_of(inputs_.begin(), inputs_.end(),
                     [](const Input& input) { return input.at_end(); });
}

absl::StatusOr<size_t> Task::Process(size_t max) {
  size_t processed = 0;
  while (processed < max) {
    const std::optional<Next> next = FindNext();
    if (!next.has_value() || !next->ready) break;
    RETURN_IF_ERROR(ProcessNext(inputs_[next->input]));
    ++processed;
  }
  return processed;
}

absl::Status Task::ProcessNext(Input& input) {
  const base::RecordView& record = input.queue.front().view();
  const bool refused = refusal_.has_value() && refusal_->partition == input.partition &&
                       refusal_->offset == record.offset;
  context_.record_ = {.topic = record.topic,
                      .partition = record.partition,
                      .offset = record.offset,
                      .timestamp = record.timestamp,
                      .headers = {},
                      .refused = refused ? &*refusal_ : nullptr};
  const size_t outputs_before = outbox_.size();
  const absl::Status processed = input.receiver->Process(record);
  if (!processed.ok()) {
    return base::Annotate(
        processed, absl::StrCat("processing the record at offset ", record.offset.value(), " of ",
                                base::ToString(input.partition), " (trace id \"",
                                std::string(base::TraceId(record.headers)), "\")"));
  }
  open_outputs_ += outbox_.size() - outputs_before;
  if (outbox_.size() > outputs_before) answered_.push_back(record.timestamp);
  context_.counters().Count(*input.consumed);
  ++open_records_;
  input.position = base::Next(record.offset);
  if (open_records_ == 1) first_open_ = std::move(input.queue.front());
  input.queue.pop();
  return absl::OkStatus();
}

InputPositions Task::positions() const {
  InputPositions positions;
  for (const Input& input : inputs_) positions[input.partition] = input.position;
  return positions;
}

size_t Task::open_keys() const {
  size_t keys = 0;
  for (const auto& store : stores_) keys += store->open_keys();
  return keys;
}

std::vector<state::CacheFigures> Task::caches() const {
  std::vector<state::CacheFigures> figures;
  for (const auto& store : stores_) figures.push_back(store->cache());
  return figures;
}

void Task::Found(const std::vector<ChangelogIdentity>& identities) { founding_ = identities; }

const state::ChangeSet& Task::PrepareCommit() {
  changes_.Clear();
  for (size_t i = 0; i < founding_.size(); ++i) {
    changes_.Add(
        state::StoreIndex(static_cast<uint8_t>(i)),
        [](std::string* out) { out->append(kIdentityKey); },
        [&](std::string* out) {
          out->append(EncodeIdentity(founding_[i]));
          return true;
        });
  }
  for (const auto& store : stores_) store->CollectChanges(&changes_);
  changes_.Add(
      kEngineStore, [](std::string* out) { out->append(kOffsetsKey); },
      [&](std::string* out) {
        EncodeInputPositions(positions(), out);
        return true;
      });
  return changes_;
}

bool Task::EndsKnown(std::span<const std::optional<base::Offset>> ends) const {
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (!ends[changes_[i].store.value()].has_value()) return false;
  }
  return true;
}

void Task::Committed(std::span<const std::optional<base::Offset>> ends) {
  for (size_t i = 0; i < changes_.size(); ++i) {
    const state::ChangeSet::Change change = changes_[i];
    replica_->Apply(change.store, change.key, change.value);
  }
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].has_value()) {
      replica_->set_position(state::StoreIndex(static_cast<uint8_t>(i)), *ends[i]);
    }
  }
  replica_->set_consistent(true);
  replica_->set_current_as_of(clock_.Now());
  for (const auto& store : stores_) store->Commit();
  context_.counters().Commit();
  ObserveLatencies();
  changes_.Clear();
  founding_.clear();
  for (Input& input : inputs_) {
    input.committed = input.position;
    if (refusal_.has_value() && refusal_->partition == input.partition &&
        input.committed > refusal_->offset) {
      refusal_.reset();
    }
  }
  open_records_ = open_outputs_ = 0;
  first_open_ = {};
}

void Task::ObserveLatencies() {
  const base::Timestamp now = clock_.Now();
  for (const base::Timestamp timestamp : answered_) {
    if (timestamp.value() < 0) continue;  // it has none
    const int64_t ms = std::max<int64_t>(0, now.value() - timestamp.value());
    latency_->Observe(static_cast<double>(ms) / 1000);
  }
  answered_.clear();
}

void Task::RolledBack() {
  for (const auto& store : stores_) store->Abort();
  context_.counters().Abort();
  answered_.clear();
  changes_.Clear();
  outbox_.Clear();
  for (Input& input : inputs_) {
    input.queue.clear();
    input.fetched = input.position = input.committed;
  }
  open_records_ = open_outputs_ = 0;
  first_open_ = {};
}

}  // namespace streams
