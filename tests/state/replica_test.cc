#include "state/replica.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "state/memory/memory_backend.h"
#include "state/store.h"

namespace state {
namespace {

constexpr StoreIndex kStore{0};
const std::vector<std::string> kStores = {"things"};

// Keeps its tasks until the test wants them run.
class HeldExecutor final : public Executor {
 public:
  void Run(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void Release() {
    for (const auto& task : std::exchange(tasks_, {})) task();
  }
  ~HeldExecutor() override { Release(); }

 private:
  std::vector<std::function<void()>> tasks_;
};

class ReplicaTest : public testing::Test {
 protected:
  std::unique_ptr<Replica> Open(Executor* executor) {
    return *Replica::Open(*disk_.Open("0", kStores), 1, executor);
  }
  std::unique_ptr<Replica> Open() { return Open(&inline_); }
  static std::string Read(const Replica& replica, std::string_view key) {
    std::string value;
    return *replica.Get(kStore, key, &value) ? value : "(none)";
  }
  static std::string All(const Replica& replica, std::string_view from = "") {
    std::string text;
    const auto take = [&](std::string_view key, std::string_view value) {
      absl::StrAppend(&text, std::string(key), "=", std::string(value), " ");
      return true;
    };
    EXPECT_TRUE(replica.Scan(kStore, take, from).ok());
    return text;
  }

  MemoryBackendFactory disk_;
  InlineExecutor inline_;
};

TEST_F(ReplicaTest, ReadsTheNewestOfItsThreeLayers) {
  HeldExecutor held;
  const auto replica = Open(&held);
  replica->Apply(kStore, "a", "disk");
  replica->Apply(kStore, "b", "disk");
  replica->Apply(kStore, "c", "disk");
  replica->StartCheckpoint();
  held.Release();
  ASSERT_TRUE(replica->FinishCheckpoint().ok());
  replica->Apply(kStore, "b", "frozen");
  replica->Apply(kStore, "c", std::nullopt);
  replica->StartCheckpoint();
  ASSERT_TRUE(replica->checkpoint_running());
  replica->Apply(kStore, "c", "pending");
  replica->Apply(kStore, "d", "pending");
  EXPECT_EQ(Read(*replica, "a"), "disk");
  EXPECT_EQ(Read(*replica, "b"), "frozen");
  EXPECT_EQ(All(*replica), "a=disk b=frozen c=pending d=pending ");
  EXPECT_EQ(All(*replica, "b"), "b=frozen c=pending d=pending ");
  EXPECT_EQ(All(*replica, "bb"), "c=pending d=pending ");
  EXPECT_EQ(All(*replica, "e"), "");
  replica->Apply(kStore, "b", std::nullopt);
  EXPECT_EQ(Read(*replica, "b"), "(none)");
  EXPECT_EQ(All(*replica), "a=disk c=pending d=pending ");
  held.Release();  // a replica waits for its checkpoint
}

TEST_F(ReplicaTest, APowerCutLeavesTheLastCheckpointAndItsPositions) {
  {
    const auto replica = Open();
    EXPECT_TRUE(replica->is_new());
    replica->Apply(kStore, "a", "1");
    replica->set_position(kStore, base::Offset(7));
    replica->set_consistent(true);
    replica->set_current_as_of(base::Timestamp(99));
    ASSERT_TRUE(replica->CheckpointNow().ok());
    replica->Apply(kStore, "b", "1");
    replica->set_position(kStore, base::Offset(9));
  }
  disk_.LoseUnflushed();
  const auto replica = Open();
  EXPECT_FALSE(replica->is_new());
  EXPECT_EQ(All(*replica), "a=1 ");
  EXPECT_EQ(replica->positions().next[0], base::Offset(7));
  EXPECT_TRUE(replica->positions().consistent);
  EXPECT_EQ(replica->positions().current_as_of, base::Timestamp(99));
}

TEST_F(ReplicaTest, AFailedCheckpointLosesNothingAndYieldsToWhatCameSince) {
  HeldExecutor held;
  {
    const auto replica = Open(&held);
    replica->Apply(kStore, "a", "old");
    replica->Apply(kStore, "b", "old");
    replica->set_position(kStore, base::Offset(5));
    replica->StartCheckpoint();
    EXPECT_FALSE(replica->is_new());  // also while all that it holds is being put down
    replica->Apply(kStore, "a", "new");
    disk_.FailWrites(absl::ResourceExhaustedError("disk full"));
    held.Release();
    EXPECT_TRUE(absl::IsResourceExhausted(replica->FinishCheckpoint()));
    EXPECT_FALSE(replica->is_new());  // it holds something, though not on disk
    EXPECT_EQ(All(*replica), "a=new b=old ");
    EXPECT_EQ(replica->pending_keys(), 2u);
    EXPECT_EQ(replica->pending_records(), 3u);
    disk_.FailWrites(absl::OkStatus());
    replica->StartCheckpoint();
    held.Release();
    ASSERT_TRUE(replica->FinishCheckpoint().ok());
    EXPECT_EQ(replica->pending_keys(), 0u);
  }
  disk_.LoseUnflushed();
  EXPECT_EQ(All(*Open()), "a=new b=old ");
}

TEST_F(ReplicaTest, CountsWhatIsPending) {
  const auto replica = Open();
  replica->Apply(kStore, "key", "12345");
  replica->Apply(kStore, "key", "1");
  replica->Apply(kStore, "other", std::nullopt);
  EXPECT_EQ(replica->pending_keys(), 2u);
  EXPECT_EQ(replica->pending_records(), 3u);
  // More than the bytes themselves, and the same for the same keys and values.
  const size_t bytes = replica->pending_bytes();
  EXPECT_GT(bytes, 3u + 1u + 5u);
  replica->Apply(kStore, "key", "123456");
  EXPECT_EQ(replica->pending_bytes(), bytes + 5);
  replica->Apply(kStore, "key", "1");
  EXPECT_EQ(replica->pending_bytes(), bytes);
}

// ----------------------------------------------------------------- the typed store

struct NumberCodec {
  using Key = uint64_t;
  using Value = uint64_t;
  static constexpr std::string_view kName = "things";
  static void EncodeKey(const Key& key, std::string* out) {
    out->append("tenant--");
    base::AppendBigEndian(key, out);
  }
  static void EncodeValue(const Value& value, std::string* out) {
    base::AppendLittleEndian(value, out);
  }
  static absl::Status DecodeValue(std::string_view bytes, Value* value) {
    base::Reader reader(bytes);
    return reader.ReadLittleEndian(value) && reader.empty() ? absl::OkStatus()
                                                            : absl::DataLossError("no number");
  }
};

class StoreTest : public ReplicaTest {
 protected:
  StoreTest() : replica_(Open()), store_(replica_.get(), kStore, 1'000'000) {}

  void CommitAll() {
    ChangeSet changes;
    store_.CollectChanges(&changes);
    for (size_t i = 0; i < changes.size(); ++i) {
      replica_->Apply(changes[i].store, changes[i].key, changes[i].value);
    }
    store_.Commit();
  }
  std::string Get(uint64_t key) {
    const auto value = store_.Get(key);
    EXPECT_TRUE(value.ok()) << value.status();
    return *value == nullptr ? "(none)" : absl::StrCat(**value);
  }

  std::unique_ptr<Replica> replica_;
  Store<NumberCodec> store_;
};

TEST_F(StoreTest, AnAbortDropsTheOpenVersionAndKeepsTheCommittedOne) {
  ASSERT_TRUE(store_.Put(1, 10).ok());
  EXPECT_EQ(Get(1), "10");
  CommitAll();
  ASSERT_TRUE(store_.Put(1, 11).ok());
  ASSERT_TRUE(store_.Put(2, 20).ok());
  ASSERT_TRUE(store_.Delete(1).ok());
  EXPECT_EQ(Get(1), "(none)");
  store_.Abort();
  EXPECT_EQ(Get(1), "10");
  EXPECT_EQ(Get(2), "(none)");
  EXPECT_EQ(store_.open_keys(), 0u);
}

TEST_F(StoreTest, CollectsTheNewestOfEachKeyOnce) {
  ASSERT_TRUE(store_.Put(1, 10).ok());
  ASSERT_TRUE(store_.Put(1, 11).ok());
  ASSERT_TRUE(store_.Put(2, 20).ok());
  ASSERT_TRUE(store_.Delete(2).ok());
  ChangeSet changes;
  store_.CollectChanges(&changes);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].value, std::string("\x0b\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(changes[1].value, std::nullopt);
}

TEST_F(StoreTest, UncommittedVersionsNeverReachTheReplica) {
  ASSERT_TRUE(store_.Put(1, 10).ok());
  EXPECT_EQ(replica_->pending_keys(), 0u);
  store_.Abort();
  ASSERT_TRUE(replica_->CheckpointNow().ok());
  EXPECT_EQ(All(*replica_), "");
}

TEST_F(StoreTest, ASmallCacheForgetsAndReadsAgain) {
  Store<NumberCodec> small(replica_.get(), kStore, 1);
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(small.Put(i, i * 2).ok());
  }
  ChangeSet changes;
  small.CollectChanges(&changes);
  for (size_t i = 0; i < changes.size(); ++i) {
    replica_->Apply(changes[i].store, changes[i].key, changes[i].value);
  }
  small.Commit();
  for (uint64_t i = 0; i < 100; ++i) {
    const auto value = small.Get(i);
    ASSERT_TRUE(value.ok());
    ASSERT_NE(*value, nullptr);
    EXPECT_EQ(**value, i * 2);
  }
}

TEST_F(StoreTest, AFullCacheKeepsWhatIsUsedAndNothingIsKeptForEver) {
  Store<NumberCodec> small(replica_.get(), kStore, 10'000);
  const auto use = [&](uint64_t key) {
    const uint64_t misses = small.cache().misses;
    EXPECT_TRUE(small.Get(key).ok());
    return small.cache().misses == misses ? "found" : "read";
  };
  use(0);
  use(1);
  for (uint64_t i = 2; i < 1000; ++i) {
    EXPECT_EQ(use(0), std::string("found")) << i;
    use(i);
    small.Abort();  // a transaction's end makes room
  }
  EXPECT_LT(small.cache().entries, 100u);
  EXPECT_EQ(use(1), std::string("read"));
  for (uint64_t i = 2000; i < 3000; ++i) {
    use(i);
    small.Abort();
  }
  EXPECT_EQ(use(0), std::string("read"));
}

TEST_F(StoreTest, AnObjectStaysWhereItIsWhileOthersAreWritten) {
  ASSERT_TRUE(store_.Put(0, 7).ok());
  const uint64_t* const open = *store_.Get(0);
  for (uint64_t i = 1; i < 1000; ++i) ASSERT_TRUE(store_.Put(i, i).ok());
  EXPECT_EQ(*store_.Get(0), open);
  EXPECT_EQ(*open, 7u);
}

TEST_F(StoreTest, ATransactionLeavesNothingToTheNext) {
  ASSERT_TRUE(store_.Put(1, 10).ok());
  ASSERT_TRUE(store_.Put(2, 20).ok());
  CommitAll();
  ASSERT_TRUE(store_.Delete(3).ok());
  ChangeSet changes;
  store_.CollectChanges(&changes);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].value, std::nullopt);
  CommitAll();
  EXPECT_EQ(Get(1), "10");
  EXPECT_EQ(Get(2), "20");
  EXPECT_EQ(Get(3), "(none)");
}

TEST_F(StoreTest, ADamagedValueIsAnErrorThatNamesTheStore) {
  std::string key;
  NumberCodec::EncodeKey(5, &key);
  replica_->Apply(kStore, key, "short");
  const auto value = store_.Get(5);
  ASSERT_FALSE(value.ok());
  EXPECT_NE(value.status().message().find("things"), absl::string_view::npos);
}

TEST(PositionsTest, OfOlderAndForeignPrograms) {
  const Positions positions{.next = {base::Offset(3), base::Offset(1'000'000'000'000)},
                            .consistent = true,
                            .current_as_of = base::Timestamp(1234)};
  const std::string bytes = EncodePositions(positions);
  EXPECT_EQ(*DecodePositions(bytes, 2), positions);
  // A store that was added since begins at the beginning.
  EXPECT_EQ(DecodePositions(bytes, 3)->next[2], base::Offset(0));
  EXPECT_FALSE(DecodePositions(bytes, 1).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodePositions(bytes.substr(0, size), 2).ok()) << size;
  }
}

}  // namespace
}  // namespace state
