#include "tools/dump/positions.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"
#include "streams/engine_records.h"
#include "tools/dump/changelogs.h"
#include "tools/dump/shown.h"
#include "topology/party_topology.h"

namespace dump {
namespace {

using Number = std::optional<int64_t>;

struct StoreLine {
  std::string store;
  Number checkpoint;
  Number start, end;
};

struct InputLine {
  std::string input;
  Number in_checkpoint;  // as the checkpoint has recorded it
  Number in_changelog;   // as the changelog has recorded it last
  Number in_group;
  Number end;
};

struct PartitionPositions {
  base::Partition partition;
  std::string no_store;  // in which folder
  std::optional<state::Positions> checkpoint;
  std::vector<StoreLine> stores;
  std::vector<InputLine> inputs;
};

std::string Shown(const Number& number) {
  return number.has_value() ? absl::StrCat(*number) : std::string("-");
}

Number Behind(const Number& position, const Number& end) {
  if (!position.has_value() || !end.has_value()) return std::nullopt;
  return std::max<int64_t>(0, *end - *position);
}

// Takes `of` into the field of each input.
void Fill(const streams::InputPositions& of, Number InputLine::*field,
          std::vector<InputLine>* inputs) {
  for (InputLine& line : *inputs) {
    for (const auto& [partition, position] : of) {
      if (base::ToString(partition) == line.input) line.*field = position.value();
    }
  }
}

std::vector<base::TopicPartition> Inputs(const Loader& loader, base::Partition partition) {
  std::vector<base::TopicPartition> inputs;
  for (const std::string& topic :
       topology::PartyTopology(loader.settings().topics, loader.settings().intake)
           .source_topics()) {
    inputs.push_back({topic, partition});
  }
  return inputs;
}

absl::Status AskKafka(Loader* loader, const std::vector<base::TopicPartition>& inputs,
                      PartitionPositions* found) {
  ASSIGN_OR_RETURN(streams::Broker * broker, loader->broker());
  ASSIGN_OR_RETURN(const auto reader, broker->NewLogReader());
  Changelogs changelogs(loader->settings().engine.application_id, loader->stores(),
                        found->partition, reader.get());
  ASSIGN_OR_RETURN(const auto ranges, changelogs.Ranges());
  for (size_t i = 0; i < ranges.size(); ++i) {
    found->stores[i].start = ranges[i].start.value();
    found->stores[i].end = ranges[i].stable_end.value();
  }
  std::vector<std::string> topics;
  for (const base::TopicPartition& input : inputs) topics.push_back(input.topic);
  ASSIGN_OR_RETURN(const auto described, broker->admin().DescribeTopics(topics, kKafkaTimeout));
  std::vector<base::TopicPartition> there;
  for (const base::TopicPartition& input : inputs) {
    if (described.contains(input.topic)) there.push_back(input);
  }
  if (there.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto offsets, broker->admin().GroupOffsets(there, kKafkaTimeout));
  ASSIGN_OR_RETURN(const auto ends, reader->Ranges(there, kKafkaTimeout));
  streams::InputPositions in_group;
  streams::InputPositions input_ends;
  for (const auto& [partition, committed] : offsets) in_group[partition] = committed.offset;
  for (const auto& [partition, range] : ends) input_ends[partition] = range.stable_end;
  Fill(in_group, &InputLine::in_group, &found->inputs);
  Fill(input_ends, &InputLine::end, &found->inputs);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PartitionPositions>> Gather(Loader* loader, const Options& options) {
  std::vector<PartitionPositions> all;
  std::vector<Source> sources;
  if (options.from == Options::From::kChangelogs) {
    ASSIGN_OR_RETURN(sources, loader->FromChangelogs(std::nullopt));
  } else {
    ASSIGN_OR_RETURN(sources, loader->Checkpoints(loader->settings().state_dir));
  }
  for (const Source& source : sources) {
    PartitionPositions found{.partition = source.partition,
                             .no_store = HasNoStore(source) ? source.path : "",
                             .checkpoint = std::nullopt,
                             .stores = {},
                             .inputs = {}};
    const std::vector<base::TopicPartition> inputs = Inputs(*loader, source.partition);
    for (const std::string& store : loader->stores()) {
      found.stores.push_back({.store = store, .checkpoint = {}, .start = {}, .end = {}});
    }
    for (const base::TopicPartition& input : inputs) {
      found.inputs.push_back({.input = base::ToString(input),
                              .in_checkpoint = {},
                              .in_changelog = {},
                              .in_group = {},
                              .end = {}});
    }
    // Of what the changelogs give, the positions are none.
    if (source.memory == nullptr && !source.replica->is_new()) {
      found.checkpoint = source.replica->positions();
      for (size_t i = 0; i < found.stores.size(); ++i) {
        found.stores[i].checkpoint = found.checkpoint->next[i].value();
      }
      ASSIGN_OR_RETURN(const auto recorded, streams::ReadInputPositions(*source.replica));
      Fill(recorded, &InputLine::in_checkpoint, &found.inputs);
    }
    if (options.from != Options::From::kCheckpoint) {
      RETURN_IF_ERROR(AskKafka(loader, inputs, &found));
    }
    all.push_back(std::move(found));
  }
  if (options.from == Options::From::kCheckpoint) return all;
  if (options.from != Options::From::kChangelogs) RETURN_IF_ERROR(loader->CatchUp(&sources));
  for (size_t i = 0; i < sources.size(); ++i) {
    ASSIGN_OR_RETURN(const auto recorded, streams::ReadInputPositions(*sources[i].replica));
    Fill(recorded, &InputLine::in_changelog, &all[i].inputs);
  }
  return all;
}

void PrintTable(const PartitionPositions& found, Output* output) {
  const std::string_view heading = output->style().heading;
  std::string title = absl::StrCat("state partition ", found.partition.value(), ": ");
  if (!found.no_store.empty()) {
    absl::StrAppend(&title, "no store in ", found.no_store);
  } else if (!found.checkpoint.has_value()) {
    absl::StrAppend(&title, "no checkpoint");
  } else {
    const base::Timestamp as_of = found.checkpoint->current_as_of;
    const int64_t age = base::SystemClock().Now().value() - as_of.value();
    absl::StrAppend(&title, "checkpoint ",
                    found.checkpoint->consistent ? "at the end of a transaction"
                                                 : "in the middle of a restore (not consistent)",
                    ", current as of ", ToString(as_of), " (",
                    absl::FormatDuration(absl::Trunc(absl::Milliseconds(age), absl::Seconds(1))),
                    " ago)");
  }
  output->Line(title, heading);
  output->Line(absl::StrFormat("  %-40s %14s %14s %14s %14s", "store", "checkpoint", "log start",
                               "log end", "behind"),
               heading);
  for (const StoreLine& line : found.stores) {
    output->Line(absl::StrFormat("  %-40s %14s %14s %14s %14s", line.store, Shown(line.checkpoint),
                                 Shown(line.start), Shown(line.end),
                                 Shown(Behind(line.checkpoint, line.end))));
  }
  output->Line(absl::StrFormat("  %-40s %14s %14s %14s %14s %14s", "input", "checkpoint",
                               "changelog", "group", "end", "lag"),
               heading);
  for (const InputLine& line : found.inputs) {
    output->Line(absl::StrFormat("  %-40s %14s %14s %14s %14s %14s", line.input,
                                 Shown(line.in_checkpoint), Shown(line.in_changelog),
                                 Shown(line.in_group), Shown(line.end),
                                 Shown(Behind(line.in_group, line.end))));
  }
}

void Append(const char* name, const Number& number, std::string* line) {
  if (number.has_value()) absl::StrAppend(line, ",\"", name, "\":", *number);
}

void PrintJson(const PartitionPositions& found, Output* output) {
  const std::string partition = absl::StrCat("\"state_partition\":", found.partition.value());
  if (found.checkpoint.has_value()) {
    output->Line(absl::StrCat("{", partition,
                              ",\"consistent\":", found.checkpoint->consistent ? "true" : "false",
                              ",\"current_as_of\":", found.checkpoint->current_as_of.value(), "}"));
  }
  for (const StoreLine& one : found.stores) {
    std::string line = absl::StrCat("{", partition, ",\"store\":", JsonText(one.store));
    Append("checkpoint", one.checkpoint, &line);
    Append("log_start", one.start, &line);
    Append("log_end", one.end, &line);
    Append("behind", Behind(one.checkpoint, one.end), &line);
    output->Line(line + "}");
  }
  for (const InputLine& one : found.inputs) {
    std::string line = absl::StrCat("{", partition, ",\"input\":", JsonText(one.input));
    Append("checkpoint", one.in_checkpoint, &line);
    Append("changelog", one.in_changelog, &line);
    Append("group", one.in_group, &line);
    Append("end", one.end, &line);
    Append("lag", Behind(one.in_group, one.end), &line);
    output->Line(line + "}");
  }
}

}  // namespace

absl::Status PrintPositions(Loader* loader, const Options& options, Output* output) {
  ASSIGN_OR_RETURN(const auto all, Gather(loader, options));
  for (const PartitionPositions& found : all) {
    options.json ? PrintJson(found, output) : PrintTable(found, output);
  }
  return absl::OkStatus();
}

}  // namespace dump
