#include "tools/dump/entries.h"

#include <cstdint>
#include <map>
#include <optional>

#include "base/status.h"
#include "state/store.h"

namespace dump {
namespace {

state::StoreIndex Index(size_t store) { return state::StoreIndex(static_cast<uint8_t>(store)); }

// Reads a store around what is damaged: of RocksDB's files a block of some keys at a time is
// unreadable, and what lies behind it can still be found, by its key.
class Salvage {
 public:
  Salvage(const state::Replica& replica, size_t index) : replica_(replica), index_(Index(index)) {}

  // The first error; all that can be read was visited.
  absl::Status Read(const Visit& visit) {
    const auto take = [&](std::string_view key, std::string_view value) {
      last_ = key;
      visit(key, value);
      return true;
    };
    const absl::Status first = replica_.Scan(index_, take);
    absl::Status status = first;
    while (absl::IsDataLoss(status)) {
      const std::optional<std::string> next = Next();
      if (!next.has_value()) break;
      last_ = *next;  // so that it goes on, whatever comes
      status = replica_.Scan(index_, take, *next);
    }
    return first;
  }

 private:
  static constexpr int kBits = 160;  // of an object's key

  bool IsReadable(const std::string& from) const {
    return replica_
        .Scan(
            index_, [](std::string_view, std::string_view) { return false; }, from)
        .ok();
  }

  // Adds 2^bit to the key as a number; false where that has no room.
  static bool Add(int bit, std::string* key) {
    size_t at = static_cast<size_t>((kBits - 1 - bit) / 8);
    unsigned sum = static_cast<uint8_t>((*key)[at]) + (1U << (bit % 8));
    (*key)[at] = static_cast<char>(sum & 0xff);
    while (sum > 0xff) {
      if (at == 0) return false;
      sum = static_cast<uint8_t>((*key)[--at]) + 1U;
      (*key)[at] = static_cast<char>(sum & 0xff);
    }
    return true;
  }

  // The first key behind the last one read from which on it can be read again, by doubling
  // and then halving the distance.
  std::optional<std::string> Next() const {
    std::string unreadable = last_;
    unreadable.resize(kBits / 8);
    int bit = 0;
    for (;; ++bit) {
      std::string key = unreadable;
      if (bit == kBits || !Add(bit, &key)) return std::nullopt;
      if (IsReadable(key)) break;
    }
    while (--bit >= 0) {
      std::string key = unreadable;
      if (Add(bit, &key) && !IsReadable(key)) unreadable = key;
    }
    Add(0, &unreadable);
    return unreadable;
  }

  const state::Replica& replica_;
  state::StoreIndex index_;
  std::string last_;
};

absl::Status Scan(const Source& source, size_t index, const std::string& store,
                  const Filter& filter, const Visit& visit) {
  return Salvage(*source.replica, index).Read([&](std::string_view key, std::string_view value) {
    if (key.size() >= state::kSmallestKey && filter.Passes(store, key)) visit(key, value);
  });
}

}  // namespace

absl::Status ForEach(const std::vector<Source>& sources, size_t index, const std::string& store,
                     const Filter& filter, const Visit& visit) {
  if (sources.size() == 1) return Scan(sources[0], index, store, filter, visit);
  absl::Status status;
  std::map<std::string, std::string> all;
  for (const Source& source : sources) {
    status.Update(
        Scan(source, index, store, filter,
             [&](std::string_view key, std::string_view value) { all.emplace(key, value); }));
  }
  for (const auto& [key, value] : all) visit(key, value);
  return status;
}

absl::StatusOr<bool> Find(const std::vector<Source>& sources, size_t index, std::string_view key,
                          std::string* value) {
  for (const Source& source : sources) {
    ASSIGN_OR_RETURN(const bool found, source.replica->Get(Index(index), key, value));
    if (found) return true;
  }
  return false;
}

}  // namespace dump
