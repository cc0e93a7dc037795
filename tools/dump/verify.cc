#include "tools/dump/verify.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/status.h"
#include "processors/rules/invariants.h"
#include "processors/stored_state.h"
#include "tools/dump/changelogs.h"
#include "tools/dump/verify_report.h"

namespace dump {
namespace {

// What differs must do so in each of these.
constexpr int kLooks = 3;
// For a moment without an open transaction.
constexpr absl::Duration kRestTimeout = absl::Seconds(2);

state::StoreIndex Index(size_t store) { return state::StoreIndex(static_cast<uint8_t>(store)); }

// All decided below the end: where the first is taken before the second and they are equal,
// no log had an open transaction in between.
bool AtRest(const std::vector<streams::LogRange>& ranges) {
  return std::all_of(ranges.begin(), ranges.end(),
                     [](const auto& range) { return range.stable_end == range.end; });
}

absl::StatusOr<std::vector<streams::LogRange>> RangesAtRest(Changelogs* changelogs) {
  const absl::Duration limit = base::SystemClock().Elapsed() + kRestTimeout;
  while (true) {
    ASSIGN_OR_RETURN(auto ranges, changelogs->Ranges());
    if (AtRest(ranges) || base::SystemClock().Elapsed() > limit) return ranges;
    absl::SleepFor(absl::Milliseconds(5));
  }
}

// Takes objects in as bytes, and checks the rules over them.
class Rules {
 public:
  void Add(const std::string& store, std::string_view key, std::string_view value) {
    const absl::Status added = processors::AddStored(store, key, value, &state_);
    if (!added.ok()) broken_.emplace_back(added.message());
  }
  VerifiedRules Check() {
    VerifiedRules rules{.not_checked = {},
                        .characters = state_.characters.size(),
                        .parties = state_.parties.size(),
                        .violations = std::move(broken_)};
    std::sort(rules.violations.begin(), rules.violations.end());
    for (std::string& one : rules::Violations(state_)) rules.violations.push_back(std::move(one));
    return rules;
  }

 private:
  rules::State state_;
  std::vector<std::string> broken_;
};

class PartitionVerifier {
 public:
  PartitionVerifier(const std::vector<std::string>& stores, const Source& source,
                    Changelogs changelogs, absl::Duration tombstones)
      : stores_(stores), source_(source), changelogs_(std::move(changelogs)) {
    const state::Replica& replica = *source.replica;
    if (HasNoStore(source)) {
      not_compared_ = "there is no store in " + source.path;
    } else if (replica.is_new() && source.damaged) {
      not_compared_ = "the position of the checkpoint was in a file that cannot be read";
    } else if (replica.is_new()) {
      not_compared_ = "there is no checkpoint yet";
    } else if (IsTooOld(replica, tombstones)) {
      not_compared_ =
          "the checkpoint is older than half of the changelogs' delete.retention.ms, or of the "
          "future, and a worker would set it aside: what was deleted since may have left no trace";
    }
  }

  absl::StatusOr<VerifiedPartition> Verify() {
    ASSIGN_OR_RETURN(VerifiedPartition found, Look());
    found.in_checkpoint = CheckCheckpoint();
    for (int looks = 1; looks < kLooks && HasDoubts(found); ++looks) {
      ASSIGN_OR_RETURN(VerifiedPartition again, Look());
      KeepCommon(std::move(again), &found);
    }
    return found;
  }

 private:
  const state::Positions& positions() const { return source_.replica->positions(); }

  // One reading of the logs and of the stores.
  absl::StatusOr<VerifiedPartition> Look() {
    ASSIGN_OR_RETURN(const auto ranges, RangesAtRest(&changelogs_));
    RETURN_IF_ERROR(changelogs_.CheckBelong(*source_.replica, ranges));
    std::vector<state::ChangelogCheck> checks;
    for (const base::Offset position : positions().next) checks.emplace_back(position);
    RETURN_IF_ERROR(changelogs_.Read(std::vector<base::Offset>(stores_.size(), base::Offset(0)),
                                     ranges, [&](size_t store, const base::RecordView& record) {
                                       checks[store].AddRecord(record.offset, *record.key,
                                                               record.value);
                                     }));
    VerifiedPartition found{.partition = source_.partition,
                            .not_compared = not_compared_,
                            .damaged = source_.damaged,
                            .as_of = positions().current_as_of,
                            .stores = {},
                            .in_checkpoint = {},
                            .at_end = {}};
    found.at_end = CheckEnd(checks, AtRest(ranges));
    for (size_t i = 0; i < stores_.size(); ++i) {
      found.stores.push_back({.name = stores_[i],
                              .position = positions().next[i],
                              .log = ranges[i],
                              .findings = {},
                              .undecided = {},
                              .unread = absl::OkStatus()});
      if (not_compared_.empty()) Compare(i, &checks[i], &found.stores.back());
    }
    return found;
  }

  void Compare(size_t store, state::ChangelogCheck* check, VerifiedStore* found) {
    found->unread =
        source_.replica->Scan(Index(store), [&](std::string_view key, std::string_view value) {
          check->AddEntry(key, value);
          return true;
        });
    // What was not read is not missing.
    found->findings = check->Finish();
    if (!found->unread.ok()) {
      std::erase_if(found->findings.differences, [](const auto& one) {
        return one.kind == state::StoreDifference::Kind::kMissing;
      });
    }
    // What makes the difference may be a record that nobody can read yet.
    if (StandsBehindDecidedEnd(*found)) found->undecided.swap(found->findings.differences);
  }

  VerifiedRules CheckEnd(const std::vector<state::ChangelogCheck>& checks, bool at_rest) {
    if (!at_rest) {
      VerifiedRules rules;
      rules.not_checked = "a transaction was open whenever their ends were asked for";
      return rules;
    }
    Rules rules;
    for (size_t i = 0; i < stores_.size(); ++i) {
      checks[i].ForEachLatest(
          [&](std::string_view key, std::string_view value) { rules.Add(stores_[i], key, value); });
    }
    return rules.Check();
  }

  VerifiedRules CheckCheckpoint() {
    VerifiedRules unchecked;
    if (HasNoStore(source_) || (source_.damaged && source_.replica->is_new())) {
      unchecked.not_checked = not_compared_;
      return unchecked;
    }
    if (source_.replica->is_new()) {
      unchecked.not_checked = "there is none yet";
      return unchecked;
    }
    if (!positions().consistent) {
      unchecked.not_checked = "it stands in the middle of a restore";
      return unchecked;
    }
    Rules rules;
    for (size_t i = 0; i < stores_.size(); ++i) {
      const absl::Status scanned =
          source_.replica->Scan(Index(i), [&](std::string_view key, std::string_view value) {
            rules.Add(stores_[i], key, value);
            return true;
          });
      if (scanned.ok()) continue;
      Complain(std::string(scanned.message()));
      unchecked.not_checked = "store " + stores_[i] + " cannot be read";
      return unchecked;
    }
    return rules.Check();
  }

  static bool HasDoubts(const VerifiedPartition& found) {
    return !found.at_end.violations.empty() ||
           std::any_of(found.stores.begin(), found.stores.end(),
                       [](const auto& store) { return !store.findings.differences.empty(); });
  }

  // Takes what was found again, without the differences that are new.
  static void KeepCommon(VerifiedPartition again, VerifiedPartition* found) {
    for (size_t i = 0; i < found->stores.size(); ++i) {
      std::set<std::pair<std::string_view, state::StoreDifference::Kind>> before;
      for (const auto& one : found->stores[i].findings.differences) {
        before.emplace(one.key, one.kind);
      }
      std::erase_if(again.stores[i].findings.differences, [&](const auto& one) {
        return !before.contains({one.key, one.kind});
      });
    }
    found->stores.swap(again.stores);
    // At another moment without rest, nothing is known.
    if (!again.at_end.not_checked.empty()) return;
    const std::set<std::string_view> others(again.at_end.violations.begin(),
                                            again.at_end.violations.end());
    std::erase_if(found->at_end.violations, [&](const auto& one) { return !others.contains(one); });
  }

  const std::vector<std::string>& stores_;
  const Source& source_;
  Changelogs changelogs_;
  std::string not_compared_;
};

}  // namespace

absl::StatusOr<bool> Verify(const std::string& application_id,
                            const std::vector<std::string>& stores, streams::Broker& broker,
                            const std::vector<Source>& sources, const Options& options,
                            Output* output) {
  ASSIGN_OR_RETURN(const absl::Duration tombstones,
                   CheckChangelogs(application_id, stores, broker.admin()));
  ASSIGN_OR_RETURN(const auto reader, broker.NewLogReader());
  std::vector<VerifiedPartition> found;
  for (const Source& source : sources) {
    Changelogs changelogs(application_id, stores, source.partition, reader.get());
    PartitionVerifier verifier(stores, source, std::move(changelogs), tombstones);
    ASSIGN_OR_RETURN(VerifiedPartition partition, verifier.Verify());
    for (const VerifiedStore& store : partition.stores) {
      if (!store.unread.ok()) Complain(std::string(store.unread.message()));
    }
    found.push_back(std::move(partition));
  }
  const bool right = std::all_of(found.begin(), found.end(), IsRight);
  output->set_status(right ? 0 : 1);
  options.json ? PrintJson(found, output) : PrintTable(found, options.shown, output);
  return right;
}

}  // namespace dump
