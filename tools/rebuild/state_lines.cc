#include "tools/rebuild/state_lines.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "serde/dump_parse.h"
#include "serde/store_codecs.h"

namespace tools {
namespace {

using Of = rules::Violation::Of;

template <class Codec, class Objects>
absl::Status AddAll(const Objects& objects, const std::vector<std::string>& stores,
                    const AddObject& add) {
  const auto store = std::find(stores.begin(), stores.end(), Codec::kName);
  const state::StoreIndex index(static_cast<uint8_t>(store - stores.begin()));
  std::string key;
  std::string value;
  for (const auto& [id, object] : objects) {
    key.clear();
    value.clear();
    Codec::EncodeKey(id, &key);
    Codec::EncodeValue(object, &value);
    RETURN_IF_ERROR(add(index, key, value));
  }
  return absl::OkStatus();
}

}  // namespace

void StateLines::Read(std::istream& in, Progress* progress) {
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    progress->Advance(static_cast<int64_t>(line.size()) + 1);
    if (!line.empty()) ReadLine(line, number);
  }
}

void StateLines::ReadLine(const std::string& line, int64_t number) {
  auto object = serde::ParseDump(line);
  if (!object.ok()) {
    wrong_.emplace_back(number, object.status().message());
    return;
  }
  if (auto* character = std::get_if<serde::DumpedCharacter>(&*object)) {
    const auto& key = character->first;
    if (IsNew({Of::kCharacter, {key.tenant, key.id.value()}}, number)) {
      state_.characters.insert(std::move(*character));
    }
  } else if (auto* party = std::get_if<serde::DumpedParty>(&*object)) {
    const auto& key = party->first;
    if (IsNew({Of::kParty, {key.tenant, key.id.value()}}, number)) state_.parties.insert(*party);
  } else if (auto* sequence = std::get_if<serde::DumpedSequence>(&*object)) {
    if (IsNew({Of::kSequence, {sequence->first, 0}}, number)) state_.sequences.insert(*sequence);
  }
}

bool StateLines::IsNew(const Object& object, int64_t number) {
  const auto [first, is_new] = lines_.emplace(object, number);
  if (!is_new) {
    wrong_.emplace_back(
        number, absl::StrCat("field id: line ", first->second, " tells of the same object"));
  }
  return is_new;
}

std::vector<std::string> StateLines::Check() {
  // With lines missing, what ties the others together need not hold.
  if (wrong_.empty()) {
    for (const rules::Violation& one : rules::FindViolations(state_)) {
      const auto line = lines_.find({one.of, {one.tenant, one.id}});
      wrong_.emplace_back(line == lines_.end() ? 0 : line->second,
                          absl::StrCat("field ", one.field, ": ", one.text));
    }
  }
  std::stable_sort(wrong_.begin(), wrong_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> texts;
  for (const auto& [number, what] : wrong_) {
    texts.push_back(absl::StrCat("line ", number, ": ", what));
  }
  return texts;
}

int64_t StateLines::objects() const {
  return static_cast<int64_t>(state_.characters.size() + state_.parties.size() +
                              state_.sequences.size());
}

StateContent StateLines::Content(const std::vector<std::string>& stores) const {
  return [this, stores](const AddObject& add) {
    RETURN_IF_ERROR(AddAll<serde::CharacterCodec>(state_.characters, stores, add));
    RETURN_IF_ERROR(AddAll<serde::PartyCodec>(state_.parties, stores, add));
    return AddAll<serde::PartySequenceCodec>(state_.sequences, stores, add);
  };
}

}  // namespace tools
