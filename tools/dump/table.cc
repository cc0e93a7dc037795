#include "tools/dump/table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "serde/store_codecs.h"
#include "tools/dump/columns.h"

namespace dump {
namespace {

template <class T>
std::string Shown(const std::optional<T>& value) {
  return value.has_value() ? absl::StrCat(value->value()) : "-";
}

std::string OnlineColumn(bool online, const Style& style) {
  return absl::StrCat(std::string(online ? style.good : style.faint),
                      online ? "online " : "offline", std::string(style.end));
}

}  // namespace

absl::Status Table::Add(const std::string& store, std::string_view key, std::string_view value) {
  if (store == serde::CharacterCodec::kName) return AddCharacter(key, value);
  if (store == serde::PartyCodec::kName) return AddParty(key, value);
  return AddSequence(key, value);
}

absl::Status Table::AddCharacter(std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(const auto id, serde::CharacterCodec::DecodeKey(key));
  model::Character it;
  RETURN_IF_ERROR(serde::CharacterCodec::DecodeValue(value, &it));
  Head("characters", id.tenant,
       absl::StrFormat("%10s  %-16s %5s %5s %-3s %5s %4s %10s  %-7s %10s  %s", "id", "name",
                       "level", "job", "gm", "world", "chan", "map", "", "party", "instance"));
  const bool instance = it.location.has_value() && !it.location->instance.is_nil();
  output_->Line(absl::StrFormat(
      "%12d  %s %5s %5s %-3s %5s %4s %10s  %s %10s  %s", id.id.value(),
      Column(it.name.value_or("-"), 16), Shown(it.level), Shown(it.job),
      it.gm.has_value() ? (*it.gm ? "yes" : "no") : "-", Shown(it.world), Shown(it.channel),
      it.location.has_value() ? absl::StrCat(it.location->map.value()) : "-",
      OnlineColumn(it.online, output_->style()), Shown(it.party),
      instance ? base::ToString(it.location->instance) : "-"));
  return absl::OkStatus();
}

absl::Status Table::AddParty(std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(const auto id, serde::PartyCodec::DecodeKey(key));
  model::Party party;
  RETURN_IF_ERROR(serde::PartyCodec::DecodeValue(value, &party));
  Head("parties", id.tenant, absl::StrFormat("%10s  %10s  %s", "id", "leader", "members"));
  const auto member = [&](std::string* out, model::CharacterId it) {
    absl::StrAppend(out, it.value());
    const auto name = name_of_ ? name_of_({id.tenant, it}) : std::nullopt;
    if (name.has_value()) absl::StrAppend(out, " (", Printable(*name), ")");
  };
  output_->Line(
      absl::StrFormat("%12d  %10d  %s", id.id.value(), party.leader.value(),
                      absl::StrJoin(party.members.begin(), party.members.end(), ", ", member)));
  return absl::OkStatus();
}

absl::Status Table::AddSequence(std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(const model::TenantId tenant, serde::PartySequenceCodec::DecodeKey(key));
  model::PartySequence sequence;
  RETURN_IF_ERROR(serde::PartySequenceCodec::DecodeValue(value, &sequence));
  Head("party-sequence", tenant, "next party id");
  output_->Line(absl::StrFormat("  %d", sequence.next.value()));
  return absl::OkStatus();
}

// Each tenant's part of each store begins with a heading.
void Table::Head(const std::string& store, const model::TenantId& tenant,
                 const std::string& columns) {
  if (store == store_ && tenant == tenant_) return;
  store_ = store;
  tenant_ = tenant;
  output_->Line("");
  output_->Line(absl::StrCat(store, " of tenant ", base::ToString(tenant.uuid)),
                output_->style().heading);
  output_->Line("  " + columns, output_->style().heading);
}

}  // namespace dump
