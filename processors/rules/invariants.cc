#include "processors/rules/invariants.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rules {
namespace {

using model::CharacterId;
using model::Party;
using model::PartyId;
using model::TenantKey;

std::string OfTenant(const model::TenantId& tenant) {
  return absl::StrCat(" of tenant ", base::ToString(tenant.uuid));
}

class Check {
 public:
  explicit Check(const State& state) : state_(state) {}

  std::vector<Violation> Run() {
    for (const auto& [key, party] : state_.parties) CheckParty(key, party);
    for (const auto& [key, character] : state_.characters) CheckCharacter(key, character);
    for (const auto& [tenant, sequence] : state_.sequences) {
      if (sequence.next >= model::kFirstPartyId) continue;
      found_.push_back({.of = Violation::Of::kSequence,
                        .tenant = tenant,
                        .field = "value.nextId",
                        .text = absl::StrCat("the sequence", OfTenant(tenant), " is at ",
                                             sequence.next.value(), ", below the first id")});
    }
    return std::move(found_);
  }

 private:
  void CheckParty(const TenantKey<PartyId>& key, const Party& party) {
    if (party.members.size() == 0) AddOf(key, "value.members", " has no members");
    if (!party.members.contains(party.leader)) {
      AddOf(key, "value.leaderId",
            absl::StrCat(" is led by ", party.leader.value(), ", no member"));
    }
    const auto& members = party.members;
    for (const CharacterId* it = members.begin(); it != members.end(); ++it) {
      const CharacterId member = *it;
      if (std::find(members.begin(), it, member) != it) {
        AddOf(key, "value.members", absl::StrCat(" has member ", member.value(), " twice"));
        continue;
      }
      const auto character = state_.characters.find({key.tenant, member});
      if (character == state_.characters.end()) {
        AddOf(key, "value.members", absl::StrCat(" has the unknown member ", member.value()));
      } else if (character->second.party != key.id) {
        AddOf(key, "value.members",
              absl::StrCat(" has member ", member.value(), ", who is not said to be in it"));
      }
    }
    const auto sequence = state_.sequences.find(key.tenant);
    if (key.id < model::kFirstPartyId || sequence == state_.sequences.end() ||
        key.id >= sequence->second.next) {
      AddOf(key, "id", " has an id that the sequence has not given out");
    }
  }

  void CheckCharacter(const TenantKey<CharacterId>& key, const model::Character& character) {
    if (key.id == model::kNobody) AddOf(key, "id", " is known, and is nobody");
    if (!character.party.has_value()) return;
    const auto party = state_.parties.find({key.tenant, *character.party});
    if (party == state_.parties.end() || !party->second.members.contains(key.id)) {
      AddOf(key, "value.partyId",
            absl::StrCat(" is in party ", character.party->value(), ", which does not have it"));
    }
  }

  void AddOf(const TenantKey<PartyId>& key, const char* field, const std::string& what) {
    found_.push_back({.of = Violation::Of::kParty,
                      .tenant = key.tenant,
                      .id = key.id.value(),
                      .field = field,
                      .text = absl::StrCat("party ", key.id.value(), OfTenant(key.tenant), what)});
  }
  void AddOf(const TenantKey<CharacterId>& key, const char* field, const std::string& what) {
    found_.push_back(
        {.of = Violation::Of::kCharacter,
         .tenant = key.tenant,
         .id = key.id.value(),
         .field = field,
         .text = absl::StrCat("character ", key.id.value(), OfTenant(key.tenant), what)});
  }
  const State& state_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> FindViolations(const State& state) { return Check(state).Run(); }

std::vector<std::string> Violations(const State& state) {
  std::vector<std::string> texts;
  for (Violation& violation : FindViolations(state)) texts.push_back(std::move(violation.text));
  return texts;
}

}  // namespace rules
