// What only the memory backend can: losing one backend's or all unflushed batches, failing
// on demand, and being strict about batches.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "state/memory/memory_backend.h"
#include "tests/state/backend_harness.h"

namespace state {
namespace {

TEST(MemoryBackendTest, CrashLosesTheUnflushedOfOneName) {
  MemoryBackendFactory factory;
  for (const char* name : {"0", "1"}) {
    const auto backend = MustOpen(factory, name);
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Put(kFirst, "b", "1").Mark("m", "1"));
    MustFlush(*backend);
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "2").Delete(kFirst, "b"));
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "3").Put(kFirst, "c", "3").Mark("m", "3"));
  }
  factory.Crash("0");
  factory.Crash("never there");
  EXPECT_EQ(Read(*MustOpen(factory, "0"), kFirst), (Entries{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(GetMark(*MustOpen(factory, "0"), "m"), "1");
  EXPECT_EQ(Read(*MustOpen(factory, "1"), kFirst), (Entries{{"a", "3"}, {"c", "3"}}));
  EXPECT_EQ(GetMark(*MustOpen(factory, "1"), "m"), "3");
  factory.LoseUnflushed();
  EXPECT_EQ(Read(*MustOpen(factory, "1"), kFirst), (Entries{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(GetMark(*MustOpen(factory, "1"), "m"), "1");
}

TEST(MemoryBackendTest, AReplacementStaysCrashable) {
  MemoryBackendFactory factory;
  {
    const auto backend = MustOpen(factory, "new");
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1").Mark("m", "1"));
    MustFlush(*backend);
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "2").Mark("m", "2"));
  }
  ASSERT_TRUE(factory.Replace("new", "0").ok());
  factory.Crash("0");
  EXPECT_EQ(Get(*MustOpen(factory, "0"), kFirst, "a"), "1");
  EXPECT_EQ(GetMark(*MustOpen(factory, "0"), "m"), "1");
}

TEST(MemoryBackendTest, WhatIsOpenCannotBeReplacedOrRemoved) {
  MemoryBackendFactory factory;
  const auto backend = MustOpen(factory, "0");
  { const auto other = MustOpen(factory, "1"); }
  EXPECT_EQ(factory.Remove("0").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(factory.Replace("0", "1").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(factory.Replace("1", "0").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(factory.Exists("1").value());
}

TEST(MemoryBackendTest, FailsWritesUntilToldOtherwise) {
  MemoryBackendFactory factory;
  const auto backend = MustOpen(factory, "0");
  const OwnedBatch batch = OwnedBatch().Put(kFirst, "a", "1");
  factory.FailWrites(absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(backend->Apply(batch.Borrow()).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(backend->Flush().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Get(*backend, kFirst, "a"), "(none)");
  factory.FailWrites(absl::OkStatus());
  MustApply(*backend, batch);
  MustFlush(*backend);
  EXPECT_EQ(Get(*backend, kFirst, "a"), "1");
}

TEST(MemoryBackendTest, RefusesKeysThatDoNotAscend) {
  MemoryBackendFactory factory;
  const auto backend = MustOpen(factory, "0");
  Batch batch;
  batch.stores = {{{"a", "1"}, {"a", "2"}}};
  EXPECT_EQ(backend->Apply(batch).code(), absl::StatusCode::kInvalidArgument);
  batch.stores = {{{"\x80", "1"}, {"a", "1"}}};  // as unsigned bytes
  EXPECT_EQ(backend->Apply(batch).code(), absl::StatusCode::kInvalidArgument);
  batch.stores = {{{"a", "1"}, {"\x80", "1"}}};
  EXPECT_TRUE(backend->Apply(batch).ok());
}

TEST(MemoryBackendTest, FlushAndCrashAreCheapWithManyKeys) {
  MemoryBackendFactory factory;
  auto backend = MustOpen(factory, "0");
  OwnedBatch all;
  for (uint32_t i = 0; i < 200'000; ++i) all.Put(kFirst, Key(i), "1");
  MustApply(*backend, all);
  // A copy of everything for each would take minutes.
  for (uint32_t i = 0; i < 20'000; ++i) {
    MustApply(*backend, OwnedBatch().Put(kFirst, Key(i), "2"));
    MustFlush(*backend);
    EXPECT_TRUE(backend->Iterate(kFirst, Key(i))->Valid());
  }
  MustApply(*backend, OwnedBatch().Put(kFirst, Key(0), "3"));
  backend.reset();
  factory.Crash("0");
  backend = MustOpen(factory, "0");
  EXPECT_EQ(Get(*backend, kFirst, Key(0)), "2");
}

// An iterator's backend and its factory may be gone.
TEST(MemoryBackendTest, AnIteratorOutlivesItsBackend) {
  std::unique_ptr<Iterator> iterator;
  {
    MemoryBackendFactory factory;
    const auto backend = MustOpen(factory, "0");
    MustApply(*backend, OwnedBatch().Put(kFirst, "a", "1"));
    iterator = backend->Iterate(kFirst, "");
  }
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->value(), "1");
}

}  // namespace
}  // namespace state
