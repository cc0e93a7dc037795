#include "tools/rebuild/input_point.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "tools/moment.h"

namespace tools {
namespace {

absl::Status NoPoint(const std::string& text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no point in the inputs, allowed are: earliest, latest, ",
                   kTimes, ", or each input's position (topic-0@12,topic-0@7,...)"));
}

// "topic-0@12"; topics have dashes themselves.
bool ParsePosition(const std::string& text, streams::InputPositions* positions) {
  const size_t at = text.rfind('@');
  const size_t dash = at == std::string::npos ? at : text.rfind('-', at);
  if (dash == std::string::npos || dash == 0) return false;
  int32_t partition = 0;
  int64_t offset = 0;
  if (!absl::SimpleAtoi(text.substr(dash + 1, at - dash - 1), &partition) || partition < 0 ||
      !absl::SimpleAtoi(text.substr(at + 1), &offset) || offset < 0) {
    return false;
  }
  const base::TopicPartition input{text.substr(0, dash), base::Partition(partition)};
  return positions->emplace(input, base::Offset(offset)).second;
}

// All inputs, each once, and nothing else.
absl::Status CheckNamed(const streams::InputPositions& positions, const Ranges& ranges) {
  for (const auto& [input, position] : positions) {
    if (ranges.contains(input)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(base::ToString(input), " is none of the inputs: ",
                     absl::StrJoin(ranges, ", ", [](std::string* out, const auto& one) {
                       absl::StrAppend(out, base::ToString(one.first));
                     })));
  }
  for (const auto& [input, range] : ranges) {
    if (positions.contains(input)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("there is no position for input ", base::ToString(input)));
  }
  return absl::OkStatus();
}

absl::Status CheckRetained(const streams::InputPositions& positions, const Ranges& ranges) {
  for (const auto& [input, position] : positions) {
    const streams::LogRange& range = ranges.at(input);
    if (position >= range.start && position <= range.end) continue;
    return absl::OutOfRangeError(absl::StrCat("input ", base::ToString(input), " holds offsets ",
                                              range.start.value(), " to ", range.end.value(),
                                              ", position ", position.value(), " is not in it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<InputPoint> ParseInputPoint(const std::string& text) {
  if (text == "earliest") return InputPoint{.kind = InputPoint::Kind::kEarliest, .positions = {}};
  if (text == "latest") return InputPoint{.kind = InputPoint::Kind::kLatest, .positions = {}};
  if (const auto time = ParseTime(text)) {
    return InputPoint{.kind = InputPoint::Kind::kTime, .time = *time, .positions = {}};
  }
  InputPoint point{.kind = InputPoint::Kind::kOffsets, .positions = {}};
  for (const std::string& one : std::vector<std::string>(absl::StrSplit(text, ','))) {
    if (!ParsePosition(one, &point.positions)) return NoPoint(text);
  }
  return point;
}

std::string ToString(const streams::InputPositions& positions) {
  return absl::StrJoin(positions, ",", [](std::string* out, const auto& one) {
    absl::StrAppend(out, base::ToString(one.first), "@", one.second.value());
  });
}

std::vector<base::TopicPartition> InputsOf(const streams::Topology& topology) {
  std::vector<base::TopicPartition> inputs;
  for (const std::string& topic : topology.source_topics()) {
    inputs.push_back({topic, base::Partition(0)});
  }
  return inputs;
}

absl::StatusOr<Ranges> InputRanges(std::span<const base::TopicPartition> inputs,
                                   const Connection& kafka, bool missing_are_empty) {
  std::vector<std::string> topics;
  for (const base::TopicPartition& input : inputs) topics.push_back(input.topic);
  ASSIGN_OR_RETURN(const auto found, kafka.broker->admin().DescribeTopics(topics, kKafkaTimeout));
  Ranges missing;
  std::vector<base::TopicPartition> there;
  for (const base::TopicPartition& input : inputs) {
    const std::string& topic = input.topic;
    const auto it = found.find(topic);
    if (it == found.end()) {
      if (!missing_are_empty) {
        return absl::NotFoundError(absl::StrCat("there is no input topic ", topic));
      }
      missing[input] = {};
      continue;
    }
    there.push_back(input);
    if (it->second.partitions != 1) {
      return absl::FailedPreconditionError(
          absl::StrCat("input ", topic, " has ", it->second.partitions,
                       " partitions. This version knows the fused plan only: inputs of one"));
    }
  }
  ASSIGN_OR_RETURN(Ranges ranges, kafka.reader->Ranges(there, kKafkaTimeout));
  ranges.merge(missing);
  return ranges;
}

absl::StatusOr<streams::InputPositions> Resolve(const InputPoint& point, const Ranges& ranges,
                                                const Connection& kafka) {
  streams::InputPositions positions;
  switch (point.kind) {
    case InputPoint::Kind::kEarliest:
      for (const auto& [input, range] : ranges) positions[input] = range.start;
      return positions;
    case InputPoint::Kind::kLatest:
      for (const auto& [input, range] : ranges) positions[input] = range.stable_end;
      return positions;
    case InputPoint::Kind::kTime: {
      std::vector<base::TopicPartition> inputs;
      for (const auto& [input, range] : ranges) {
        positions[input] = range.stable_end;
        if (range.start < range.stable_end) inputs.push_back(input);
      }
      ASSIGN_OR_RETURN(const auto offsets,
                       kafka.operators->OffsetsAt(inputs, point.time, kKafkaTimeout));
      for (size_t i = 0; i < inputs.size(); ++i) {
        positions[inputs[i]] = std::min(offsets[i], ranges.at(inputs[i]).stable_end);
      }
      return positions;
    }
    case InputPoint::Kind::kOffsets:
      RETURN_IF_ERROR(CheckNamed(point.positions, ranges));
      RETURN_IF_ERROR(CheckRetained(point.positions, ranges));
      return point.positions;
  }
  return positions;
}

}  // namespace tools
