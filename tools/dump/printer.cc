#include "tools/dump/printer.h"

#include <cstdio>
#include <map>

#include "base/status.h"
#include "serde/dump_json.h"
#include "state/store.h"

namespace dump {

absl::Status Printer::Print(const std::string& store, state::StoreIndex index,
                            const std::vector<Source>& sources) {
  if (sources.size() == 1) {
    return sources[0].replica->Scan(index, [&](std::string_view key, std::string_view value) {
      One(store, key, value);
      return true;
    });
  }
  std::map<std::string, std::string> all;
  for (const Source& source : sources) {
    RETURN_IF_ERROR(source.replica->Scan(index, [&](std::string_view key, std::string_view value) {
      if (key.size() >= state::kSmallestKey) all.emplace(key, value);
      return true;
    }));
  }
  for (const auto& [key, value] : all) One(store, key, value);
  return absl::OkStatus();
}

void Printer::One(const std::string& store, std::string_view key, std::string_view value) {
  if (key.size() < state::kSmallestKey) return;  // the engine's
  absl::Status status;
  if (json_) {
    const auto line = serde::DumpJson(store, key, value);
    status = line.status();
    if (line.ok()) output_.Line(*line);
  } else {
    status = table_.Add(store, key, value);
  }
  if (status.ok()) return;
  failed_ = true;
  std::fprintf(stderr, "state-dump: %s\n", std::string(status.message()).c_str());
}

}  // namespace dump
