#include "state/changelog_check.h"

#include <algorithm>
#include <utility>

namespace state {

void ChangelogCheck::AddRecord(base::Offset offset, std::string_view key,
                               std::optional<std::string_view> value) {
  auto found = keys_.find(key);
  if (found == keys_.end()) found = keys_.emplace(std::string(key), Versions{}).first;
  Versions& versions = found->second;
  std::optional<LoggedValue>& version = offset < position_ ? versions.below : versions.since;
  if (!version.has_value()) version.emplace();
  version->offset = offset;
  if (value.has_value()) {
    if (!version->value.has_value()) version->value.emplace();
    version->value->assign(*value);
  } else {
    version->value.reset();
  }
}

void ChangelogCheck::ForEachLatest(
    const std::function<void(std::string_view key, std::string_view value)>& visit) const {
  for (const auto& [key, versions] : keys_) {
    const LoggedValue& latest = versions.since.has_value() ? *versions.since : *versions.below;
    if (latest.value.has_value()) visit(key, *latest.value);
  }
}

void ChangelogCheck::AddEntry(std::string_view key, std::string_view value) {
  using Kind = StoreDifference::Kind;
  ++findings_.entries;
  const auto found = keys_.find(key);
  if (found == keys_.end()) return Differ(Kind::kGhost, key, value, std::nullopt);
  Versions& versions = found->second;
  versions.stored = true;
  if (!versions.below.has_value()) {
    findings_.superseded.push_back({std::string(key), versions.since->offset});
  } else if (versions.below->value == value) {
    ++findings_.right;
  } else if (versions.since.has_value() && versions.since->value == value) {
    Differ(Kind::kFuture, key, value, versions.since);
  } else {
    Differ(versions.below->value.has_value() ? Kind::kOtherValue : Kind::kDeleted, key, value,
           versions.below);
  }
}

StoreFindings ChangelogCheck::Finish() {
  for (const auto& [key, versions] : keys_) {
    if (versions.stored) continue;
    if (!versions.below.has_value()) {
      ++findings_.only_later;
    } else if (versions.below->value.has_value()) {
      Differ(StoreDifference::Kind::kMissing, key, std::nullopt, versions.below);
    }
  }
  std::sort(findings_.differences.begin(), findings_.differences.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  std::sort(findings_.superseded.begin(), findings_.superseded.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return std::move(findings_);
}

void ChangelogCheck::Differ(StoreDifference::Kind kind, std::string_view key,
                            std::optional<std::string_view> stored,
                            const std::optional<LoggedValue>& logged) {
  StoreDifference difference{
      .kind = kind, .key = std::string(key), .stored = std::nullopt, .logged = logged};
  if (stored.has_value()) difference.stored.emplace(*stored);
  findings_.differences.push_back(std::move(difference));
}

}  // namespace state
