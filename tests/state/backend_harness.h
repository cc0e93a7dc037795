// What the tests of the backends share: batches that own their bytes, what a backend holds,
// and the two backends behind one face, with their ways to crash.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/backend.h"
#include "state/memory/memory_backend.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "tests/state/child_process.h"

namespace state {

inline constexpr StoreIndex kFirst{0};
inline constexpr StoreIndex kSecond{1};
inline const std::vector<std::string> kStores = {"first", "second"};

// A batch that owns its bytes, and puts its keys in order.
class OwnedBatch {
 public:
  OwnedBatch& Put(StoreIndex store, std::string key, std::string value) {
    At(store)[std::move(key)] = std::move(value);
    return *this;
  }
  OwnedBatch& Delete(StoreIndex store, std::string key) {
    At(store)[std::move(key)] = std::nullopt;
    return *this;
  }
  OwnedBatch& Mark(std::string name, std::string value) {
    marks_[std::move(name)] = std::move(value);
    return *this;
  }

  Batch Borrow() const {
    Batch batch;
    for (const auto& writes : stores_) {
      batch.stores.emplace_back();
      for (const auto& [key, value] : writes) batch.stores.back().push_back({key, value});
    }
    for (const auto& [name, value] : marks_) batch.marks.emplace_back(name, value);
    return batch;
  }

 private:
  std::map<std::string, std::optional<std::string>>& At(StoreIndex store) {
    if (stores_.size() <= store.value()) stores_.resize(store.value() + 1u);
    return stores_[store.value()];
  }

  std::vector<std::map<std::string, std::optional<std::string>>> stores_;
  std::map<std::string, std::string> marks_;
};

using Entries = std::map<std::string, std::string>;

inline Entries Read(const Backend& backend, StoreIndex store, const std::string& from = "") {
  Entries entries;
  const auto iterator = backend.Iterate(store, from);
  for (; iterator->Valid(); iterator->Next()) {
    EXPECT_TRUE(entries.empty() || entries.rbegin()->first < iterator->key());
    entries.emplace(iterator->key(), iterator->value());
  }
  EXPECT_TRUE(iterator->status().ok()) << iterator->status();
  return entries;
}

// The value, or "(none)", or the error.
inline std::string Get(const Backend& backend, StoreIndex store, const std::string& key) {
  std::string value;
  const auto found = backend.Get(store, key, &value);
  if (!found.ok()) return found.status().ToString();
  return *found ? value : "(none)";
}

inline std::string GetMark(const Backend& backend, const std::string& name) {
  std::string value;
  const auto found = backend.GetMark(name, &value);
  if (!found.ok()) return found.status().ToString();
  return *found ? value : "(none)";
}

inline std::unique_ptr<Backend> MustOpen(BackendFactory& factory, const std::string& name,
                                         const std::vector<std::string>& stores = kStores) {
  auto backend = factory.Open(name, stores);
  EXPECT_TRUE(backend.ok()) << backend.status();
  if (!backend.ok()) KillSelf();
  return *std::move(backend);
}

inline void MustApply(Backend& backend, const OwnedBatch& batch) {
  const absl::Status status = backend.Apply(batch.Borrow());
  EXPECT_TRUE(status.ok()) << status;
}

inline void MustFlush(Backend& backend) {
  const absl::Status status = backend.Flush();
  EXPECT_TRUE(status.ok()) << status;
}

inline std::string Key(uint32_t number) {
  char key[16];
  std::snprintf(key, sizeof(key), "key%08u", number);
  return key;
}

// Batch number `n` of a history in which each batch touches both stores and a mark, puts,
// overwrites and deletes: of every four keys one is deleted by a later batch.
inline OwnedBatch HistoryBatch(uint32_t n, uint32_t keys) {
  OwnedBatch batch;
  const std::string value = std::to_string(n);
  for (uint32_t i = 0; i < keys; ++i) {
    // Each batch covers the second half of the last one and as much again.
    const uint32_t number = n * (keys / 2) + i;
    if (i < keys / 2 && i % 4 == 0) {
      batch.Delete(kFirst, Key(number)).Delete(kSecond, Key(number));
    } else {
      batch.Put(kFirst, Key(number), value).Put(kSecond, Key(number), value + "b");
    }
  }
  batch.Put(kFirst, "last", value).Put(kSecond, "last", value).Mark("last", value);
  return batch;
}

// What batches 1 to n of a history leave in a store.
inline Entries HistoryEntries(StoreIndex store, uint32_t n,
                              const std::function<uint32_t(uint32_t)>& keys) {
  Entries entries;
  for (uint32_t batch = 1; batch <= n; ++batch) {
    const OwnedBatch owned = HistoryBatch(batch, keys(batch));
    const Batch borrowed = owned.Borrow();
    for (const Write& write : borrowed.stores[store.value()]) {
      if (write.value) {
        entries.insert_or_assign(std::string(write.key), std::string(*write.value));
      } else {
        entries.erase(std::string(write.key));
      }
    }
  }
  return entries;
}

// A directory for one test, removed with the object.
class TestDirectory {
 public:
  TestDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "state-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace state
