#include "tools/dump/printer.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "serde/dump_json.h"
#include "serde/store_codecs.h"
#include "tools/dump/entries.h"
#include "tools/dump/shown.h"

namespace dump {

void Printer::Print(const std::vector<std::string>& stores, const std::vector<Source>& sources,
                    const Filter& filter) {
  NameFrom(sources);
  bool none = true;
  for (size_t i = 0; i < stores.size(); ++i) {
    if (!filter.store.empty() && filter.store != stores[i]) continue;
    const absl::Status read =
        ForEach(sources, i, stores[i], filter, [&](std::string_view key, std::string_view value) {
          none = false;
          One(stores[i], key, value);
        });
    if (read.ok()) continue;
    failed_ = true;
    Complain(absl::StrCat("store ", stores[i], ": ", read.message()));
  }
  if (!none || failed_ || filter.NonePasses().empty()) return;
  failed_ = true;
  Complain(filter.NonePasses());
}

void Printer::NameFrom(const std::vector<Source>& sources) {
  table_.set_name_of([&sources](const model::TenantKey<model::CharacterId>& character)
                         -> std::optional<std::string> {
    std::string key;
    std::string value;
    serde::CharacterCodec::EncodeKey(character, &key);
    const auto found = Find(sources, 0, key, &value);
    model::Character it;
    if (!found.ok() || !*found || !serde::CharacterCodec::DecodeValue(value, &it).ok()) return {};
    return it.name;
  });
}

void Printer::One(const std::string& store, std::string_view key, std::string_view value) {
  absl::Status status;
  if (json_) {
    const auto line = serde::DumpJson(store, key, value);
    status = line.status();
    if (line.ok()) output_->Line(*line);
  } else {
    status = table_.Add(store, key, value);
  }
  if (status.ok()) return;
  failed_ = true;
  Complain(absl::StrCat(ObjectName(store, key), ": ", status.message()));
}

}  // namespace dump
