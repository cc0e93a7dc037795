#include "tests/sim/judge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "processors/rules/invariants.h"
#include "processors/stored_state.h"
#include "state/replica.h"
#include "streams/engine_records.h"
#include "streams/internal_topics.h"
#include "streams/sim/message.h"
#include "tests/support/memory_task.h"

namespace simulation {
namespace {

using streams::sim::EntryPtr;
using streams::sim::Isolation;
using streams::sim::PartitionLog;

constexpr char kApplication[] = "party";
// As the engine: older than that it is not given its delta only.
constexpr absl::Duration kOldest = absl::Hours(84);

std::string Show(std::optional<std::string_view> bytes) {
  if (!bytes.has_value()) return "(null)";
  return absl::CHexEscape(absl::string_view(bytes->data(), bytes->size()));
}

std::string Show(std::optional<std::string_view> key, std::optional<std::string_view> value,
                 base::Timestamp timestamp, std::span<const base::HeaderView> headers) {
  std::string text = absl::StrCat("@", timestamp.value(), " ", Show(key), " = ", Show(value));
  for (const base::HeaderView& header : headers) {
    absl::StrAppend(&text, " ", Show(header.name), ":", Show(header.value));
  }
  return text;
}

std::string Show(const streams::sim::Entry& entry) {
  const streams::sim::Record& record = entry.record;
  return Show(record.key, record.value, record.timestamp, streams::sim::HeaderViews(record));
}

bool IsEngines(std::string_view key) { return key.size() < state::kSmallestKey; }

void Apply(const streams::sim::Record& record, std::map<std::string, std::string>* store) {
  if (record.value.has_value()) {
    (*store)[*record.key] = *record.value;
  } else {
    store->erase(*record.key);
  }
}

std::string_view Told(state::StoreDifference::Kind kind) {
  switch (kind) {
    case state::StoreDifference::Kind::kOtherValue:
      return " has another ";
    case state::StoreDifference::Kind::kMissing:
      return " lacks ";
    case state::StoreDifference::Kind::kDeleted:
      return " has a deleted ";
    case state::StoreDifference::Kind::kFuture:
      return " has what its log has only later: ";
    case state::StoreDifference::Kind::kGhost:
      return " has a ghost: ";
  }
  return {};
}

}  // namespace

Judge::Judge(const streams::Topology& topology, streams::sim::Cluster* cluster)
    : topology_(topology),
      cluster_(cluster),
      stores_(topology.store_names()),
      state_(stores_.size()) {}

void Judge::Wrong(const std::string& what) {
  if (wrong_.empty()) wrong_ = what;
}

base::TopicPartition Judge::Changelog(size_t store) const {
  return {streams::ChangelogTopic(kApplication, stores_[store]), base::Partition(0)};
}

// ----------------------------------------------------------------- at every commit

void Judge::OnDecided(const streams::sim::Decided& decided) {
  if (!decided.commit) return;
  committed_.insert(decided.number);
  ++commits_;
  for (const auto& [partition, entry] : decided.records) {
    for (size_t i = 0; i < stores_.size(); ++i) {
      if (partition == Changelog(i)) Apply(entry->record, &state_[i]);
    }
  }
  CheckRules(state_, "a committed state");
  CheckOffsets(decided);
}

void Judge::CheckRules(const Bytes& bytes, const std::string& where) {
  rules::State state;
  for (size_t i = 0; i < stores_.size(); ++i) {
    for (const auto& [key, value] : bytes[i]) {
      const absl::Status added = processors::AddStored(stores_[i], key, value, &state);
      if (!added.ok()) Wrong(absl::StrCat(where, " holds ", added.message()));
    }
  }
  for (const std::string& violation : rules::Violations(state)) {
    Wrong(absl::StrCat("a rule is broken in ", where, ": ", violation));
  }
}

void Judge::CheckOffsets(const streams::sim::Decided& decided) {
  streams::InputPositions sent;
  for (const auto& [group, offsets] : decided.offsets) {
    for (const auto& [partition, offset] : offsets) sent[partition] = offset.offset;
  }
  // A completion's: of no input.
  if (sent.size() == 1 && sent.contains(Changelog(0))) return;
  const auto recorded = state_[0].find(std::string(streams::kOffsetsKey));
  if (recorded == state_[0].end()) return Wrong("a commit without recorded offsets");
  const auto positions = streams::DecodeInputPositions(recorded->second);
  if (!positions.ok()) return Wrong(std::string(positions.status().message()));
  if (sent == *positions) return;
  Wrong("a transaction's offsets are not those that it records in the state");
}

// -------------------------------------------------------------------------- disks

std::vector<EntryPtr> Judge::Decided(const base::TopicPartition& partition) const {
  const PartitionLog& log = *cluster_->FindLog(partition);
  std::vector<EntryPtr> entries =
      log.Read(log.start(), Isolation::kUncommitted, static_cast<size_t>(-1)).entries;
  std::erase_if(entries, [this](const EntryPtr& entry) {
    return entry->transaction != streams::sim::kNoTransaction &&
           !committed_.contains(entry->transaction);
  });
  return entries;
}

std::vector<EntryPtr> Judge::Outputs(const std::string& topic) const {
  const PartitionLog& log = *cluster_->FindLog({topic, base::Partition(0)});
  return log.Read(log.start(), Isolation::kCommitted, static_cast<size_t>(-1)).entries;
}

Bytes Judge::Fold() const {
  Bytes fold(stores_.size());
  for (size_t i = 0; i < stores_.size(); ++i) {
    for (const EntryPtr& entry : Decided(Changelog(i))) Apply(entry->record, &fold[i]);
  }
  return fold;
}

void Judge::CheckDisk(const std::string& name, Disk* disk) {
  if (!wrong_.empty() || disk->foreign()) return;
  const std::string promised = disk->Promised("0");
  if (!*disk->Exists("0")) {
    if (!promised.empty()) Wrong(absl::StrCat("disk ", disk->id(), " has lost all of its state"));
    return;
  }
  state::InlineExecutor executor;
  const auto replica = state::Replica::Open(*disk->Open("0", stores_), stores_.size(), &executor);
  if (!replica.ok()) return Wrong(std::string(replica.status().message()));
  const state::Positions& positions = (*replica)->positions();
  CheckPromise(name, *disk, promised, positions);
  const auto age = cluster_->clock().Now().value() - positions.current_as_of.value();
  if ((*replica)->is_new() || absl::Milliseconds(age) > kOldest - absl::Hours(1)) return;
  Bytes on_disk(stores_.size());
  for (size_t i = 0; i < stores_.size(); ++i) {
    state::ChangelogCheck check(positions.next[i]);
    for (const EntryPtr& entry : Decided(Changelog(i))) {
      check.AddRecord(entry->offset, *entry->record.key, entry->record.value);
    }
    const absl::Status scanned =
        (*replica)->Scan(state::StoreIndex(static_cast<uint8_t>(i)),
                         [&](std::string_view key, std::string_view value) {
                           check.AddEntry(key, value);
                           on_disk[i].emplace(key, value);
                           return true;
                         });
    if (!scanned.ok()) return Wrong(std::string(scanned.message()));
    Take(absl::StrCat("disk ", disk->id(), " of ", name), stores_[i], check.Finish());
  }
  if (!positions.consistent) return;
  CheckRules(on_disk, absl::StrCat("disk ", disk->id(), ", which says that it is consistent"));
}

// What a checkpoint that has ended has put down is there after a crash.
void Judge::CheckPromise(const std::string& name, const Disk& disk, const std::string& promised,
                         const state::Positions& positions) {
  if (promised.empty()) return;
  const state::Positions least = *state::DecodePositions(promised, stores_.size());
  for (size_t i = 0; i < stores_.size(); ++i) {
    if (positions.next[i] >= least.next[i]) continue;
    return Wrong(absl::StrCat("disk ", disk.id(), " of ", name, " has fallen back to offset ",
                              positions.next[i].value(), " of ", stores_[i],
                              " after a checkpoint had reached ", least.next[i].value()));
  }
}

void Judge::Take(const std::string& what, const std::string& store,
                 const state::StoreFindings& findings) {
  for (const state::StoreDifference& one : findings.differences) {
    Wrong(absl::StrCat(what, std::string(Told(one.kind)), store, " ", Show(one.key)));
  }
}

// --------------------------------------------------------------------- in the end

bool Judge::AllProcessed(const std::map<std::string, base::Offset>& ends) const {
  std::vector<base::TopicPartition> partitions;
  for (const auto& [topic, end] : ends) partitions.push_back({topic, base::Partition(0)});
  bool pending = false;
  const auto offsets = cluster_->groups().Offsets(kApplication, partitions, &pending);
  return !pending && std::all_of(ends.begin(), ends.end(), [&](const auto& end) {
    const auto found = offsets.find({end.first, base::Partition(0)});
    return found != offsets.end() && found->second.offset >= end.second;
  });
}

void Judge::CheckOutcome(const std::vector<Written>& inputs, bool at_least_once) {
  testing_support::MemoryTask task(topology_);
  task.clock().now = cluster_->clock().Now();
  const std::vector<std::string> sinks = topology_.sink_topics();
  std::map<std::string, std::vector<std::string>> expected;
  for (const Written& written : inputs) {
    const streams::sim::Record& record = written.input.record;
    task.Feed({.topic = written.input.topic,
               .offset = written.offset,
               .timestamp = record.timestamp,
               .key = record.key,
               .value = record.value,
               .headers = record.headers});
    task.CatchUpAll();
    const auto processed = task.task().Process(1);
    if (!processed.ok() || *processed != 1) return Wrong("the undisturbed run does not go on");
    streams::Outbox& outbox = task.task().outbox();
    for (size_t i = 0; i < outbox.size(); ++i) {
      const streams::OutgoingRecord out = outbox.Get(i);
      expected[sinks[out.topic.value()]].push_back(
          Show(out.key, out.value, out.timestamp, out.headers));
    }
    outbox.Clear();
  }
  for (const std::string& topic : sinks) CheckOutputs(expected[topic], topic, at_least_once);
  task.Commit();
  const Bytes found = Fold();
  CheckGroupOffsets(found);
  for (size_t i = 0; i < stores_.size(); ++i) {
    // As if the undisturbed run's state were the log.
    state::ChangelogCheck check{base::Offset(1)};
    (void)task.replica().Scan(state::StoreIndex(static_cast<uint8_t>(i)),
                              [&](std::string_view key, std::string_view value) {
                                if (!IsEngines(key)) check.AddRecord(base::Offset(0), key, value);
                                return true;
                              });
    for (const auto& [key, value] : found[i]) {
      if (!IsEngines(key)) check.AddEntry(key, value);
    }
    Take("the state", stores_[i], check.Finish());
  }
}

void Judge::CheckGroupOffsets(const Bytes& state) {
  const auto recorded = state[0].find(std::string(streams::kOffsetsKey));
  if (recorded == state[0].end()) return Wrong("the state says nothing of the inputs");
  const auto positions = *streams::DecodeInputPositions(recorded->second);
  std::vector<base::TopicPartition> inputs;
  for (const auto& [input, position] : positions) inputs.push_back(input);
  bool pending = false;
  streams::InputPositions in_group;
  for (const auto& [input, committed] :
       cluster_->groups().Offsets(kApplication, inputs, &pending)) {
    in_group[input] = committed.offset;
  }
  if (in_group != positions) Wrong("the group's offsets are not those in the state");
}

void Judge::CheckOutputs(const std::vector<std::string>& expected, const std::string& topic,
                         bool at_least_once) {
  size_t next = 0;
  std::set<std::string> seen;
  for (const EntryPtr& entry : Outputs(topic)) {
    const std::string is = Show(*entry);
    if (at_least_once && seen.contains(is)) continue;
    const std::string must = next < expected.size() ? expected[next] : "nothing";
    if (is != must) {
      return Wrong(absl::StrCat("output ", next, " of ", topic, " is ", is, " and must be ", must));
    }
    seen.insert(is);
    ++next;
  }
  if (next < expected.size()) {
    Wrong(absl::StrCat("output ", next, " of ", topic, " is missing: ", expected[next]));
  }
}

}  // namespace simulation
