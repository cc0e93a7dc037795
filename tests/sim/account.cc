// A run as the plain model reads it: JSON, whose strings are bytes as Latin-1.

#include <set>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "serde/dump_json.h"
#include "state/store.h"
#include "tests/sim/judge.h"

namespace simulation {
namespace {

void AddText(const std::optional<std::string>& bytes, std::string* json) {
  if (!bytes.has_value()) {
    json->append("null");
    return;
  }
  json->push_back('"');
  for (const char c : *bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      absl::StrAppendFormat(json, "\\u%04x", static_cast<unsigned>(byte));
    } else {
      json->push_back(c);
    }
  }
  json->push_back('"');
}

// Calls `add` for each, with commas between them, in brackets.
template <class Items, class Add>
void AddList(const Items& items, std::string* json, Add add) {
  json->push_back('[');
  bool first = true;
  for (const auto& item : items) {
    if (!first) json->push_back(',');
    first = false;
    add(item);
  }
  json->push_back(']');
}

// Without brackets.
void AddRecord(const streams::sim::Record& record, std::string* json) {
  AddText(record.key, json);
  json->push_back(',');
  AddText(record.value, json);
  json->push_back(',');
  AddList(record.headers, json, [json](const streams::sim::OwnedHeader& header) {
    json->push_back('[');
    AddText(header.first, json);
    json->push_back(',');
    AddText(header.second, json);
    json->push_back(']');
  });
  absl::StrAppend(json, ",", record.timestamp.value());
}

}  // namespace

std::string Judge::Account(const std::vector<Written>& inputs) const {
  std::string json = absl::StrCat(R"({"now":)", cluster_->clock().Now().value(), R"(,"inputs":)");
  AddList(inputs, &json, [&json](const Written& written) {
    absl::StrAppend(&json, R"([")", written.input.topic, R"(",)", written.offset.value(), ",");
    AddRecord(written.input.record, &json);
    json.push_back(']');
  });
  json.append(R"(,"outputs":{)");
  const std::vector<std::string> sinks = topology_.sink_topics();
  for (const std::string& topic : sinks) {
    absl::StrAppend(&json, topic == sinks.front() ? "" : ",", R"(")", topic, R"(":)");
    std::set<std::string> seen;  // each as it came first
    std::vector<std::string> records;
    for (const streams::sim::EntryPtr& entry : Outputs(topic)) {
      std::string record = "[";
      AddRecord(entry->record, &record);
      record.push_back(']');
      if (seen.insert(record).second) records.push_back(std::move(record));
    }
    AddList(records, &json, [&json](const std::string& record) { json.append(record); });
  }
  std::vector<std::string> lines;
  const Bytes state = Fold();
  for (size_t i = 0; i < stores_.size(); ++i) {
    for (const auto& [key, value] : state[i]) {
      if (key.size() < state::kSmallestKey) continue;
      const auto line = serde::DumpJson(stores_[i], key, value);
      lines.push_back(line.ok() ? *line : std::string(line.status().message()));
    }
  }
  json.append(R"(},"state":)");
  AddList(lines, &json, [&json](const std::string& line) { AddText(line, &json); });
  json.push_back('}');
  return json;
}

}  // namespace simulation
