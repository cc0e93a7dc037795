#include "tools/dump/table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "serde/store_codecs.h"

namespace dump {
namespace {

template <class T>
std::string Shown(const std::optional<T>& value) {
  return value.has_value() ? absl::StrCat(value->value()) : "-";
}

// A name as a column of at least so many characters. What could disturb a terminal is
// escaped.
std::string Column(const std::string& name, size_t width) {
  std::string text;
  size_t characters = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&text, "\\x%02x", byte);
      characters += 4;
      continue;
    }
    text.push_back(c);
    if ((byte & 0xc0) != 0x80) ++characters;  // not the further bytes of one in UTF-8
  }
  if (characters < width) text.append(width - characters, ' ');
  return text;
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
      "%12d  %s %5s %5s %-3s %5s %4s %10s  %-7s %10s  %s", id.id.value(),
      Column(it.name.value_or("-"), 16), Shown(it.level), Shown(it.job),
      it.gm.has_value() ? (*it.gm ? "yes" : "no") : "-", Shown(it.world), Shown(it.channel),
      it.location.has_value() ? absl::StrCat(it.location->map.value()) : "-",
      it.online ? "online" : "offline", Shown(it.party),
      instance ? base::ToString(it.location->instance) : "-"));
  return absl::OkStatus();
}

absl::Status Table::AddParty(std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(const auto id, serde::PartyCodec::DecodeKey(key));
  model::Party party;
  RETURN_IF_ERROR(serde::PartyCodec::DecodeValue(value, &party));
  Head("parties", id.tenant, absl::StrFormat("%10s  %10s  %s", "id", "leader", "members"));
  output_->Line(absl::StrFormat("%12d  %10d  %s", id.id.value(), party.leader.value(),
                                absl::StrJoin(party.members.begin(), party.members.end(), ", ",
                                              [](std::string* out, model::CharacterId member) {
                                                absl::StrAppend(out, member.value());
                                              })));
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
  output_->Line(
      absl::StrFormat("\n%s of tenant %s\n  %s", store, base::ToString(tenant.uuid), columns));
}

}  // namespace dump
