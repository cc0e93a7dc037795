#include "tools/rebuild/application_reset.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "tools/rebuild/founding.h"
#include "tools/rebuild/progress.h"

namespace tools {
namespace {

absl::StatusOr<Ranges> InternalRanges(const std::string& application_id,
                                      const streams::Topology& topology, const Connection& kafka) {
  const auto topics = InternalTopics(application_id, topology);
  ASSIGN_OR_RETURN(const auto found, kafka.broker->admin().DescribeTopics(topics, kKafkaTimeout));
  std::vector<base::TopicPartition> partitions;
  for (const auto& [topic, description] : found) {
    for (int32_t p = 0; p < description.partitions; ++p) {
      partitions.push_back({topic, base::Partition(p)});
    }
  }
  return kafka.reader->Ranges(partitions, kKafkaTimeout);
}

std::vector<std::string> TopicsOf(const Ranges& partitions) {
  std::vector<std::string> topics;
  for (const auto& [partition, range] : partitions) {
    if (topics.empty() || topics.back() != partition.topic) topics.push_back(partition.topic);
  }
  return topics;
}

std::string MemberText(const streams::kafka::GroupMember& member) {
  return absl::StrCat(member.member_id, " (host ", member.host, ")");
}

void DescribeGroup(const ResetPlan& plan, std::string* text) {
  absl::StrAppend(text, "group ", plan.application_id, ": ",
                  plan.members.empty() ? "no members" : "has members", "\n");
  for (const auto& member : plan.members) absl::StrAppend(text, "  ", MemberText(member), "\n");
}

void DescribeOffsets(const ResetPlan& plan, std::string* text) {
  const auto row = [&](const std::string& input, const std::string& committed,
                       const std::string& holds, const std::string& becomes) {
    absl::StrAppendFormat(text, "  %-44s %12s %24s  %s\n", input, committed, holds, becomes);
  };
  absl::StrAppend(text, "offsets of the group\n");
  row("input", "committed", "input holds", "becomes");
  for (const auto& [input, range] : plan.inputs) {
    const auto committed = plan.committed.find(input);
    row(base::ToString(input),
        committed == plan.committed.end() ? "none" : absl::StrCat(committed->second.offset.value()),
        absl::StrCat(range.start.value(), " to ", range.end.value()),
        plan.to_earliest ? "none (begins at the earliest record)"
                         : absl::StrCat(plan.positions.at(input).value()));
  }
}

void DescribeTopics(const ResetPlan& plan, std::string* text) {
  absl::StrAppend(text, "internal topics: ", plan.internal.empty() ? "there are none" : "deleted",
                  plan.to_earliest ? "\n" : ", and made anew with empty stores\n");
  for (const auto& [partition, range] : plan.internal) {
    absl::StrAppendFormat(text, "  %-44s offsets %d to %d\n", base::ToString(partition),
                          range.start.value(), range.end.value());
  }
}

void DescribeLocalState(const ResetPlan& plan, std::string* text) {
  absl::StrAppend(text, "local state\n  ", plan.local.directory, ": ");
  if (!plan.local.exists) {
    absl::StrAppend(text, "is not there\n");
  } else if (plan.local.stores.empty()) {
    absl::StrAppend(text, "is empty\n");
  } else {
    absl::StrAppend(
        text, "the stores of state partition ", absl::StrJoin(plan.local.stores, ", "),
        plan.delete_local_state ? " are deleted\n" : " must go, too: --delete_local_state\n");
  }
  absl::StrAppend(text, "  state directories of its other workers: delete their stores/ there\n");
}

}  // namespace

absl::StatusOr<ResetPlan> PlanReset(const Settings& settings, const streams::Topology& topology,
                                    const InputPoint& to, bool delete_local_state,
                                    const Connection& kafka) {
  ResetPlan plan{.application_id = settings.engine.application_id,
                 .members = {},
                 .committed = {},
                 .inputs = {},
                 .to_earliest = to.kind == InputPoint::Kind::kEarliest,
                 .positions = {},
                 .internal = {},
                 .local = {},
                 .delete_local_state = delete_local_state};
  ASSIGN_OR_RETURN(plan.members, kafka.operators->Members(kKafkaTimeout));
  const auto inputs = InputsOf(topology);
  ASSIGN_OR_RETURN(plan.inputs, InputRanges(inputs, kafka));
  ASSIGN_OR_RETURN(plan.committed, kafka.broker->admin().GroupOffsets(inputs, kKafkaTimeout));
  ASSIGN_OR_RETURN(plan.positions, Resolve(to, plan.inputs, kafka));
  ASSIGN_OR_RETURN(plan.internal, InternalRanges(plan.application_id, topology, kafka));
  ASSIGN_OR_RETURN(plan.local, FindLocalState(settings.state_dir, plan.application_id));
  return plan;
}

bool IsThere(const ResetPlan& plan) {
  return !plan.members.empty() || !plan.committed.empty() || !plan.internal.empty() ||
         plan.local.exists;
}

std::string Describe(const ResetPlan& plan) {
  std::string text = absl::StrCat("reset of application ", plan.application_id, "\n");
  DescribeGroup(plan, &text);
  DescribeOffsets(plan, &text);
  DescribeTopics(plan, &text);
  DescribeLocalState(plan, &text);
  absl::StrAppend(&text, "outputs: stay; what is processed again comes a second time\n");
  return text;
}

absl::Status CheckReset(const ResetPlan& plan, absl::Duration session_timeout) {
  if (!plan.members.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "group ", plan.application_id, " has members: ",
        absl::StrJoin(
            plan.members, ", ",
            [](std::string* out, const auto& one) { absl::StrAppend(out, MemberText(one)); }),
        ". Stop them; one that has stopped counts until its session ends (",
        absl::FormatDuration(session_timeout), " by this SESSION_TIMEOUT_MS)"));
  }
  if (!plan.local.stores.empty() && !plan.delete_local_state) {
    return absl::FailedPreconditionError(absl::StrCat(
        "there is local state in ", plan.local.directory,
        ", which would not fit any more: its worker would stop. --delete_local_state deletes it ",
        "with the rest; or move the directory away"));
  }
  return absl::OkStatus();
}

absl::Status ExecuteReset(const Settings& settings, const streams::Topology& topology,
                          const ResetPlan& plan, const Connection& kafka) {
  const std::vector<std::string> topics = TopicsOf(plan.internal);
  // The stores, the topics, and the group's offsets, which are one step.
  Progress progress("resetting (steps)",
                    static_cast<int64_t>(plan.local.stores.size() + topics.size() + 1));
  if (!plan.local.stores.empty()) {
    RETURN_IF_ERROR(DeleteLocalState(settings.state_dir, plan.application_id));
    progress.Advance(static_cast<int64_t>(plan.local.stores.size()));
  }
  // With offsets and without changelogs a worker stops: the sign that this has not ended yet.
  if (!plan.to_earliest) {
    std::vector<streams::PartitionStart> offsets;
    for (const auto& [input, position] : plan.positions) offsets.push_back({input, position});
    RETURN_IF_ERROR(kafka.operators->SetOffsets(offsets, kKafkaTimeout));
    progress.Advance(1);
  }
  constexpr absl::Duration kDeletionTimeout = absl::Minutes(1);
  size_t told = 0;
  RETURN_IF_ERROR(kafka.operators->DeleteTopics(topics, kDeletionTimeout, [&](size_t gone) {
    progress.Advance(static_cast<int64_t>(gone - std::exchange(told, gone)));
  }));
  if (plan.to_earliest) {
    RETURN_IF_ERROR(kafka.operators->DeleteGroup(kKafkaTimeout));
    progress.Advance(1);
  }
  progress.Finish();
  if (plan.to_earliest) return absl::OkStatus();
  return Found(settings, topology, kafka,
               {.content = [](const AddObject&) { return absl::OkStatus(); },
                .objects = 0,
                .positions = plan.positions,
                .offsets_are_set = true});
}

}  // namespace tools
