#include "tools/dump/options.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "base/uuid.h"
#include "serde/store_codecs.h"

// ---- from where
ABSL_FLAG(bool, offline, false, "look at the local checkpoint alone, without asking Kafka");
ABSL_FLAG(bool, from_changelog, false, "look at the changelogs alone, without a state directory");
ABSL_FLAG(std::string, at, "",
          "with --from_changelog: as they were at a time (2026-11-24T10:00:00Z, or milliseconds "
          "since 1970) or at positions (store=offset,...), as far as compaction has kept it");

// ---- what
ABSL_FLAG(std::string, store, "", "only this store");
ABSL_FLAG(std::string, tenant, "", "only this tenant");
ABSL_FLAG(std::string, id, "", "only the object with this id");
ABSL_FLAG(std::string, party, "", "the party with this id, and the characters of its members");
ABSL_FLAG(std::string, character, "", "the character with this id, and its party");
ABSL_FLAG(bool, stats, false, "counts and sizes of each tenant's part of each store");
ABSL_FLAG(bool, positions, false,
          "where checkpoint, changelogs, group and inputs stand, and how far behind");
ABSL_FLAG(bool, verify, false,
          "compare the checkpoint with the changelogs, and all objects with the rules");
ABSL_FLAG(std::string, diff, "",
          "print what differs from another source: changelog, changelog@TIME or "
          "changelog@store=offset,... or another state directory");

// ---- how
ABSL_FLAG(int64_t, show, 20,
          "with --verify, as a table: so many of each store's entries that cannot be checked (0 or "
          "more; JSON lines have them all)");
ABSL_FLAG(std::string, format, "table", "table, for people, or json: one object a line");
ABSL_FLAG(std::string, color, "auto",
          "auto: on a terminal, where NO_COLOR is not set; always; never");

namespace dump {
namespace {

using What = Options::What;
using From = Options::From;

absl::Status NotAllowed(std::string_view flag, const std::string& is, const std::string& allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", std::string(flag), " is \"", is, "\", allowed ", allowed));
}

absl::StatusOr<std::optional<uint32_t>> ReadId(const absl::Flag<std::string>& flag) {
  const std::string text = absl::GetFlag(flag);
  if (text.empty()) return std::nullopt;
  uint32_t id = 0;
  if (absl::SimpleAtoi(text, &id)) return id;
  return NotAllowed(std::string(flag.Name()), text, "is a whole number from 0 to 4294967295");
}

absl::StatusOr<Style> ReadStyle() {
  const std::string color = absl::GetFlag(FLAGS_color);
  if (color == "always") return Style::Coloured();
  if (color == "never") return Style::Plain();
  if (color != "auto") return NotAllowed("color", color, "are: auto, always, never");
  const char* no_color = ::getenv("NO_COLOR");
  const char* terminal = ::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  const bool refused = no_color != nullptr && *no_color != '\0';
  return ::isatty(STDOUT_FILENO) != 0 && !dumb && !refused ? Style::Coloured() : Style::Plain();
}

// The flags by which it is said what to print.
absl::StatusOr<What> ReadWhat() {
  std::vector<std::pair<What, std::string>> given;
  if (!absl::GetFlag(FLAGS_party).empty()) given.emplace_back(What::kParty, "--party");
  if (!absl::GetFlag(FLAGS_character).empty()) given.emplace_back(What::kCharacter, "--character");
  if (absl::GetFlag(FLAGS_stats)) given.emplace_back(What::kStats, "--stats");
  if (absl::GetFlag(FLAGS_positions)) given.emplace_back(What::kPositions, "--positions");
  if (absl::GetFlag(FLAGS_verify)) given.emplace_back(What::kVerify, "--verify");
  if (!absl::GetFlag(FLAGS_diff).empty()) given.emplace_back(What::kDiff, "--diff");
  if (given.empty()) return What::kObjects;
  if (given.size() == 1) return given[0].first;
  return absl::InvalidArgumentError(absl::StrCat(given[0].second, " and ", given[1].second,
                                                 " ask for different things: give one"));
}

absl::Status CheckFrom(What what) {
  const bool offline = absl::GetFlag(FLAGS_offline);
  const bool from_changelog = absl::GetFlag(FLAGS_from_changelog);
  const bool at = !absl::GetFlag(FLAGS_at).empty();
  if (offline && from_changelog) {
    return absl::InvalidArgumentError(
        "--offline is without Kafka, and --from_changelog is Kafka alone: give one");
  }
  if (at && !from_changelog) {
    return absl::InvalidArgumentError(
        "--at is a point of the changelogs, and the local state has no past: it needs "
        "--from_changelog");
  }
  if (what == What::kVerify && offline) {
    return absl::InvalidArgumentError(
        "--verify compares with the changelogs, and --offline does without them: give one");
  }
  if (what == What::kVerify && from_changelog) {
    return absl::InvalidArgumentError(
        "--verify compares the local state, and --from_changelog does without it: give one");
  }
  if (what == What::kPositions && at) {
    return absl::InvalidArgumentError("--positions are those of now, and --at is a past: give one");
  }
  return absl::OkStatus();
}

absl::Status CheckFilter(const Filter& filter, What what) {
  const auto needs = [](const char* flag, const char* other) {
    return absl::InvalidArgumentError(absl::StrCat(flag, " has no meaning beside ", other));
  };
  const bool by_id = what == What::kParty || what == What::kCharacter;
  const char* all = what == What::kVerify      ? "--verify"
                    : what == What::kPositions ? "--positions"
                    : what == What::kParty     ? "--party"
                    : what == What::kCharacter ? "--character"
                                               : nullptr;
  if (all != nullptr && !filter.store.empty()) return needs("--store", all);
  if (all != nullptr && !by_id && filter.tenant.has_value()) return needs("--tenant", all);
  if (all != nullptr && !absl::GetFlag(FLAGS_id).empty()) return needs("--id", all);
  if (what == What::kStats && filter.id.has_value()) return needs("--id", "--stats");
  if (filter.id.has_value() && filter.store == serde::PartySequenceCodec::kName) {
    return needs("--id", "--store party-sequence, which has tenants alone");
  }
  return absl::OkStatus();
}

absl::StatusOr<Filter> ReadFilter(What what, const std::vector<std::string>& stores) {
  Filter filter;
  filter.store = absl::GetFlag(FLAGS_store);
  if (!filter.store.empty() &&
      std::find(stores.begin(), stores.end(), filter.store) == stores.end()) {
    return NotAllowed("store", filter.store, "are: " + absl::StrJoin(stores, ", "));
  }
  if (const std::string tenant = absl::GetFlag(FLAGS_tenant); !tenant.empty()) {
    const auto uuid = base::ParseUuid(tenant);
    if (!uuid.has_value()) return NotAllowed("tenant", tenant, "is a UUID of 36 characters");
    filter.tenant = model::TenantId{*uuid};
  }
  ASSIGN_OR_RETURN(filter.id, ReadId(what == What::kParty       ? FLAGS_party
                                     : what == What::kCharacter ? FLAGS_character
                                                                : FLAGS_id));
  RETURN_IF_ERROR(CheckFilter(filter, what));
  return filter;
}

}  // namespace

std::string Filter::NonePasses() const {
  if (!id.has_value() && !tenant.has_value()) return {};
  std::string none = "there is no object";
  if (id.has_value()) absl::StrAppend(&none, " of id ", *id);
  if (tenant.has_value()) absl::StrAppend(&none, " of tenant ", base::ToString(tenant->uuid));
  if (!store.empty()) absl::StrAppend(&none, " in store ", store);
  return none;
}

bool Filter::Passes(const std::string& in_store, std::string_view key) const {
  if (!store.empty() && in_store != store) return false;
  if (!tenant.has_value() && !id.has_value()) return true;
  if (in_store == serde::PartySequenceCodec::kName) {
    const auto decoded = serde::PartySequenceCodec::DecodeKey(key);
    return decoded.ok() && !id.has_value() && (!tenant.has_value() || *decoded == *tenant);
  }
  // Keys of characters and of parties have the same form.
  const auto decoded = serde::CharacterCodec::DecodeKey(key);
  return decoded.ok() && (!tenant.has_value() || decoded->tenant == *tenant) &&
         (!id.has_value() || decoded->id.value() == *id);
}

absl::StatusOr<Options> ReadOptions(const std::vector<std::string>& stores) {
  Options options;
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "table" && format != "json") {
    return NotAllowed("format", format, "are: table, json");
  }
  options.json = format == "json";
  ASSIGN_OR_RETURN(options.style, ReadStyle());
  const int64_t shown = absl::GetFlag(FLAGS_show);
  if (shown < 0) return NotAllowed("show", absl::StrCat(shown), "is 0 or more");
  options.shown = static_cast<size_t>(shown);
  ASSIGN_OR_RETURN(options.what, ReadWhat());
  RETURN_IF_ERROR(CheckFrom(options.what));
  ASSIGN_OR_RETURN(options.filter, ReadFilter(options.what, stores));
  options.from = absl::GetFlag(FLAGS_offline)          ? From::kCheckpoint
                 : absl::GetFlag(FLAGS_from_changelog) ? From::kChangelogs
                                                       : From::kUpToDate;
  if (const std::string at = absl::GetFlag(FLAGS_at); !at.empty()) {
    auto point = ParsePoint(at, stores);
    if (!point.ok()) return base::Annotate(point.status(), "--at");
    options.at = *std::move(point);
  }
  options.other = absl::GetFlag(FLAGS_diff);
  return options;
}

}  // namespace dump
