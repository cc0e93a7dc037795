// Shows the topology: as Kafka Streams describes one, or as a picture; and the plan of its
// tasks.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/kafka_broker.h"
#include "streams/plan.h"
#include "streams/topic_setup.h"
#include "streams/topology_description.h"
#include "tools/output.h"
#include "tools/settings.h"
#include "topology/party_topology.h"

ABSL_FLAG(std::string, format, "text",
          "text: as Kafka Streams' TopologyDescription; dot: for Graphviz; mermaid");
ABSL_FLAG(std::string, partitions, "",
          "show the plan for so many partitions of the inputs: a number for all of them, or "
          "topic=number,topic=number...");
ABSL_FLAG(bool, live, false, "show the plan for the partitions that there are in Kafka");

namespace {

constexpr char kUsage[] =
    "describe-topology: what the worker consists of, and which tasks it runs.\n"
    "\n"
    "Prints the topology in the text form of Kafka Streams, which its visualisers read, or as\n"
    "a graph. --partitions or --live add the plan: the tasks, what they read, keep and write.\n"
    "Exit status 1: there is no plan, or Kafka could not be asked; 2: wrong settings.";

absl::StatusOr<int32_t> ReadCount(const std::string& text) {
  int32_t count = 0;
  if (absl::SimpleAtoi(text, &count) && count >= 1) return count;
  return absl::InvalidArgumentError(
      absl::StrCat("--partitions: \"", text, "\" is no number of partitions"));
}

absl::StatusOr<streams::PartitionCounts> ReadCounts(const std::string& text,
                                                    const streams::Topology& topology,
                                                    int state_partitions) {
  streams::PartitionCounts counts;
  const std::vector<std::string> inputs = topology.source_topics();
  for (const std::string& topic : inputs) counts.inputs[topic] = 1;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(text, ','))) {
    const std::pair<std::string, std::string> named = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const bool for_all = part.find('=') == std::string::npos;
    ASSIGN_OR_RETURN(const int32_t count, ReadCount(for_all ? part : named.second));
    if (!for_all && !counts.inputs.contains(named.first)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--partitions: \"", named.first,
                       "\" is none of the inputs: ", absl::StrJoin(inputs, ", ")));
    }
    for (auto& [topic, partitions] : counts.inputs) {
      if (for_all || topic == named.first) partitions = count;
    }
  }
  counts.state = state_partitions;
  for (const auto& [topic, count] : counts.inputs) {
    if (state_partitions == 0) counts.state = std::max(counts.state, count);
  }
  return counts;
}

absl::StatusOr<streams::PartitionCounts> AskKafka(const tools::Settings& settings,
                                                  const streams::Topology& topology) {
  ASSIGN_OR_RETURN(const auto kafka, streams::kafka::KafkaBroker::Create(settings.kafka));
  return streams::FindPartitions(topology, settings.topic_setup, kafka->admin());
}

absl::Status CheckFlags() {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "text" && format != "dot" && format != "mermaid") {
    return absl::InvalidArgumentError(
        absl::StrCat("--format is \"", format, "\", allowed are: text, dot, mermaid"));
  }
  const bool partitions = !absl::GetFlag(FLAGS_partitions).empty();
  if (partitions && absl::GetFlag(FLAGS_live)) {
    return absl::InvalidArgumentError("--partitions and --live are for one plan each: give one");
  }
  if (format != "text" && (partitions || absl::GetFlag(FLAGS_live))) {
    return absl::InvalidArgumentError("a plan is text: --format=dot and mermaid have none");
  }
  return absl::OkStatus();
}

absl::Status Run(const tools::Settings& settings, tools::Output* output) {
  RETURN_IF_ERROR(CheckFlags());
  const streams::Topology topology = topology::PartyTopology(settings.topics, settings.intake);
  const std::string partitions = absl::GetFlag(FLAGS_partitions);
  absl::StatusOr<streams::PartitionCounts> counts;
  if (!partitions.empty()) {
    counts = ReadCounts(partitions, topology, settings.topic_setup.state_partitions);
    RETURN_IF_ERROR(counts.status());
  }
  const streams::TopologyDescription description = streams::Describe(topology);
  const std::string format = absl::GetFlag(FLAGS_format);
  const std::string shown = format == "dot"       ? streams::ToDot(description)
                            : format == "mermaid" ? streams::ToMermaid(description)
                                                  : streams::ToText(description);
  output->Text(shown);
  if (absl::GetFlag(FLAGS_live)) counts = AskKafka(settings, topology);
  if (partitions.empty() && !absl::GetFlag(FLAGS_live)) return absl::OkStatus();
  RETURN_IF_ERROR(counts.status());
  ASSIGN_OR_RETURN(const streams::Plan plan, streams::MakePlan(topology, *counts));
  output->Text(streams::ToText(plan, topology, settings.engine.application_id));
  return absl::OkStatus();
}

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "describe-topology: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = tools::ParseSettings(argc, argv, "tools/describe_topology.cc", kUsage);
  if (!settings.ok()) return Report(settings.status()), 2;
  if (!base::SetUpLogging("error").ok()) return 2;
  tools::Output output("describe-topology");
  const int status = Report(Run(*settings, &output));
  return output.Flush() ? status : 1;
}
