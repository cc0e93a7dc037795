#include "tools/dump/verify_report.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/dump/point.h"
#include "tools/dump/shown.h"

namespace dump {
namespace {

using Kind = state::StoreDifference::Kind;

// As JSON names it.
std::string_view Name(Kind kind) {
  switch (kind) {
    case Kind::kOtherValue:
      return "other-value";
    case Kind::kMissing:
      return "missing";
    case Kind::kDeleted:
      return "deleted";
    case Kind::kFuture:
      return "future";
    case Kind::kGhost:
      return "ghost";
  }
  return {};
}

std::string Told(const state::StoreDifference& difference) {
  const std::string at =
      difference.logged.has_value() ? absl::StrCat(difference.logged->offset.value()) : "";
  switch (difference.kind) {
    case Kind::kOtherValue:
      return "the store has another value than the changelog at offset " + at;
    case Kind::kMissing:
      return "the store lacks what the changelog has at offset " + at;
    case Kind::kDeleted:
      return "the store has what the changelog deletes at offset " + at;
    case Kind::kFuture:
      return "the store has what the changelog has only at offset " + at +
             ", behind the store's position";
    case Kind::kGhost:
      return "a ghost: the changelog has nothing of it";
  }
  return {};
}

size_t Ghosts(const state::StoreFindings& findings) {
  return static_cast<size_t>(
      std::count_if(findings.differences.begin(), findings.differences.end(),
                    [](const auto& one) { return one.kind == Kind::kGhost; }));
}

// Over all partitions.
struct Totals {
  size_t differences = 0;
  size_t violations = 0;
  size_t unread = 0;
  size_t right = 0;
  size_t superseded = 0;
  size_t undecided = 0;
  std::vector<std::string> not_checked;
};

Totals Sum(std::span<const VerifiedPartition> partitions) {
  Totals totals;
  for (const VerifiedPartition& partition : partitions) {
    const std::string where = absl::StrCat("state partition ", partition.partition.value(), ": ");
    if (!partition.not_compared.empty()) {
      totals.not_checked.push_back(where + "the stores: " + partition.not_compared);
    }
    if (partition.damaged) {
      totals.not_checked.push_back(where + "what was in the files that cannot be read");
    }
    for (const VerifiedStore& store : partition.stores) {
      totals.differences += store.findings.differences.size();
      totals.right += store.findings.right;
      totals.superseded += store.findings.superseded.size();
      totals.undecided += store.undecided.size();
      if (!store.unread.ok()) ++totals.unread;
      if (!partition.not_compared.empty() || !StandsBehindDecidedEnd(store)) continue;
      totals.not_checked.push_back(absl::StrCat(
          where, store.undecided.size(), " entries of store ", store.name, ": from offset ",
          store.log.stable_end.value(), " to the ", "store's position ", store.position.value(),
          " a transaction that is open, or whose marker is lost, hides the records"));
    }
    for (const auto* rules : {&partition.in_checkpoint, &partition.at_end}) {
      totals.violations += rules->violations.size();
      if (rules->not_checked.empty()) continue;
      totals.not_checked.push_back(
          absl::StrCat(where, "the rules ",
                       rules == &partition.at_end ? "at the changelogs' ends" : "in the checkpoint",
                       ": ", rules->not_checked));
    }
  }
  return totals;
}

void PrintDifferences(const VerifiedStore& store, Output* output) {
  for (const state::StoreDifference& one : store.findings.differences) {
    output->Line(absl::StrCat(ObjectName(store.name, one.key), ": ", Told(one)),
                 output->style().bad);
    if (one.stored.has_value()) {
      output->Line("  store      " + ValueText(store.name, one.key, *one.stored));
    }
    if (one.logged.has_value() && one.logged->value.has_value()) {
      output->Line("  changelog  " + ValueText(store.name, one.key, *one.logged->value));
    }
  }
}

std::string Told(const state::Superseded& one) {
  return absl::StrCat("superseded, not checkable: of its records only those from offset ",
                      one.offset.value(), " on are left");
}

// The first of the entries that cannot be checked, and how many there are.
void PrintUnchecked(const VerifiedStore& store, size_t shown, Output* output) {
  const auto print = [&](std::string_view what, size_t count,
                         const std::function<std::string(size_t)>& line) {
    for (size_t i = 0; i < std::min(count, shown); ++i) {
      output->Line(line(i), output->style().faint);
    }
    if (count <= shown) return;
    output->Line(absl::StrCat("... and ", count - shown, " more of store ", store.name,
                              " that are ", std::string(what),
                              " (--show tells how many to list, --format=json lists all)"),
                 output->style().faint);
  };
  const auto& superseded = store.findings.superseded;
  print("superseded", superseded.size(), [&](size_t i) {
    return absl::StrCat(ObjectName(store.name, superseded[i].key), ": ", Told(superseded[i]));
  });
  print("undecided", store.undecided.size(), [&](size_t i) {
    return absl::StrCat(ObjectName(store.name, store.undecided[i].key),
                        ": undecided: it differs from what can be read of the changelog");
  });
}

void PrintRules(std::string_view where, const VerifiedRules& rules, Output* output) {
  for (const std::string& violation : rules.violations) {
    output->Line(absl::StrCat("a rule is broken ", std::string(where), ": ", violation),
                 output->style().bad);
  }
}

void PrintCounts(const VerifiedPartition& partition, Output* output) {
  output->Line(absl::StrCat("state partition ", partition.partition.value(),
                            partition.as_of.value() == 0
                                ? std::string()
                                : ", checkpoint as of " + ToString(partition.as_of)),
               output->style().heading);
  // Fits into 80 columns.
  output->Line(absl::StrFormat("  %-14s %9s %9s %8s %8s %10s %6s %6s", "store", "position",
                               "log end", "entries", "right", "superseded", "differ", "ghosts"),
               output->style().heading);
  for (const VerifiedStore& store : partition.stores) {
    const state::StoreFindings& found = store.findings;
    const size_t ghosts = Ghosts(found);
    output->Line(absl::StrFormat("  %-14s %9d %9d %8d %8d %10d %6d %6d", store.name,
                                 store.position.value(), store.log.stable_end.value(),
                                 found.entries, found.right, found.superseded.size(),
                                 found.differences.size() - ghosts, ghosts));
  }
  for (const auto* rules : {&partition.in_checkpoint, &partition.at_end}) {
    if (!rules->not_checked.empty()) continue;
    output->Line(absl::StrFormat(
        "  rules %s: %d characters, %d parties, %d violations",
        rules == &partition.at_end ? "at the changelogs' ends" : "in the checkpoint",
        rules->characters, rules->parties, rules->violations.size()));
  }
}

// The beginning of a line about an entry. `kind`: "difference"; `of`: "ghost".
std::string EntryJson(std::string_view kind, std::string_view of,
                      const VerifiedPartition& partition, const VerifiedStore& store,
                      std::string_view key) {
  return absl::StrCat("{\"", std::string(kind), "\":\"", std::string(of),
                      "\",\"state_partition\":", partition.partition.value(),
                      ",\"store\":", JsonText(store.name),
                      ",\"object\":", JsonText(ObjectName(store.name, key)));
}

// With what store and changelog have.
std::string WithVersions(std::string line, const VerifiedStore& store,
                         const state::StoreDifference& one) {
  if (one.logged.has_value()) absl::StrAppend(&line, ",\"offset\":", one.logged->offset.value());
  if (one.stored.has_value()) {
    absl::StrAppend(&line, ",\"in_store\":", ValueJson(store.name, one.key, *one.stored));
  }
  if (one.logged.has_value() && one.logged->value.has_value()) {
    absl::StrAppend(&line,
                    ",\"in_changelog\":", ValueJson(store.name, one.key, *one.logged->value));
  }
  return line + "}";
}

}  // namespace

bool IsRight(const VerifiedPartition& partition) {
  const Totals totals = Sum({&partition, 1});
  return totals.differences + totals.violations + totals.unread == 0;
}

void PrintTable(const std::vector<VerifiedPartition>& partitions, size_t shown, Output* output) {
  for (const VerifiedPartition& partition : partitions) {
    for (const VerifiedStore& store : partition.stores) PrintUnchecked(store, shown, output);
    for (const VerifiedStore& store : partition.stores) PrintDifferences(store, output);
    PrintRules("in the checkpoint", partition.in_checkpoint, output);
    PrintRules("at the changelogs' ends", partition.at_end, output);
    PrintCounts(partition, output);
  }
  const Totals totals = Sum(partitions);
  output->Line("");
  for (const std::string& why : totals.not_checked) output->Line("not checked: " + why);
  if (totals.superseded > 0) {
    output->Line(
        absl::StrCat("not checked: ", totals.superseded,
                     " entries whose records below the position compaction has removed since"));
  }
  const bool right = totals.differences + totals.violations + totals.unread == 0;
  const std::string summary = absl::StrFormat(
      "verified: %d entries are right, %d differ, %d rules are broken, %d stores are unreadable",
      totals.right, totals.differences, totals.violations, totals.unread);
  output->Line(summary, right ? output->style().good : output->style().bad);
}

void PrintJson(const std::vector<VerifiedPartition>& partitions, Output* output) {
  for (const VerifiedPartition& partition : partitions) {
    for (const VerifiedStore& store : partition.stores) {
      for (const auto& one : store.findings.differences) {
        output->Line(WithVersions(
            EntryJson("difference", Name(one.kind), partition, store, one.key), store, one));
      }
      for (const auto& one : store.findings.superseded) {
        output->Line(absl::StrCat(EntryJson("not_checked", "superseded", partition, store, one.key),
                                  ",\"offset\":", one.offset.value(), "}"));
      }
      for (const auto& one : store.undecided) {
        output->Line(WithVersions(EntryJson("not_checked", "undecided", partition, store, one.key),
                                  store, one));
      }
    }
    for (const auto* rules : {&partition.in_checkpoint, &partition.at_end}) {
      for (const std::string& violation : rules->violations) {
        output->Line(absl::StrCat(
            "{\"difference\":\"rule\",\"state_partition\":", partition.partition.value(),
            ",\"where\":\"", rules == &partition.at_end ? "end" : "checkpoint",
            "\",\"rule\":", JsonText(violation), "}"));
      }
    }
  }
  const Totals totals = Sum(partitions);
  std::string line =
      absl::StrCat("{\"verified\":{\"right\":", totals.right,
                   ",\"differences\":", totals.differences, ",\"rules_broken\":", totals.violations,
                   ",\"unreadable_stores\":", totals.unread, ",\"superseded\":", totals.superseded,
                   ",\"undecided\":", totals.undecided, ",\"not_checked\":[");
  for (size_t i = 0; i < totals.not_checked.size(); ++i) {
    absl::StrAppend(&line, i == 0 ? "" : ",", JsonText(totals.not_checked[i]));
  }
  output->Line(line + "]}}");
}

}  // namespace dump
