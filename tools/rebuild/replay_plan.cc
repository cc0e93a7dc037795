#include "tools/rebuild/replay_plan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "tools/rebuild/local_state.h"
#include "tools/rebuild/progress.h"
#include "tools/rebuild/state_lines.h"

namespace tools {
namespace {

// A folder as it was named; or the application's in a state directory.
absl::StatusOr<StateCopy> OpenStart(const std::string& folder, const Settings& settings,
                                    const streams::Topology& topology, state::Executor* executor) {
  auto opened = OpenCheckpoint(folder, settings.engine.application_id, topology, executor);
  if (!absl::IsNotFound(opened.status())) return opened;
  return base::Annotate(opened.status(),
                        "--start_state names an application's folder of a state directory");
}

absl::StatusOr<StateCopy> ReadLines(const std::string& path, const streams::Topology& topology,
                                    state::Executor* executor) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read --start_state ", path));
  StateLines lines;
  Progress progress("reading the lines (bytes)",
                    static_cast<int64_t>(std::filesystem::file_size(path)));
  lines.Read(file, &progress);
  progress.Finish();
  if (const auto wrong = lines.Check(); !wrong.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("--start_state ", path, ": ", wrong[0]));
  }
  const auto stores = topology.store_names();
  state::MemoryBackendFactory memory;  // what it opens outlives it
  ASSIGN_OR_RETURN(auto backend, memory.Open("start", stores));
  StateCopy copy{.what = absl::StrCat("the lines in ", path), .positions = {}, .replica = nullptr};
  ASSIGN_OR_RETURN(copy.replica, state::Replica::Open(std::move(backend), stores.size(), executor));
  RETURN_IF_ERROR(lines.Content(stores)(
      [&](state::StoreIndex store, std::string_view key, std::string_view value) {
        copy.replica->Apply(store, key, value);
        return absl::OkStatus();
      }));
  return copy;
}

// A checkpoint is a moment even of a worker that runs.
absl::StatusOr<StateCopy> OpenLive(const Settings& settings, const streams::Topology& topology,
                                   const Connection& kafka, state::MemoryBackendFactory* memory,
                                   state::Executor* executor) {
  ASSIGN_OR_RETURN(const LocalState local,
                   FindLocalState(settings.state_dir, settings.engine.application_id));
  if (!local.stores.empty()) {
    auto checkpoint =
        OpenCheckpoint(local.directory, settings.engine.application_id, topology, executor);
    if (checkpoint.ok()) return checkpoint;
  }
  return ReadChangelogs(settings, topology, kafka, memory, executor);
}

// The group's own offsets: how far its outputs were announced.
absl::StatusOr<streams::InputPositions> Committed(const Settings& settings, const Ranges& ranges,
                                                  const Connection& kafka) {
  std::vector<base::TopicPartition> inputs;
  for (const auto& [input, range] : ranges) inputs.push_back(input);
  ASSIGN_OR_RETURN(const auto committed, kafka.broker->admin().GroupOffsets(inputs, kKafkaTimeout));
  streams::InputPositions positions;
  for (const base::TopicPartition& input : inputs) {
    const auto found = committed.find(input);
    if (found == committed.end()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "group ", settings.engine.application_id, " has no committed offset of ",
          base::ToString(input), ", so how far its outputs were announced is not known. Say by ",
          "--to where the new application shall begin to announce (latest: behind what is there)"));
    }
    positions[input] = found->second.offset;
  }
  return positions;
}

absl::StatusOr<streams::InputPositions> FindEnd(const Settings& settings,
                                                const ReplayRequest& request,
                                                const ReplayPlan& plan, const Ranges& ranges,
                                                const Connection& kafka) {
  if (request.to.has_value()) return Resolve(*request.to, ranges, kafka);
  if (plan.live.has_value()) return plan.live->positions;
  if (!request.into.empty()) return Committed(settings, ranges, kafka);
  return Resolve({.kind = InputPoint::Kind::kLatest, .positions = {}}, ranges, kafka);
}

absl::Status CheckPositions(const streams::InputPositions& positions, const Ranges& ranges,
                            const std::string& whose) {
  for (const auto& [input, range] : ranges) {
    const auto found = positions.find(input);
    if (found == positions.end()) {
      return absl::FailedPreconditionError(absl::StrCat(
          whose, " says nothing of input ", base::ToString(input), ": it is of other topics"));
    }
    if (found->second >= range.start && found->second <= range.end) continue;
    return absl::OutOfRangeError(absl::StrCat(
        whose, " stands at ", found->second.value(), " of input ", base::ToString(input),
        ", which holds offsets ", range.start.value(), " to ", range.end.value()));
  }
  return absl::OkStatus();
}

absl::Status CheckOrder(const ReplayPlan& plan) {
  for (const auto& [input, from] : plan.from) {
    if (from <= plan.to.at(input)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("input ", base::ToString(input), " would be replayed from ", from.value(),
                     " to ", plan.to.at(input).value(), ", which is before it"));
  }
  return absl::OkStatus();
}

// A state that is to count must not lack what came before.
absl::Status CheckWhole(const ReplayPlan& plan, const Ranges& ranges, bool skip_lost) {
  if (plan.start.has_value() || plan.from_the_beginning || skip_lost) return absl::OkStatus();
  for (const auto& [input, from] : plan.from) {
    if (from.value() == 0) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "input ", base::ToString(input), " would be replayed from offset ", from.value(),
        " (it holds ", ranges.at(input).start.value(), " to ", ranges.at(input).end.value(),
        "), and the state would lack what came before. Start from a state (--start_state), or go ",
        "on without it by --lost_inputs=skip"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsLines(const std::string& start_state) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(start_state, ignored);
}

absl::StatusOr<ReplayPlan> PlanReplay(const Settings& settings, const ReplayRequest& request,
                                      const streams::Topology& topology, const Connection& kafka,
                                      state::MemoryBackendFactory* memory,
                                      state::Executor* executor) {
  ReplayPlan plan;
  ASSIGN_OR_RETURN(const Ranges ranges, InputRanges(InputsOf(topology), kafka));
  if (IsLines(request.start_state)) {
    ASSIGN_OR_RETURN(plan.start, ReadLines(request.start_state, topology, executor));
    ASSIGN_OR_RETURN(plan.from, Resolve(*request.from, ranges, kafka));
  } else if (!request.start_state.empty()) {
    ASSIGN_OR_RETURN(plan.start, OpenStart(request.start_state, settings, topology, executor));
    plan.from = plan.start->positions;
    RETURN_IF_ERROR(CheckPositions(plan.from, ranges, plan.start->what));
  } else {
    ASSIGN_OR_RETURN(plan.from, Resolve(request.from.value_or(InputPoint()), ranges, kafka));
  }
  plan.from_the_beginning =
      !plan.start.has_value() && std::all_of(plan.from.begin(), plan.from.end(),
                                             [](const auto& at) { return at.second.value() == 0; });
  if (request.compare) {
    ASSIGN_OR_RETURN(plan.live, OpenLive(settings, topology, kafka, memory, executor));
  }
  ASSIGN_OR_RETURN(plan.to, FindEnd(settings, request, plan, ranges, kafka));
  RETURN_IF_ERROR(
      CheckPositions(plan.to, ranges, plan.live.has_value() ? plan.live->what : "the end"));
  RETURN_IF_ERROR(CheckOrder(plan));
  if (!request.into.empty()) {
    RETURN_IF_ERROR(CheckWhole(plan, ranges, settings.engine.choices.skip_lost_inputs));
  }
  return plan;
}

}  // namespace tools
