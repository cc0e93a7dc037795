// What is RocksDB's own: crashes at any moment, damage, full disks, what a replacement or a
// removal leaves behind, and reading beside a writer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "state/rocksdb/rocksdb_backend.h"
#include "tests/state/backend_harness.h"

namespace state {
namespace {

namespace fs = std::filesystem;

constexpr size_t kIngestKeys = 100;

RocksDbOptions Options() {
  RocksDbOptions options;
  options.ingest_keys = kIngestKeys;
  return options;
}

class RocksDbTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  const std::string& directory() const { return directory_.path(); }

  // Makes a store that stands at `n` of a history, all of it in files.
  void MakeStore(const std::string& name, uint32_t n = 3) {
    InChild([&] {
      RocksDbBackendFactory factory(directory(), Options());
      const auto backend = MustOpen(factory, name);
      for (uint32_t i = 1; i <= n; ++i) {
        MustApply(*backend, HistoryBatch(i, Keys(i)));
        MustFlush(*backend);
      }
    });
  }

  // Every third is large, so that it is ingested.
  static uint32_t Keys(uint32_t n) { return n % 3 == 0 ? 200 : 20; }

  static void ExpectHistory(const Backend& backend, uint32_t n) {
    EXPECT_EQ(GetMark(backend, "last"), n == 0 ? "(none)" : std::to_string(n));
    EXPECT_TRUE(Read(backend, kFirst) == HistoryEntries(kFirst, n, Keys)) << "at " << n;
    EXPECT_TRUE(Read(backend, kSecond) == HistoryEntries(kSecond, n, Keys)) << "at " << n;
  }

  void ExpectStore(const std::string& name, uint32_t n) {
    InChild([&] {
      RocksDbBackendFactory factory(directory(), Options());
      ExpectHistory(*MustOpen(factory, name), n);
    });
  }

  TestDirectory directory_;
};

// --- Crashes ---

// Applies and flushes for ever; writes the number of each batch that is durable.
void WriteForEver(const std::string& directory, int report, uint32_t from,
                  const std::function<uint32_t(uint32_t)>& keys) {
  RocksDbBackendFactory factory(directory, Options());
  const auto backend = MustOpen(factory, "0");
  for (uint32_t n = from;; ++n) {
    MustApply(*backend, HistoryBatch(n, keys(n)));
    if (n % 2 == 0) continue;
    MustFlush(*backend);
    if (::write(report, &n, sizeof(n)) != sizeof(n)) KillSelf();
  }
}

TEST_F(RocksDbTest, KilledAtAnyMomentItHoldsAWholeNumberOfBatches) {
  std::mt19937 random(1);
  uint32_t from = 1;
  for (int round = 0; round < 12; ++round) {
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    const pid_t child = StartChild([&] { WriteForEver(directory(), report[1], from, Keys); });
    ::close(report[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 200));
    ::kill(child, SIGKILL);
    WaitFor(child);
    uint32_t durable = from - 1;
    for (uint32_t n; ::read(report[0], &n, sizeof(n)) == sizeof(n);) durable = n;
    ::close(report[0]);
    uint32_t last = 0;
    InChild([&] {
      RocksDbBackendFactory factory(directory(), Options());
      const auto backend = MustOpen(factory, "0");
      const std::string mark = GetMark(*backend, "last");
      last = mark == "(none)" ? 0 : static_cast<uint32_t>(std::stoul(mark));
      EXPECT_GE(last, durable);
      ExpectHistory(*backend, last);
      std::ofstream(directory() + "/last") << last;
    });
    std::ifstream(directory() + "/last") >> last;
    from = last + 1;
  }
  EXPECT_GT(from, 30u);
}

TEST_F(RocksDbTest, FilesOfACrashedIngestionAreRemoved) {
  MakeStore("0");
  fs::create_directory(Path("0/ingest"));
  std::ofstream(Path("0/ingest/1.sst")) << "half of it";
  ExpectStore("0", 3);
  EXPECT_FALSE(fs::exists(Path("0/ingest")));
}

TEST_F(RocksDbTest, DeletesInFilesHideOlderKeysOfEveryLevel) {
  InChild([&] {
    RocksDbBackendFactory factory(directory(), Options());
    const auto backend = MustOpen(factory, "0");
    Entries expected;
    for (uint32_t round = 0; round < 12; ++round) {  // more files than a level 0 keeps
      OwnedBatch batch;
      for (uint32_t i = 0; i < 300; ++i) {
        const std::string key = Key(i);
        if ((i + round) % 3 == 0) {
          batch.Delete(kFirst, key);
          expected.erase(key);
        } else if ((i + round) % 3 == 1) {
          batch.Put(kFirst, key, std::to_string(round));
          expected[key] = std::to_string(round);
        }
      }
      MustApply(*backend, batch);
      EXPECT_EQ(Read(*backend, kFirst), expected);
    }
    for (uint32_t i = 0; i < 300; ++i) {
      const auto found = expected.find(Key(i));
      EXPECT_EQ(Get(*backend, kFirst, Key(i)), found == expected.end() ? "(none)" : found->second);
    }
  });
}

// --- Folders ---

TEST_F(RocksDbTest, AReplacementThatACrashInterruptedIsEnded) {
  // After the first rename; beside it the old store, also half put away.
  MakeStore("0", 1);
  MakeStore("new", 3);
  fs::rename(Path("new"), Path("0.next"));
  fs::create_directory(Path("0.removed"));
  std::ofstream(Path("0.removed/000001.sst")) << "what is left of an older one";
  ExpectStore("0", 3);
  EXPECT_FALSE(fs::exists(Path("0.next")));
  EXPECT_FALSE(fs::exists(Path("0.removed")));
  // After the second one.
  fs::rename(Path("0"), Path("0.next"));
  {
    RocksDbBackendFactory factory(directory(), Options());
    EXPECT_TRUE(factory.Exists("0").value());
  }
  InChild([&] {
    const auto backend = OpenRocksDbReadOnly(Path("0"), kStores);
    ASSERT_TRUE(backend.ok()) << backend.status();
    ExpectHistory(**backend, 3);
  });
  EXPECT_TRUE(fs::exists(Path("0.next")));
  ExpectStore("0", 3);
}

TEST_F(RocksDbTest, ARemovalThatACrashInterruptedLeavesNothing) {
  MakeStore("0");
  fs::rename(Path("0"), Path("0.removed"));
  fs::remove(Path("0.removed/CURRENT"));
  ExpectStore("0", 0);
  EXPECT_FALSE(fs::exists(Path("0.removed")));
  // A replacement that had not ended goes with it.
  MakeStore("1");
  fs::rename(Path("1"), Path("0.next"));
  RocksDbBackendFactory factory(directory(), Options());
  EXPECT_TRUE(factory.Remove("0").ok());
  EXPECT_FALSE(factory.Exists("0").value());
  EXPECT_FALSE(fs::exists(Path("0.next")));
}

TEST_F(RocksDbTest, AMakingThatACrashInterruptedIsBegunAnew) {
  fs::create_directory(Path("0"));
  for (const char* file : {"LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) {
    std::ofstream(Path("0/") + file) << "?";
  }
  RocksDbBackendFactory factory(directory(), Options());
  EXPECT_FALSE(factory.Exists("0").value());
  ExpectStore("0", 0);
}

TEST_F(RocksDbTest, AFolderOfSomebodyElseIsLeftAlone) {
  fs::create_directory(Path("0"));
  std::ofstream(Path("0/letter.txt")) << "dear";
  RocksDbBackendFactory factory(directory(), Options());
  const absl::Status status = factory.Open("0", kStores).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "letter.txt")) << status;
  EXPECT_TRUE(fs::exists(Path("0/letter.txt")));
}

TEST_F(RocksDbTest, RefusesNamesThatAreNoFileNames) {
  RocksDbBackendFactory factory(directory(), Options());
  for (const char* name : {"", ".", "..", "a/b", "0.next", "0.removed"}) {
    EXPECT_EQ(factory.Open(name, kStores).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(factory.Remove(name).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(factory.Replace(name, "0").code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(RocksDbTest, ADirectoryThatIsNotThereIsAnError) {
  InChild([&] {
    RocksDbBackendFactory factory(Path("nowhere"), Options());
    const absl::Status status = factory.Open("0", kStores).status();
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(absl::StrContains(status.message(), Path("nowhere"))) << status;
  });
}

// --- Damage ---

std::vector<fs::path> FilesOf(const std::string& folder, const std::string& in_their_name) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (absl::StrContains(entry.path().filename().string(), in_their_name)) {
      files.push_back(entry.path());
    }
  }
  return files;
}

void FlipByte(const fs::path& file, std::mt19937* random) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>((*random)() % fs::file_size(file));
  stream.seekg(at);
  const int byte = stream.get();
  stream.seekp(at);
  stream.put(static_cast<char>(byte ^ (1 << ((*random)() % 8))));
}

struct Damage {
  const char* name;
  const char* files;
  std::function<void(const fs::path&)> damage;
};

const Damage kDamages[] = {
    {"ATableIsHalf", ".sst", [](const fs::path& f) { fs::resize_file(f, fs::file_size(f) / 2); }},
    {"ATableIsEmpty", ".sst", [](const fs::path& f) { fs::resize_file(f, 0); }},
    {"ATableIsGone", ".sst", [](const fs::path& f) { fs::remove(f); }},
    {"ATableIsNoise", ".sst",
     [](const fs::path& f) {
       const size_t size = fs::file_size(f);
       std::ofstream(f, std::ios::binary) << std::string(size, '\xa5');
     }},
    {"TheManifestIsEmpty", "MANIFEST", [](const fs::path& f) { fs::resize_file(f, 0); }},
    {"TheManifestIsGone", "MANIFEST", [](const fs::path& f) { fs::remove(f); }},
    {"TheManifestIsNoise", "MANIFEST",
     [](const fs::path& f) { std::ofstream(f, std::ios::binary) << std::string(500, '\xa5'); }},
    {"CurrentIsGone", "CURRENT", [](const fs::path& f) { fs::remove(f); }},
    {"CurrentIsEmpty", "CURRENT", [](const fs::path& f) { fs::resize_file(f, 0); }},
    {"CurrentIsNoise", "CURRENT", [](const fs::path& f) { std::ofstream(f) << "noise\n"; }},
};

class RocksDbDamage : public RocksDbTest, public testing::WithParamInterface<Damage> {};

TEST_P(RocksDbDamage, SaysWhereAndWhatToDo) {
  MakeStore("0");
  for (const fs::path& file : FilesOf(Path("0"), GetParam().files)) GetParam().damage(file);
  const auto expect_data_loss = [&](const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), Path("0"))) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "can be removed")) << status;
  };
  InChild([&] {
    RocksDbBackendFactory factory(directory(), Options());
    EXPECT_TRUE(factory.Exists("0").value());
    expect_data_loss(OpenRocksDbReadOnly(Path("0"), kStores).status());
    expect_data_loss(factory.Open("0", kStores).status());
    // And so it can.
    EXPECT_TRUE(factory.Remove("0").ok());
    ExpectHistory(*MustOpen(factory, "0"), 0);
  });
}

// Of each key, all values that it has had.
std::map<std::string, std::set<std::string>> EverHeld(const std::vector<OwnedBatch>& history,
                                                      StoreIndex store) {
  std::map<std::string, std::set<std::string>> held;
  for (const OwnedBatch& batch : history) {
    const Batch borrowed = batch.Borrow();
    for (const Write& write : borrowed.stores[store.value()]) {
      if (write.value.has_value()) held[std::string(write.key)].emplace(*write.value);
    }
  }
  return held;
}

// Whatever file is lost, it alone is named; the other stores are whole, and of its own is left
// what the other files have.
TEST_F(RocksDbTest, ASalvageReadsWhatIsLeftWhereATableIsLost) {
  constexpr uint32_t kBatches = 8;  // some of them ingested
  MakeStore("good", kBatches);
  std::vector<OwnedBatch> history;
  for (uint32_t i = 1; i <= kBatches; ++i) history.push_back(HistoryBatch(i, Keys(i)));
  for (const fs::path& victim : FilesOf(Path("good"), ".sst")) {
    for (const Damage& damage : kDamages) {
      if (std::string(damage.files) != ".sst") continue;
      SCOPED_TRACE(victim.filename().string() + " " + damage.name);
      fs::remove_all(Path("0"));
      fs::copy(Path("good"), Path("0"));
      const std::string file = Path("0") + "/" + victim.filename().string();
      damage.damage(file);
      InChild([&] {
        const auto whole = OpenRocksDbReadOnly(Path("good"), kStores).value();
        const auto before = FilesOf(Path("0"), "");
        const auto salvaged = SalvageRocksDb(Path("0"), kStores);
        ASSERT_TRUE(salvaged.ok()) << salvaged.status();
        ASSERT_EQ(salvaged->damaged.size(), 1u);
        EXPECT_TRUE(absl::StartsWith(salvaged->damaged[0], file + ": ")) << salvaged->damaged[0];
        int stores_that_lack_something = 0;
        for (const StoreIndex store : {kFirst, kSecond}) {
          const Entries left = Read(*salvaged->backend, store);
          const Entries all = Read(*whole, store);
          const auto held = EverHeld(history, store);
          for (const auto& [key, value] : left) EXPECT_TRUE(held.at(key).contains(value)) << key;
          if (left != all) ++stores_that_lack_something;
          EXPECT_GT(left.size(), 0u);
        }
        EXPECT_LE(stores_that_lack_something, 1);
        EXPECT_EQ(FilesOf(Path("0"), ""), before);
      });
    }
  }
}

TEST_P(RocksDbDamage, ASalvageDoesWithoutCurrentAndNotWithoutTheManifest) {
  MakeStore("0");
  for (const fs::path& file : FilesOf(Path("0"), GetParam().files)) GetParam().damage(file);
  InChild([&] {
    const auto salvaged = SalvageRocksDb(Path("0"), kStores);
    if (std::string(GetParam().files) == "MANIFEST") {
      EXPECT_EQ(salvaged.status().code(), absl::StatusCode::kDataLoss) << salvaged.status();
      return;
    }
    ASSERT_TRUE(salvaged.ok()) << salvaged.status();
    if (std::string(GetParam().files) == "CURRENT") {
      ExpectHistory(*salvaged->backend, 3);
      ASSERT_EQ(salvaged->damaged.size(), 1u);
      EXPECT_TRUE(absl::StartsWith(salvaged->damaged[0], Path("0") + "/CURRENT: "));
      return;
    }
    // All tables are lost.
    ExpectHistory(*salvaged->backend, 0);
    EXPECT_GE(salvaged->damaged.size(), 3u);
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, RocksDbDamage, testing::ValuesIn(kDamages),
                         [](const auto& info) { return info.param.name; });

// The manifest is a log: a shorter one is an older state, which a store may always be in (it
// knows which, and reads on from there), unless files of that time are gone.
TEST_F(RocksDbTest, AShortenedManifestIsAnOlderStateOrDamage) {
  MakeStore("good", 6);
  const uintmax_t size = fs::file_size(FilesOf(Path("good"), "MANIFEST").front());
  for (uintmax_t keep = 0; keep < size; keep += 13) {
    fs::remove_all(Path("0"));
    fs::copy(Path("good"), Path("0"));
    fs::resize_file(FilesOf(Path("0"), "MANIFEST").front(), keep);
    InChild([&] {
      RocksDbBackendFactory factory(directory(), Options());
      const auto backend = factory.Open("0", kStores);
      if (!backend.ok()) {
        EXPECT_EQ(backend.status().code(), absl::StatusCode::kDataLoss) << backend.status();
        return;
      }
      const std::string mark = GetMark(**backend, "last");
      ExpectHistory(**backend, mark == "(none)" ? 0 : static_cast<uint32_t>(std::stoul(mark)));
    });
  }
}

// One flipped bit is found at opening or at reading, or does not matter; it never crashes us
// nor shows as other values.
TEST_F(RocksDbTest, AFlippedBitIsNeverReadAsData) {
  MakeStore("good");
  std::mt19937 random(7);
  int found = 0;
  for (int round = 0; round < 60; ++round) {
    fs::remove_all(Path("0"));
    fs::copy(Path("good"), Path("0"));
    const std::vector<fs::path> files = FilesOf(Path("0"), round % 3 == 0 ? "MANIFEST" : ".sst");
    ASSERT_FALSE(files.empty());
    const fs::path& file = files[random() % files.size()];
    FlipByte(file, &random);
    InChild([&] {
      RocksDbBackendFactory factory(directory(), Options());
      auto backend = factory.Open("0", kStores);
      absl::Status status = backend.status();
      if (status.ok()) {
        Entries entries;
        const auto iterator = (*backend)->Iterate(kFirst, "");
        for (; iterator->Valid(); iterator->Next()) {
          entries.emplace(iterator->key(), iterator->value());
        }
        status = iterator->status();
        EXPECT_TRUE(!status.ok() || entries == HistoryEntries(kFirst, 3, Keys)) << file;
      }
      EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss) << status;
      if (!status.ok()) std::ofstream(Path("found")) << "yes";
    });
    if (fs::remove(Path("found"))) ++found;
  }
  EXPECT_GT(found, 10);
}

// --- Full disk ---

// A small file system of its own at `path`; false where we may not make one.
bool MountSmallDisk(const std::string& path, const char* size) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", path.c_str(), "tmpfs", 0, size) == 0;
}

// Leaves a few pages, so that it is not always the first file that finds no room.
void FillDisk(const std::string& directory, int pages_left) {
  const std::string filler = directory + "/filler";
  std::ofstream out(filler, std::ios::binary | std::ios::app);
  const std::string page(4096, 'x');
  while (out.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
  }
  const uintmax_t left = 4096 * static_cast<uintmax_t>(pages_left);
  fs::resize_file(filler, fs::file_size(filler) - std::min(fs::file_size(filler), left));
}

// What the files say, not the backend that wrote them.
std::string DurableMark(const std::string& path) {
  const auto reader = OpenRocksDbReadOnly(path, kStores);
  return reader.ok() ? GetMark(**reader, "last") : reader.status().ToString();
}

// Applies and flushes; what comes back OK on a full disk must be durable all the same (a
// file that was removed may have made room).
absl::Status ApplyDurably(Backend* backend, const std::string& path, uint32_t n, uint32_t keys) {
  absl::Status status = backend->Apply(HistoryBatch(n, keys).Borrow());
  if (status.ok()) status = backend->Flush();
  if (status.ok()) {
    EXPECT_EQ(DurableMark(path), std::to_string(n));
  }
  return status;
}

void ExpectGoesOnAfterAFullDisk(const std::string& directory, uint32_t keys) {
  RocksDbBackendFactory factory(directory, Options());
  const std::string path = directory + "/0";
  const auto history = [keys](uint32_t) { return keys; };
  const auto backend = MustOpen(factory, "0");
  EXPECT_TRUE(ApplyDurably(backend.get(), path, 1, keys).ok());
  int failures = 0;
  const uint32_t last = 7;
  for (uint32_t n = 2; n <= last; ++n) {
    for (int tries = 0; tries < 3; ++tries) {
      FillDisk(directory, static_cast<int>(n) - 2);
      const absl::Status status = ApplyDurably(backend.get(), path, n, keys);
      EXPECT_EQ(Get(*backend, kFirst, "never there"), "(none)");  // it still reads
      if (status.ok()) continue;
      ++failures;
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
      EXPECT_TRUE(absl::StrContains(status.message(), path)) << status;
    }
    fs::remove(directory + "/filler");
    const absl::Status status = ApplyDurably(backend.get(), path, n, keys);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(Read(*backend, kFirst) == HistoryEntries(kFirst, n, history));
    EXPECT_TRUE(Read(*backend, kSecond) == HistoryEntries(kSecond, n, history));
  }
  const auto reader = OpenRocksDbReadOnly(path, kStores);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(Read(**reader, kFirst) == HistoryEntries(kFirst, last, history));
  EXPECT_GE(failures, 3);
}

TEST_F(RocksDbTest, AfterAFullDiskItGoesOnByItself) {
  for (const uint32_t keys : {20u, 2000u}) {
    InChild([&] {
      if (!MountSmallDisk(directory(), "size=16m")) {
        std::fputs("not tested: needs the right to mount a file system\n", stderr);
        return;
      }
      ExpectGoesOnAfterAFullDisk(directory(), keys);
    });
  }
}

// A process that dies with the disk full comes back to what was durable.
TEST_F(RocksDbTest, ACrashWithAFullDiskLosesNothingFlushed) {
  InChild([&] {
    if (!MountSmallDisk(directory(), "size=16m")) return;
    for (const uint32_t keys : {20u, 2000u}) {
      const std::string name = std::to_string(keys);
      InKilledChild([&] {
        RocksDbBackendFactory factory(directory(), Options());
        const auto backend = MustOpen(factory, name);
        MustApply(*backend, HistoryBatch(1, keys));
        MustFlush(*backend);
        for (int tries = 0; tries < 3; ++tries) {
          FillDisk(directory(), 0);
          const absl::Status status = ApplyDurably(backend.get(), Path(name), 2, keys);
          if (tries == 0) {
            EXPECT_FALSE(status.ok());
          }
        }
        KillSelf();
      });
      fs::remove(directory() + "/filler");
      InChild([&] {
        RocksDbBackendFactory factory(directory(), Options());
        const auto backend = MustOpen(factory, name);
        const std::string mark = GetMark(*backend, "last");
        ASSERT_TRUE(mark == "1" || mark == "2") << mark;
        EXPECT_TRUE(Read(*backend, kFirst) ==
                    HistoryEntries(kFirst, mark == "1" ? 1 : 2, [&](uint32_t) { return keys; }));
      });
    }
  });
}

// --- Reading beside a writer ---

// Names, sizes, times and inodes of all that is in a folder, and what its files hold.
std::map<std::string, std::tuple<ino_t, int64_t, int64_t, int64_t, std::string>> Fingerprint(
    const std::string& folder) {
  std::map<std::string, std::tuple<ino_t, int64_t, int64_t, int64_t, std::string>> all;
  const auto add = [&](const fs::path& path) {
    struct stat st {};
    EXPECT_EQ(::stat(path.c_str(), &st), 0);
    std::string bytes;
    if (S_ISREG(st.st_mode)) {
      std::ifstream file(path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    all[path.string()] = {st.st_ino, st.st_size,
                          st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec,
                          st.st_ctim.tv_sec * 1'000'000'000 + st.st_ctim.tv_nsec, bytes};
  };
  add(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) add(entry.path());
  return all;
}

void ExpectReads(const std::string& path, uint32_t n) {
  const auto stores = ListRocksDbStores(path);
  ASSERT_TRUE(stores.ok()) << stores.status();
  EXPECT_EQ(*stores, kStores);
  const absl::Status fewer = OpenRocksDbReadOnly(path, {"second"}).status();
  EXPECT_EQ(fewer.code(), absl::StatusCode::kFailedPrecondition) << fewer;
  EXPECT_TRUE(absl::StrContains(fewer.message(), "first")) << fewer;
  const auto backend = OpenRocksDbReadOnly(path, {"first", "second", "not there"});
  ASSERT_TRUE(backend.ok()) << backend.status();
  const auto keys = [](uint32_t i) { return i % 3 == 0 ? 200u : 20u; };
  EXPECT_EQ(GetMark(**backend, "last"), std::to_string(n));
  EXPECT_TRUE(Read(**backend, kFirst) == HistoryEntries(kFirst, n, keys));
  EXPECT_TRUE(Read(**backend, kSecond) == HistoryEntries(kSecond, n, keys));
  EXPECT_EQ(Read(**backend, StoreIndex(2)), Entries());
  EXPECT_EQ(Get(**backend, StoreIndex(2), "a"), "(none)");
  EXPECT_EQ((*backend)->Apply(Batch()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ((*backend)->Flush().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RocksDbTest, ReadingChangesNothing) {
  MakeStore("0", 7);
  const auto before = Fingerprint(directory());
  InChild([&] { ExpectReads(Path("0"), 7); });
  InChild([&] { ExpectReads(Path("0") + "/", 7); });
  EXPECT_TRUE(Fingerprint(directory()) == before);
  ExpectStore("0", 7);
}

TEST_F(RocksDbTest, ReadsACopyAndAReadOnlyDisk) {
  MakeStore("0", 7);
  fs::copy(Path("0"), Path("copy"));
  InChild([&] { ExpectReads(Path("copy"), 7); });
  InChild([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(directory().c_str(), directory().c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        ::mount("none", directory().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) !=
            0) {
      std::fputs("not tested: needs the right to mount a file system\n", stderr);
      return;
    }
    ASSERT_FALSE(std::ofstream(Path("probe")).is_open());
    ExpectReads(Path("0"), 7);
  });
}

TEST_F(RocksDbTest, ReadsWhatAnOpenWriterHasFlushed) {
  InChild([&] {
    RocksDbBackendFactory factory(directory(), Options());
    const auto backend = MustOpen(factory, "0");
    for (uint32_t n = 1; n <= 4; ++n) MustApply(*backend, HistoryBatch(n, Keys(n)));
    MustFlush(*backend);
    MustApply(*backend, HistoryBatch(5, Keys(5)));
    const auto before = Fingerprint(directory());
    ExpectReads(Path("0"), 4);
    EXPECT_TRUE(Fingerprint(directory()) == before);
    MustApply(*backend, HistoryBatch(6, Keys(6)));
    MustFlush(*backend);
    ExpectHistory(*backend, 6);
    ExpectReads(Path("0"), 6);
  });
}

// All of what is read is of one batch, however fast files come and go beneath.
TEST_F(RocksDbTest, ReadsWholeBatchesBesideABusyWriter) {
  MakeStore("0", 1);
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const auto keys = [](uint32_t) { return 20u; };
  const pid_t writer = StartChild([&] { WriteForEver(directory(), report[1], 2, keys); });
  // A process and no thread: the next fork must not meet a lock that a thread holds.
  const pid_t drain = StartChild([&] {
    ::close(report[1]);
    char bytes[4096];
    while (::read(report[0], bytes, sizeof(bytes)) > 0) {
    }
  });
  ::close(report[1]);
  InChild([&] {
    uint32_t newest = 0;
    for (int round = 0; round < 150; ++round) {
      const auto backend = OpenRocksDbReadOnly(Path("0"), kStores);
      ASSERT_TRUE(backend.ok()) << backend.status();
      const std::string mark = GetMark(**backend, "last");
      const Entries first = Read(**backend, kFirst);
      const Entries second = Read(**backend, kSecond);
      ASSERT_EQ(first.at("last"), mark);
      ASSERT_EQ(second.at("last"), mark);
      ASSERT_EQ(first.size(), second.size());
      const auto n = static_cast<uint32_t>(std::stoul(mark));
      ASSERT_GE(n, newest);
      newest = n;
      if (round % 30 == 0) {
        ASSERT_TRUE(first == HistoryEntries(kFirst, n, keys));
      }
    }
  });
  ::kill(writer, SIGKILL);
  WaitFor(writer);
  EXPECT_EQ(WaitFor(drain), 0);
  ::close(report[0]);
}

TEST_F(RocksDbTest, ReadingWhereNothingIsMakesNothing) {
  InChild([&] {
    EXPECT_EQ(OpenRocksDbReadOnly(Path("0"), kStores).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ListRocksDbStores(Path("0")).status().code(), absl::StatusCode::kNotFound);
  });
  EXPECT_FALSE(fs::exists(Path("0")));
}

}  // namespace
}  // namespace state
