// A typed key-value store: a write-back cache of objects over a Replica's bytes.
//
// An entry of the cache holds the committed version and, where the open transaction has
// changed it, the open one. Reads see the open version. A commit makes the open versions
// the committed ones; an abort drops them. Only committed versions reach the replica.
//
// Codec: struct with Key, Value, kName, and
//   static void EncodeKey(const Key&, std::string* out);            // appends
//   static void EncodeValue(const Value&, std::string* out);        // appends
//   static absl::Status DecodeValue(std::string_view, Value* out);
// Keys have kSmallestKey bytes or more: shorter ones are the engine's own.
//
// Thread safety: none; a store belongs to its task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"
#include "state/backend.h"
#include "state/replica.h"

namespace state {

inline constexpr size_t kSmallestKey = 16;

// The changes that a transaction makes to the stores, as bytes, in one reused buffer.
class ChangeSet {
 public:
  void Clear() {
    bytes_.clear();
    changes_.clear();
  }
  size_t size() const { return changes_.size(); }

  // Adds a change whose key and value `append_key(&bytes)` and `append_value(&bytes)`
  // append; `append_value` returns false for a deletion.
  template <class AppendKey, class AppendValue>
  void Add(StoreIndex store, AppendKey append_key, AppendValue append_value) {
    Entry entry{.store = store, .key_at = bytes_.size()};
    append_key(&bytes_);
    entry.value_at = bytes_.size();
    entry.has_value = append_value(&bytes_);
    entry.end = bytes_.size();
    changes_.push_back(entry);
  }

  struct Change {
    StoreIndex store;
    std::string_view key;
    std::optional<std::string_view> value;
  };
  // Good until the next change.
  Change operator[](size_t i) const {
    const Entry& entry = changes_[i];
    const std::string_view bytes = bytes_;
    Change change{.store = entry.store,
                  .key = bytes.substr(entry.key_at, entry.value_at - entry.key_at),
                  .value = std::nullopt};
    if (entry.has_value) change.value = bytes.substr(entry.value_at, entry.end - entry.value_at);
    return change;
  }

 private:
  struct Entry {
    StoreIndex store;
    size_t key_at = 0;
    size_t value_at = 0;
    size_t end = 0;
    bool has_value = false;
  };
  std::string bytes_;
  std::vector<Entry> changes_;
};

// Of a store's cache, since it was made.
struct CacheFigures {
  uint64_t hits = 0;  // reads and writes that found their object there
  uint64_t misses = 0;
  size_t entries = 0;  // objects there, and known absences of one
};

// What the engine does with a store, whatever its types.
class StoreBase {
 public:
  virtual ~StoreBase() = default;
  // Keys that the open transaction has changed.
  virtual size_t open_keys() const = 0;
  // Appends the open transaction's changes.
  virtual void CollectChanges(ChangeSet* changes) const = 0;
  // The transaction has committed, and the replica has its changes.
  virtual void Commit() = 0;
  virtual void Abort() = 0;
  virtual CacheFigures cache() const = 0;
};

template <class Codec>
class Store : public StoreBase {
 public:
  using Key = typename Codec::Key;
  using Value = typename Codec::Value;

  Store(Replica* replica, StoreIndex index, size_t cache_bytes)
      : replica_(replica), index_(index), cache_bytes_(cache_bytes) {}

  // The newest version, null where there is none. Good until the next commit or abort, or
  // until the key is written.
  absl::StatusOr<const Value*> Get(const Key& key) {
    ASSIGN_OR_RETURN(Entry * entry, Load(key));
    const std::optional<Value>& newest =
        entry->change != nullptr ? entry->change->value : entry->committed;
    return newest.has_value() ? &*newest : nullptr;
  }

  absl::Status Put(const Key& key, const Value& value) {
    ASSIGN_OR_RETURN(Change * change, Open(key));
    change->value = value;
    return absl::OkStatus();
  }

  absl::Status Delete(const Key& key) {
    ASSIGN_OR_RETURN(Change * change, Open(key));
    change->value.reset();
    return absl::OkStatus();
  }

  size_t open_keys() const override { return open_; }

  CacheFigures cache() const override {
    return {.hits = hits_, .misses = misses_, .entries = entries_.size()};
  }

  void CollectChanges(ChangeSet* changes) const override {
    for (size_t i = 0; i < open_; ++i) {
      const Change& change = changes_[i];
      changes->Add(
          index_, [&](std::string* out) { Codec::EncodeKey(change.key, out); },
          [&](std::string* out) {
            if (!change.value.has_value()) return false;
            Codec::EncodeValue(*change.value, out);
            return true;
          });
    }
  }

  void Commit() override {
    for (size_t i = 0; i < open_; ++i) {
      changes_[i].entry->committed.swap(changes_[i].value);
      changes_[i].entry->change = nullptr;
    }
    open_ = 0;
    Evict();
  }

  void Abort() override {
    for (size_t i = 0; i < open_; ++i) changes_[i].entry->change = nullptr;
    open_ = 0;
    Evict();
  }

 private:
  // What an entry takes beside its object: hash slot, allocation.
  static constexpr size_t kEntryOverhead = 64;

  struct Change;
  struct Entry {
    Key key;
    bool used = false;               // since it was looked at last for eviction
    std::optional<Value> committed;  // none: the key is not there
    Change* change = nullptr;        // of the open transaction
    Entry* newer = nullptr;
  };
  // The open version. They lie side by side, so that a commit does not look for each key's
  // entry more than once.
  struct Change {
    Entry* entry;
    Key key;
    std::optional<Value> value;  // none: the key is deleted
  };

  static absl::Status Foreign(std::string_view what, const absl::Status& status) {
    return base::Annotate(
        status, absl::StrCat("store ", std::string(Codec::kName), ", ", std::string(what)));
  }

  absl::StatusOr<Entry*> Load(const Key& key) {
    // A record's key is asked for again and again.
    if (last_ == nullptr || last_->key != key) {
      const auto found = entries_.find(key);
      if (found == entries_.end()) return Read(key);
      last_ = found->second.get();
    }
    ++hits_;
    last_->used = true;
    return last_;
  }

  absl::StatusOr<Entry*> Read(const Key& key) {
    ++misses_;
    scratch_key_.clear();
    Codec::EncodeKey(key, &scratch_key_);
    auto read = replica_->Get(index_, scratch_key_, &scratch_value_);
    if (!read.ok()) return Foreign("reading", read.status());
    auto entry = std::make_unique<Entry>();
    entry->key = key;
    if (*read) {
      const absl::Status decoded = Codec::DecodeValue(scratch_value_, &entry->committed.emplace());
      if (!decoded.ok()) return Foreign("decoding a value", decoded);
    }
    last_ = entry.get();
    entries_.emplace(key, std::move(entry));
    PushNewest(last_);
    return last_;
  }

  absl::StatusOr<Change*> Open(const Key& key) {
    ASSIGN_OR_RETURN(Entry * entry, Load(key));
    if (entry->change == nullptr) {
      if (open_ == changes_.size()) changes_.emplace_back();
      entry->change = &changes_[open_++];
      entry->change->entry = entry;
      entry->change->key = key;
    }
    return entry->change;
  }

  void PushNewest(Entry* entry) {
    entry->newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = entry;
    newest_ = entry;
  }

  Entry* PopOldest() {
    Entry* entry = oldest_;
    oldest_ = entry->newer;
    if (oldest_ == nullptr) newest_ = nullptr;
    return entry;
  }

  // Only between transactions, so that no version is lost and no view dangles. What was used
  // since the last time gets a second chance: to keep the exact order of use, each read would
  // have to touch other entries, which are far away in memory.
  void Evict() {
    while (oldest_ != nullptr &&
           entries_.size() * (sizeof(Entry) + kEntryOverhead) > cache_bytes_) {
      Entry* entry = PopOldest();
      if (std::exchange(entry->used, false)) {
        PushNewest(entry);
        continue;
      }
      if (entry == last_) last_ = nullptr;
      entries_.erase(entries_.find(entry->key));
    }
  }

  Replica* replica_;
  StoreIndex index_;
  size_t cache_bytes_;
  absl::flat_hash_map<Key, std::unique_ptr<Entry>> entries_;
  // Used again by each transaction; the first open_ are the open one's, in the order of their
  // first change.
  std::deque<Change> changes_;
  size_t open_ = 0;
  Entry* last_ = nullptr;  // used last
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
  std::string scratch_key_;
  std::string scratch_value_;
};

}  // namespace state
