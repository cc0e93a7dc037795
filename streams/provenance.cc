#include "streams/provenance.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace streams {
namespace {

constexpr char kFromLogHint[] =
    "If the changelogs as they now are shall count, start once with --changelogs=from-log "
    "(local state is set aside)";
constexpr char kRestoreOrReset[] =
    "No flag makes that right. Restore the topic from a backup, or reset the application (`reset "
    "--delete_local_state --execute`), or rebuild its state under another id (`replay --into`)";

bool IsEmpty(const LogRange& range) { return range.start == range.end; }

std::string Owner(const ChangelogIdentity& identity) {
  return absl::StrCat("application ", identity.application_id, ", store ", identity.store,
                      ", partition ", identity.partition.value());
}

// A log that this application did not begin, or that is not whole.
absl::Status CheckLog(const std::string& application_id, const ChangelogEvidence& log) {
  const std::string name = base::ToString(log.changelog);
  if (IsEmpty(log.range)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "changelog ", name, " is empty while others of the application are not: it was deleted ",
        "and made anew. ", kRestoreOrReset));
  }
  if (!log.identity.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "changelog ", name, " holds records from offset ", log.range.start.value(), " to ",
        log.range.end.value(), ", but does not begin with an identity: its head was trimmed, or ",
        "something else wrote to it. ", kRestoreOrReset));
  }
  const ChangelogIdentity& identity = *log.identity;
  if (identity.application_id != application_id || identity.store != log.store ||
      identity.partition != log.changelog.partition) {
    return absl::FailedPreconditionError(
        absl::StrCat("changelog ", name, " says that it is of ", Owner(identity),
                     ". Delete the topic if it was copied here by mistake"));
  }
  return absl::OkStatus();
}

// The stores refer to each other: logs of different beginnings are no state together.
absl::Status CheckOneFounding(std::span<const ChangelogEvidence> logs) {
  for (const ChangelogEvidence& log : logs) {
    if (log.identity->id == logs[0].identity->id) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "changelog ", base::ToString(log.changelog), " has the identity ",
        base::ToString(log.identity->id), ", but ", base::ToString(logs[0].changelog), " has ",
        base::ToString(logs[0].identity->id), ": they were not begun together. ", kRestoreOrReset));
  }
  return absl::OkStatus();
}

// Local state against the log that it should be a prefix of.
absl::Status CheckLocal(const ChangelogEvidence& log) {
  const std::string name = base::ToString(log.changelog);
  if (log.local_identity.has_value() && Owner(*log.local_identity) != Owner(*log.identity)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "changelog ", name, " is of ", Owner(*log.identity), ", local state comes from ",
        Owner(*log.local_identity), ": its folder was moved or copied here. Put it back, or start ",
        "once with --changelogs=from-log (local state is set aside, and restored from the ",
        "changelogs)"));
  }
  if (log.local_identity.has_value() && log.local_identity->id != log.identity->id) {
    return absl::FailedPreconditionError(
        absl::StrCat("changelog ", name, " has the identity ", base::ToString(log.identity->id),
                     ", local state comes from ", base::ToString(log.local_identity->id),
                     ": the topic was deleted and made anew, or the state directory is another's. ",
                     kFromLogHint));
  }
  if (log.local_position > log.range.end) {
    return absl::FailedPreconditionError(absl::StrCat(
        "changelog ", name, " ends at offset ", log.range.end.value(), ", local state stands at ",
        log.local_position.value(), ": the log has lost its tail. ", kFromLogHint));
  }
  return absl::OkStatus();
}

// Nothing in any changelog: the very beginning, unless there is a sign of what was.
absl::Status CheckBeginning(const std::string& application_id,
                            std::span<const ChangelogEvidence> logs, bool group_has_offsets) {
  std::string sign;
  for (const ChangelogEvidence& log : logs) {
    if (log.local_position.value() == 0) continue;
    sign = absl::StrCat("local state stands at offset ", log.local_position.value(), " of ",
                        base::ToString(log.changelog));
    break;
  }
  if (group_has_offsets) {
    absl::StrAppend(&sign, sign.empty() ? "" : " and ", "the group has committed offsets");
  }
  if (sign.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the changelogs of ", application_id, " (", base::ToString(logs[0].changelog),
      " and its siblings) are empty, but ", sign, ": they were deleted and made anew. Restore the ",
      "topics from a backup; or start once with --changelogs=from-log",
      group_has_offsets ? " and --offsets=from-group" : "", " to go on with empty stores; or ",
      "delete the group and the state directory to process the inputs from their beginning"));
}

std::string OffsetText(const std::optional<base::Offset>& offset) {
  return offset.has_value() ? absl::StrCat(offset->value()) : "none";
}

// What the choice for the state needs beside it, where the input has lost that offset.
std::string LostText(const InputEvidence& input) {
  if (!input.in_state.has_value() ||
      (*input.in_state >= input.range.start && *input.in_state <= input.range.end)) {
    return "";
  }
  return absl::StrCat("; that is not in the input any more, which holds offsets ",
                      input.range.start.value(), " to ", input.range.end.value(),
                      ", so it needs --lost_inputs=skip as well");
}

absl::StatusOr<base::Offset> ChooseOffset(const InputEvidence& input,
                                          const OperatorChoices& choices) {
  if (input.in_group == input.in_state) {
    return input.in_group.has_value() ? *input.in_group : input.range.start;
  }
  switch (choices.offsets) {
    case OperatorChoices::Offsets::kFromState:
      return input.in_state.has_value() ? *input.in_state : input.range.start;
    case OperatorChoices::Offsets::kFromGroup:
      return input.in_group.has_value() ? *input.in_group : input.range.start;
    case OperatorChoices::Offsets::kUndecided:
      break;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "input ", base::ToString(input.input), ": the group's committed offset is ",
      OffsetText(input.in_group), ", but the state includes the input up to ",
      OffsetText(input.in_state),
      ". The group's offsets were reset, deleted or have expired. Decide: --offsets=from-state ",
      "goes on where the state stands (nothing lost or done twice", LostText(input),
      "), --offsets=from-group where the group stands",
      input.in_group.has_value() ? "" : " (the earliest record)"));
}

absl::StatusOr<base::Offset> CheckRetained(const InputEvidence& input, base::Offset from,
                                           const OperatorChoices& choices) {
  if (from > input.range.end) {
    if (choices.skip_lost_inputs) return input.range.start;
    return absl::FailedPreconditionError(absl::StrCat(
        "input ", base::ToString(input.input), " ends at offset ", input.range.end.value(),
        ", but records up to ", from.value(), " were processed: the topic was made anew or has ",
        "lost its tail. To go on with what it now holds, from offset ", input.range.start.value(),
        ", start once with --lost_inputs=skip"));
  }
  if (from < input.range.start) {
    if (choices.skip_lost_inputs) return input.range.start;
    return absl::FailedPreconditionError(absl::StrCat(
        "input ", base::ToString(input.input), ": records from offset ", from.value(), " to ",
        input.range.start.value() - 1, " were deleted before they were processed (retention). ",
        "To go on without them, from offset ", input.range.start.value(),
        ", start once with --lost_inputs=skip"));
  }
  return from;
}

}  // namespace

// The age is by wall clocks. A state that is of the future tells nothing: the clock was wrong
// then or is now.
bool IsTooOld(const ReplicaAge& age) {
  constexpr absl::Duration kClocksDiffer = absl::Hours(1);
  const absl::Duration old = absl::Milliseconds(age.now.value() - age.current_as_of.value());
  return !age.is_new && (old > age.tombstone_retention / 2 || old < -kClocksDiffer);
}

absl::StatusOr<RestorePlan> PlanRestore(const std::string& application_id,
                                        std::span<const ChangelogEvidence> changelogs,
                                        const ReplicaAge& age, bool group_has_offsets,
                                        const OperatorChoices& choices) {
  const bool all_empty = std::all_of(changelogs.begin(), changelogs.end(),
                                     [](const auto& log) { return IsEmpty(log.range); });
  if (all_empty) {
    if (!choices.changelogs_from_log) {
      RETURN_IF_ERROR(CheckBeginning(application_id, changelogs, group_has_offsets));
    }
    return RestorePlan{.kind = RestorePlan::Kind::kFound,
                       .why = choices.changelogs_from_log ? "--changelogs=from-log" : ""};
  }
  for (const ChangelogEvidence& log : changelogs) {
    RETURN_IF_ERROR(CheckLog(application_id, log));
  }
  RETURN_IF_ERROR(CheckOneFounding(changelogs));
  if (age.is_new) return RestorePlan{.kind = RestorePlan::Kind::kDelta, .why = {}};
  if (choices.changelogs_from_log) {
    return RestorePlan{.kind = RestorePlan::Kind::kFullAside, .why = "--changelogs=from-log"};
  }
  for (const ChangelogEvidence& log : changelogs) RETURN_IF_ERROR(CheckLocal(log));
  if (IsTooOld(age)) {
    return RestorePlan{
        .kind = RestorePlan::Kind::kFullAside,
        .why =
            "local state is older than half of the changelog's delete.retention.ms, or of the "
            "future"};
  }
  return RestorePlan{.kind = RestorePlan::Kind::kDelta, .why = {}};
}

absl::StatusOr<std::vector<PartitionStart>> PlanInputs(std::span<const InputEvidence> inputs,
                                                       const OperatorChoices& choices) {
  std::vector<PartitionStart> starts;
  for (const InputEvidence& input : inputs) {
    ASSIGN_OR_RETURN(const base::Offset chosen, ChooseOffset(input, choices));
    ASSIGN_OR_RETURN(const base::Offset from, CheckRetained(input, chosen, choices));
    starts.push_back({input.input, from});
  }
  return starts;
}

}  // namespace streams
