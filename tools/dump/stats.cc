#include "tools/dump/stats.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/uuid.h"
#include "serde/store_codecs.h"
#include "tools/dump/entries.h"
#include "tools/dump/shown.h"

namespace dump {
namespace {

struct Sizes {
  size_t objects = 0;
  size_t key_bytes = 0;
  size_t value_bytes = 0;
  size_t online = 0;                                    // of characters
  size_t in_party = 0;                                  // of characters
  std::array<size_t, model::Members::kMost> by_size{};  // of parties
};

using ByTenant = std::map<std::string, Sizes>;  // by the tenant's text

absl::Status Count(const std::string& store, std::string_view key, std::string_view value,
                   ByTenant* tenants) {
  const auto tenant = base::UuidFromBytes(key.substr(0, 16));
  Sizes& sizes = (*tenants)[base::ToString(*tenant)];  // keys have 16 bytes or more
  ++sizes.objects;
  sizes.key_bytes += key.size();
  sizes.value_bytes += value.size();
  if (store == serde::CharacterCodec::kName) {
    model::Character character;
    const absl::Status decoded = serde::CharacterCodec::DecodeValue(value, &character);
    if (!decoded.ok()) return decoded;
    sizes.online += character.online ? 1 : 0;
    sizes.in_party += character.party.has_value() ? 1 : 0;
  } else if (store == serde::PartyCodec::kName) {
    model::Party party;
    const absl::Status decoded = serde::PartyCodec::DecodeValue(value, &party);
    if (!decoded.ok()) return decoded;
    ++sizes.by_size[party.members.size() - 1];
  }
  return absl::OkStatus();
}

std::string Line(const std::string& store, const std::string& tenant, const Sizes& sizes) {
  std::string line = absl::StrFormat("%-16s %-36s %12d %14d %14d", store, tenant, sizes.objects,
                                     sizes.key_bytes, sizes.value_bytes);
  if (store == serde::CharacterCodec::kName) {
    absl::StrAppend(&line, "  ", sizes.online, " online, ", sizes.in_party, " in a party");
  } else if (store == serde::PartyCodec::kName) {
    absl::StrAppend(&line, "  of 1 to 6 members: ", absl::StrJoin(sizes.by_size, " "));
  }
  return line;
}

std::string Json(const std::string& store, const std::string& tenant, const Sizes& sizes) {
  std::string line = absl::StrCat(
      "{\"store\":", JsonText(store), ",\"tenant\":\"", tenant, "\",\"objects\":", sizes.objects,
      ",\"key_bytes\":", sizes.key_bytes, ",\"value_bytes\":", sizes.value_bytes);
  if (store == serde::CharacterCodec::kName) {
    absl::StrAppend(&line, ",\"online\":", sizes.online, ",\"in_party\":", sizes.in_party);
  } else if (store == serde::PartyCodec::kName) {
    absl::StrAppend(&line, ",\"by_members\":[", absl::StrJoin(sizes.by_size, ","), "]");
  }
  return line + "}";
}

void Add(const Sizes& sizes, Sizes* total) {
  total->objects += sizes.objects;
  total->key_bytes += sizes.key_bytes;
  total->value_bytes += sizes.value_bytes;
  total->online += sizes.online;
  total->in_party += sizes.in_party;
  for (size_t i = 0; i < sizes.by_size.size(); ++i) total->by_size[i] += sizes.by_size[i];
}

}  // namespace

bool PrintStats(const std::vector<std::string>& stores, const std::vector<Source>& sources,
                const Options& options, Output* output) {
  bool whole = true;
  bool none = true;
  if (!options.json) {
    output->Line(absl::StrFormat("%-16s %-36s %12s %14s %14s", "store", "tenant", "objects",
                                 "key bytes", "value bytes"),
                 output->style().heading);
  }
  for (size_t i = 0; i < stores.size(); ++i) {
    if (!options.filter.store.empty() && options.filter.store != stores[i]) continue;
    ByTenant tenants;
    const auto count = [&](std::string_view key, std::string_view value) {
      const absl::Status counted = Count(stores[i], key, value, &tenants);
      if (counted.ok()) return;
      whole = false;
      Complain(absl::StrCat(ObjectName(stores[i], key), ": ", counted.message()));
    };
    const absl::Status read = ForEach(sources, i, stores[i], options.filter, count);
    if (!read.ok()) {
      whole = false;
      Complain(absl::StrCat("store ", stores[i], ": ", read.message()));
    }
    none &= tenants.empty();
    Sizes total;
    for (const auto& [tenant, sizes] : tenants) {
      output->Line(options.json ? Json(stores[i], tenant, sizes) : Line(stores[i], tenant, sizes));
      Add(sizes, &total);
    }
    if (options.json || tenants.size() < 2) continue;
    output->Line(Line(stores[i], absl::StrCat("all ", tenants.size(), " tenants"), total),
                 output->style().heading);
  }
  const std::string not_there = options.filter.NonePasses();
  if (!none || !whole || not_there.empty()) return whole;
  Complain(not_there);
  return false;
}

}  // namespace dump
