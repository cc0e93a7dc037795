#include "tools/dump/lookup.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "serde/store_codecs.h"
#include "tools/dump/entries.h"
#include "tools/dump/shown.h"

namespace dump {
namespace {

using Entries = std::map<std::string, std::string>;

constexpr size_t kCharacters = 0;
constexpr size_t kParties = 1;

absl::StatusOr<Entries> Chosen(const std::vector<std::string>& stores,
                               const std::vector<Source>& sources, size_t store,
                               const Filter& filter) {
  Entries found;
  RETURN_IF_ERROR(
      ForEach(sources, store, stores[store], filter,
              [&](std::string_view key, std::string_view value) { found.emplace(key, value); }));
  if (!found.empty()) return found;
  return absl::NotFoundError(
      absl::StrCat("there is no ", store == kParties ? "party " : "character ", *filter.id,
                   filter.tenant.has_value() ? " of tenant " + base::ToString(filter.tenant->uuid)
                                             : std::string()));
}

// Adds an object that another refers to. False: it is not there.
template <class Codec>
absl::StatusOr<bool> Add(const std::vector<Source>& sources, size_t store,
                         const typename Codec::Key& key, const std::string& because,
                         Entries* entries) {
  std::string bytes;
  std::string value;
  Codec::EncodeKey(key, &bytes);
  ASSIGN_OR_RETURN(const bool found, Find(sources, store, bytes, &value));
  if (found) {
    entries->emplace(bytes, value);
  } else {
    Complain(absl::StrCat(because, " refers to ", ObjectName(Codec::kName, bytes),
                          ", which is not there"));
  }
  return found;
}

void PrintAll(const std::string& store, const Entries& entries, Printer* printer) {
  for (const auto& [key, value] : entries) printer->One(store, key, value);
}

}  // namespace

absl::StatusOr<bool> PrintParty(const std::vector<std::string>& stores,
                                const std::vector<Source>& sources, const Options& options,
                                Printer* printer) {
  ASSIGN_OR_RETURN(const Entries parties, Chosen(stores, sources, kParties, options.filter));
  Entries characters;
  bool whole = true;
  for (const auto& [key, value] : parties) {
    const auto id = serde::PartyCodec::DecodeKey(key);
    model::Party party;
    if (!id.ok() || !serde::PartyCodec::DecodeValue(value, &party).ok()) continue;  // told below
    for (const model::CharacterId member : party.members) {
      ASSIGN_OR_RETURN(const bool found,
                       Add<serde::CharacterCodec>(sources, kCharacters, {id->tenant, member},
                                                  ObjectName(stores[kParties], key), &characters));
      whole &= found;
    }
  }
  PrintAll(stores[kParties], parties, printer);
  PrintAll(stores[kCharacters], characters, printer);
  return whole;
}

absl::StatusOr<bool> PrintCharacter(const std::vector<std::string>& stores,
                                    const std::vector<Source>& sources, const Options& options,
                                    Printer* printer) {
  ASSIGN_OR_RETURN(const Entries characters, Chosen(stores, sources, kCharacters, options.filter));
  Entries parties;
  bool whole = true;
  for (const auto& [key, value] : characters) {
    const auto id = serde::CharacterCodec::DecodeKey(key);
    model::Character character;
    if (!id.ok() || !serde::CharacterCodec::DecodeValue(value, &character).ok()) continue;
    if (!character.party.has_value()) continue;
    ASSIGN_OR_RETURN(const bool found,
                     Add<serde::PartyCodec>(sources, kParties, {id->tenant, *character.party},
                                            ObjectName(stores[kCharacters], key), &parties));
    whole &= found;
  }
  PrintAll(stores[kCharacters], characters, printer);
  PrintAll(stores[kParties], parties, printer);
  return whole;
}

}  // namespace dump
