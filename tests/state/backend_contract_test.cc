// What state/backend.h promises, held against both backends, and for RocksDB on both of
// its ways: small batches through memtables, large ones as files.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/state/backend_harness.h"

namespace state {
namespace {

// A disk that outlives processes.
class Disk {
 public:
  virtual ~Disk() = default;
  // Runs in a process that then ends in order.
  virtual void Run(const std::function<void(BackendFactory&)>& steps) = 0;
  // Runs in a process that dies when `steps` calls what it is given, with everything open.
  using Die = std::function<void()>;
  virtual void RunAndCrash(const std::function<void(BackendFactory&, const Die&)>& steps) = 0;
};

class MemoryDisk final : public Disk {
 public:
  void Run(const std::function<void(BackendFactory&)>& steps) override { steps(factory_); }
  void RunAndCrash(const std::function<void(BackendFactory&, const Die&)>& steps) override {
    steps(factory_, [] {});  // it closes what it opened on its way out, which saves nothing
    factory_.LoseUnflushed();
  }

 private:
  MemoryBackendFactory factory_;
};

class RocksDbDisk final : public Disk {
 public:
  explicit RocksDbDisk(size_t ingest_keys) { options_.ingest_keys = ingest_keys; }
  void Run(const std::function<void(BackendFactory&)>& steps) override {
    InChild([&] {
      RocksDbBackendFactory factory(directory_.path(), options_);
      steps(factory);
    });
  }
  void RunAndCrash(const std::function<void(BackendFactory&, const Die&)>& steps) override {
    InKilledChild([&] {
      RocksDbBackendFactory factory(directory_.path(), options_);
      steps(factory, [] { KillSelf(); });
    });
  }

 private:
  TestDirectory directory_;
  RocksDbOptions options_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Disk>()> make;
};

class BackendContract : public testing::TestWithParam<Kind> {
 protected:
  void Run(const std::function<void(BackendFactory&)>& steps) { disk_->Run(steps); }
  void RunAndCrash(const std::function<void(BackendFactory&, const Disk::Die&)>& steps) {
    disk_->RunAndCrash(steps);
  }

  // Both stores and the mark stand at batch `n` of a history.
  static void ExpectHistory(const Backend& backend, uint32_t n,
                            const std::function<uint32_t(uint32_t)>& keys) {
    EXPECT_EQ(GetMark(backend, "last"), n == 0 ? "(none)" : std::to_string(n));
    EXPECT_TRUE(Read(backend, kFirst) == HistoryEntries(kFirst, n, keys)) << "at " << n;
    EXPECT_TRUE(Read(backend, kSecond) == HistoryEntries(kSecond, n, keys)) << "at " << n;
  }

 private:
  std::unique_ptr<Disk> disk_ = GetParam().make();
};

TEST_P(BackendContract, ReadsWhatWasApplied) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    EXPECT_EQ(Get(*backend, kFirst, "a"), "(none)");
    EXPECT_EQ(GetMark(*backend, "m"), "(none)");
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Put(kSecond, "a", "2").Mark("m", "3"));
    EXPECT_EQ(Get(*backend, kFirst, "a"), "1");
    EXPECT_EQ(Get(*backend, kSecond, "a"), "2");
    EXPECT_EQ(GetMark(*backend, "m"), "3");
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "4").Delete(kSecond, "a").Mark("m", ""));
    EXPECT_EQ(Get(*backend, kFirst, "a"), "4");
    EXPECT_EQ(Get(*backend, kSecond, "a"), "(none)");
    EXPECT_EQ(GetMark(*backend, "m"), "");
  });
}

TEST_P(BackendContract, TakesAnyBytes) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    const std::string nul("\0", 1);
    const std::string high = "\xff\xff";
    MustApply(*backend,
              OwnedBatch().Put(kFirst, nul, "").Put(kFirst, high, nul).Put(kFirst, "", "e"));
    EXPECT_EQ(Read(*backend, kFirst), (Entries{{"", "e"}, {nul, ""}, {high, nul}}));
    EXPECT_EQ(Get(*backend, kFirst, nul), "");
  });
}

TEST_P(BackendContract, EmptyBatchesAndPartsOfBatches) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    MustApply(*backend, OwnedBatch());
    MustFlush(*backend);
    MustApply(*backend, OwnedBatch().Mark("m", "1"));
    MustApply(*backend, OwnedBatch().Put(kSecond, "a", "1"));
    MustApply(*backend, OwnedBatch().Delete(kFirst, "never there"));
    MustFlush(*backend);
    EXPECT_EQ(GetMark(*backend, "m"), "1");
    EXPECT_EQ(Read(*backend, kSecond), (Entries{{"a", "1"}}));
    EXPECT_EQ(Read(*backend, kFirst), Entries());
  });
}

TEST_P(BackendContract, IteratesInOrderFromAKey) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    MustApply(*backend, OwnedBatch().Put(kFirst, "b", "1").Put(kFirst, "d", "1"));
    MustFlush(*backend);
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "2").Put(kFirst, "\xe0", "2"));
    MustApply(*backend, OwnedBatch().Delete(kFirst, "b").Put(kFirst, "c", "3"));
    EXPECT_EQ(Read(*backend, kFirst), (Entries{{"a", "2"}, {"c", "3"}, {"d", "1"}, {"\xe0", "2"}}));
    EXPECT_EQ(Read(*backend, kFirst, "b"), (Entries{{"c", "3"}, {"d", "1"}, {"\xe0", "2"}}));
    EXPECT_EQ(Read(*backend, kFirst, "c"), (Entries{{"c", "3"}, {"d", "1"}, {"\xe0", "2"}}));
    EXPECT_EQ(Read(*backend, kFirst, "\xe1"), Entries());
  });
}

TEST_P(BackendContract, AnIteratorKeepsTheStateAtItsMaking) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Put(kFirst, "b", "1"));
    const auto iterator = backend->Iterate(kFirst, "");
    MustApply(*backend,
              OwnedBatch().Put(kFirst, "a", "2").Delete(kFirst, "b").Put(kFirst, "c", "2"));
    MustFlush(*backend);
    Entries seen;
    for (; iterator->Valid(); iterator->Next()) seen.emplace(iterator->key(), iterator->value());
    EXPECT_EQ(seen, (Entries{{"a", "1"}, {"b", "1"}}));
    EXPECT_EQ(Read(*backend, kFirst), (Entries{{"a", "2"}, {"c", "2"}}));
  });
}

TEST_P(BackendContract, LaterBatchesWinWhateverTheirSize) {
  const auto keys = [](uint32_t n) { return n % 3 == 0 ? 40u : 4u; };
  Run([&](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    for (uint32_t n = 1; n <= 30; ++n) {
      MustApply(*backend, HistoryBatch(n, keys(n)));
      if (n % 7 == 0) MustFlush(*backend);
      ExpectHistory(*backend, n, keys);
    }
  });
}

TEST_P(BackendContract, FlushedOutlivesACrash) {
  const auto keys = [](uint32_t) { return 20u; };
  RunAndCrash([&](BackendFactory& factory, const Disk::Die& die) {
    const auto backend = MustOpen(factory, "0");
    for (uint32_t n = 1; n <= 3; ++n) MustApply(*backend, HistoryBatch(n, keys(n)));
    MustFlush(*backend);
    die();
  });
  Run([&](BackendFactory& factory) { ExpectHistory(*MustOpen(factory, "0"), 3, keys); });
}

TEST_P(BackendContract, ClosedOutlivesACrash) {
  const auto keys = [](uint32_t) { return 20u; };
  RunAndCrash([&](BackendFactory& factory, const Disk::Die& die) {
    {
      const auto backend = MustOpen(factory, "0");
      MustApply(*backend, HistoryBatch(1, keys(1)));
      MustFlush(*backend);
    }
    die();
  });
  Run([&](BackendFactory& factory) { ExpectHistory(*MustOpen(factory, "0"), 1, keys); });
}

// Sizes in turn: a small batch that was not flushed, a large one behind it, and the other
// way round. What comes back is a whole number of batches, at least the flushed ones.
TEST_P(BackendContract, UnflushedIsLostOrKeptByWholeBatches) {
  const std::vector<std::vector<uint32_t>> sizes = {{4, 4, 4},   {40, 40, 40}, {4, 40, 4},
                                                    {40, 4, 40}, {4, 4, 40},   {4, 40, 40}};
  for (size_t at = 0; at < sizes.size(); ++at) {
    const std::string name = std::to_string(at);
    const auto keys = [&](uint32_t n) { return n == 1 ? 10u : sizes[at][n - 2]; };
    RunAndCrash([&](BackendFactory& factory, const Disk::Die& die) {
      const auto backend = MustOpen(factory, name);
      MustApply(*backend, HistoryBatch(1, keys(1)));
      MustFlush(*backend);
      for (uint32_t n = 2; n <= 4; ++n) MustApply(*backend, HistoryBatch(n, keys(n)));
      die();
    });
    Run([&](BackendFactory& factory) {
      const auto backend = MustOpen(factory, name);
      const std::string last = GetMark(*backend, "last");
      ASSERT_NE(last, "(none)");
      ExpectHistory(*backend, static_cast<uint32_t>(std::stoul(last)), keys);
    });
  }
}

// A batch need not touch the same stores, keys or marks as the one before it.
TEST_P(BackendContract, NoLaterBatchSurvivesAnEarlierOne) {
  for (const uint32_t second_size : {1u, 40u}) {
    const std::string name = std::to_string(second_size);
    RunAndCrash([&](BackendFactory& factory, const Disk::Die& die) {
      const auto backend = MustOpen(factory, name);
      MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Mark("earlier", "1"));
      OwnedBatch later;
      for (uint32_t i = 0; i < second_size; ++i) later.Put(kSecond, Key(i), "2");
      MustApply(*backend, later.Mark("later", "2"));
      die();
    });
    Run([&](BackendFactory& factory) {
      const auto backend = MustOpen(factory, name);
      const bool earlier = Get(*backend, kFirst, "a") == "1";
      const bool later = Get(*backend, kSecond, Key(0)) == "2";
      EXPECT_EQ(GetMark(*backend, "earlier") == "1", earlier);
      EXPECT_EQ(GetMark(*backend, "later") == "2", later);
      EXPECT_EQ(Read(*backend, kSecond).size(), later ? second_size : 0);
      EXPECT_TRUE(earlier || !later);
    });
  }
}

TEST_P(BackendContract, AnOpenThatReturnedIsDurable) {
  RunAndCrash([](BackendFactory& factory, const Disk::Die& die) {
    const auto backend = MustOpen(factory, "0");
    die();
  });
  Run([](BackendFactory& factory) {
    const auto exists = factory.Exists("0");
    ASSERT_TRUE(exists.ok()) << exists.status();
    EXPECT_TRUE(*exists);
    EXPECT_EQ(Read(*MustOpen(factory, "0"), kFirst), Entries());
  });
}

TEST_P(BackendContract, OneOpenBackendAName) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    const auto again = factory.Open("0", kStores);
    EXPECT_EQ(again.status().code(), absl::StatusCode::kFailedPrecondition) << again.status();
    const auto other = MustOpen(factory, "1");
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "0"));
    MustApply(*other, OwnedBatch().Put(kFirst, "a", "1"));
    EXPECT_EQ(Get(*backend, kFirst, "a"), "0");
    EXPECT_EQ(Get(*other, kFirst, "a"), "1");
  });
}

TEST_P(BackendContract, StoresGoByTheirNames) {
  Run([](BackendFactory& factory) {
    {
      const auto backend = MustOpen(factory, "0");
      MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Put(kSecond, "a", "2"));
      MustFlush(*backend);
    }
    // One is added, and the order is another one.
    const auto backend = MustOpen(factory, "0", {"new", "second", "first"});
    EXPECT_EQ(Get(*backend, StoreIndex(0), "a"), "(none)");
    EXPECT_EQ(Get(*backend, StoreIndex(1), "a"), "2");
    EXPECT_EQ(Get(*backend, StoreIndex(2), "a"), "1");
    MustApply(*backend, OwnedBatch().Put(StoreIndex(0), "a", "3"));
    EXPECT_EQ(Get(*backend, StoreIndex(0), "a"), "3");
  });
}

TEST_P(BackendContract, RefusesStoresThatAreNotNamed) {
  Run([](BackendFactory& factory) {
    { const auto backend = MustOpen(factory, "0", {"first", "second", "third"}); }
    const auto opened = factory.Open("0", {"second"});
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(opened.status().ToString().find("first, third"), std::string::npos)
        << opened.status();
    EXPECT_EQ(factory.Open("1", {"a", "a"}).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(factory.Open("1", {""}).status().code(), absl::StatusCode::kInvalidArgument);
    const auto exists = factory.Exists("1");
    EXPECT_TRUE(exists.ok() && !*exists);
  });
}

TEST_P(BackendContract, RefusesStoreNumbersThatItWasNotOpenedWith) {
  Run([](BackendFactory& factory) {
    const auto backend = MustOpen(factory, "0");
    const StoreIndex third(2);
    std::string value;
    EXPECT_EQ(backend->Get(third, "a", &value).status().code(), absl::StatusCode::kInvalidArgument);
    const auto iterator = backend->Iterate(third, "");
    EXPECT_FALSE(iterator->Valid());
    EXPECT_FALSE(iterator->status().ok());
    const OwnedBatch batch = OwnedBatch().Put(kFirst, "a", "1").Put(third, "a", "1");
    EXPECT_EQ(backend->Apply(batch.Borrow()).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Get(*backend, kFirst, "a"), "(none)");
  });
}

TEST_P(BackendContract, ExistsAndRemove) {
  Run([](BackendFactory& factory) {
    const auto exists = [&] { return factory.Exists("0").value(); };
    EXPECT_FALSE(exists());
    EXPECT_TRUE(factory.Remove("0").ok());
    {
      const auto backend = MustOpen(factory, "0");
      MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Mark("m", "1"));
      MustFlush(*backend);
    }
    EXPECT_TRUE(exists());
    EXPECT_TRUE(factory.Remove("0").ok());
    EXPECT_FALSE(exists());
    const auto backend = MustOpen(factory, "0", {"another"});
    EXPECT_EQ(Read(*backend, kFirst), Entries());
    EXPECT_EQ(GetMark(*backend, "m"), "(none)");
  });
}

TEST_P(BackendContract, ReplacePutsOneInThePlaceOfTheOther) {
  const auto make = [](BackendFactory& factory, const std::string& name, const std::string& value) {
    const auto backend = MustOpen(factory, name);
    MustApply(*backend, OwnedBatch().Put(kFirst, value, value).Mark("m", value));
    MustFlush(*backend);
  };
  RunAndCrash([&](BackendFactory& factory, const Disk::Die& die) {
    make(factory, "0", "old");
    make(factory, "0.restoring", "new");
    const absl::Status replaced = factory.Replace("0.restoring", "0");
    EXPECT_TRUE(replaced.ok()) << replaced;
    EXPECT_EQ(GetMark(*MustOpen(factory, "0"), "m"), "new");
    die();
  });
  Run([&](BackendFactory& factory) {
    EXPECT_FALSE(factory.Exists("0.restoring").value());
    EXPECT_EQ(Read(*MustOpen(factory, "0"), kFirst), (Entries{{"new", "new"}}));
    // Where nothing was.
    EXPECT_TRUE(factory.Replace("0", "1").ok());
    EXPECT_FALSE(factory.Exists("0").value());
    EXPECT_EQ(GetMark(*MustOpen(factory, "1"), "m"), "new");
    // With nothing.
    EXPECT_EQ(factory.Replace("0", "1").code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(GetMark(*MustOpen(factory, "1"), "m"), "new");
  });
}

INSTANTIATE_TEST_SUITE_P(
    Backends, BackendContract,
    testing::Values(
        Kind{"Memory", [] { return std::make_unique<MemoryDisk>(); }},
        Kind{"RocksDbMemtables", [] { return std::make_unique<RocksDbDisk>(1'000'000); }},
        Kind{"RocksDbFiles", [] { return std::make_unique<RocksDbDisk>(1); }},
        // Batches of both kinds in turn: HistoryBatch has two keys for each of its number.
        Kind{"RocksDbBoth", [] { return std::make_unique<RocksDbDisk>(30); }}),
    [](const testing::TestParamInfo<Kind>& info) { return info.param.name; });

}  // namespace
}  // namespace state
