#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "base/envelope.h"
#include "base/fifo.h"
#include "base/murmur2.h"
#include "base/record.h"
#include "base/trace_id.h"
#include "base/uuid.h"

namespace base {
namespace {

// The values are those of Kafka's own test of its Java implementation.
TEST(Murmur2Test, AgreesWithJava) {
  const auto hash = [](std::string_view text) { return static_cast<int32_t>(Murmur2(text)); };
  EXPECT_EQ(hash("21"), -973932308);
  EXPECT_EQ(hash("foobar"), -790332482);
  EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(hash("abc"), 479470107);
}

TEST(Murmur2Test, PartitionsAreNotNegative) {
  EXPECT_EQ(PartitionForKey("foobar", 1), Partition(0));
  for (int i = 0; i < 100; ++i) {
    const Partition partition = PartitionForKey(std::to_string(i), 7);
    EXPECT_GE(partition.value(), 0);
    EXPECT_LT(partition.value(), 7);
  }
}

TEST(UuidTest, EitherCaseIsReadAndLowerCaseWritten) {
  const auto lower = ParseUuid("083839c6-c47c-42a6-9585-76492795d123");
  const auto upper = ParseUuid("083839C6-C47C-42A6-9585-76492795D123");
  ASSERT_TRUE(lower.has_value());
  EXPECT_EQ(lower, upper);
  EXPECT_EQ(ToString(*upper), "083839c6-c47c-42a6-9585-76492795d123");
}

TEST(UuidTest, WhatIsNoUuidIsRefused) {
  for (const char* text :
       {"", "083839c6-c47c-42a6-9585-76492795d12", "083839c6-c47c-42a6-9585-76492795d1234",
        "083839c6c47c-42a6-9585-76492795d1234", "083839c6-c47c-42a6-9585-76492795d12g",
        "{83839c6-c47c-42a6-9585-76492795d123", "083839c6-c47c-42a6-9585-76492795-123"}) {
    EXPECT_FALSE(ParseUuid(text).has_value()) << text;
  }
}

TEST(UuidTest, EachByteTellsThemApart) {
  const Uuid one = *ParseUuid("083839c6-c47c-42a6-9585-76492795d123");
  EXPECT_EQ(one, Uuid(one));
  for (size_t i = 0; i < one.bytes.size(); ++i) {
    Uuid other = one;
    other.bytes[i] ^= 0x80;
    EXPECT_NE(one, other) << i;
  }
}

TEST(UuidTest, RandomOnesDiffer) {
  EXPECT_NE(RandomUuid(), RandomUuid());
  EXPECT_FALSE(RandomUuid().is_nil());
}

TEST(TraceIdTest, OfAWellFormedTraceParent) {
  const auto id = [](std::optional<std::string_view> value) {
    const HeaderView header{"traceparent", value};
    return TraceId({&header, 1});
  };
  EXPECT_EQ(id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(id("00-0af7651916cd43dd8448eb211c80319"), "");
  EXPECT_EQ(id("00-0af7651916cd43dd8448eb211c80319c"), "");
  EXPECT_EQ(id("00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01"), "");
  EXPECT_EQ(id(""), "");
  EXPECT_EQ(id(std::nullopt), "");
  EXPECT_EQ(TraceId({}), "");
}

TEST(BytesTest, BothOrders) {
  std::string bytes;
  AppendLittleEndian(uint32_t{0x01020304}, &bytes);
  AppendBigEndian(uint32_t{0x01020304}, &bytes);
  AppendLittleEndian(uint8_t{0xff}, &bytes);
  AppendLittleEndian(int64_t{-2}, &bytes);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x04\x03\x02\x01\x01\x02\x03\x04", 8));
  Reader reader(bytes);
  uint32_t word = 0;
  uint8_t byte = 0;
  int64_t number = 0;
  ASSERT_TRUE(reader.ReadLittleEndian(&word));
  EXPECT_EQ(word, 0x01020304u);
  ASSERT_TRUE(reader.ReadBigEndian(&word));
  EXPECT_EQ(word, 0x01020304u);
  ASSERT_TRUE(reader.ReadLittleEndian(&byte));
  EXPECT_EQ(byte, 0xff);
  ASSERT_TRUE(reader.ReadLittleEndian(&number));
  EXPECT_EQ(number, -2);
  EXPECT_FALSE(reader.ReadLittleEndian(&byte));
}

TEST(EnvelopeTest, TakesWhatItCanRead) {
  const auto read = [](Envelope envelope, std::string more, uint8_t ours) -> absl::Status {
    std::string bytes;
    AppendEnvelope(envelope, &bytes);
    bytes += more;
    Reader reader(bytes);
    const auto head = ReadEnvelope("a thing", ours, &reader);
    if (!head.ok()) return head.status();
    return CheckEnd("a thing", *head, ours, reader);
  };
  EXPECT_TRUE(read({1, 1}, "", 1).ok());
  EXPECT_FALSE(read({1, 1}, "x", 1).ok());
  EXPECT_TRUE(read({2, 1}, "newer fields", 1).ok());
  const absl::Status newer = read({3, 2}, "", 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(newer));
  EXPECT_NE(newer.message().find("newer program"), absl::string_view::npos);
  EXPECT_FALSE(read({1, 2}, "", 2).ok());
  EXPECT_FALSE(read({0, 0}, "", 1).ok());
}

TEST(FifoTest, GivesBackInOrder) {
  Fifo<int> fifo;
  int next = 0;
  for (int i = 0; i < 1000; ++i) {
    fifo.push(i);
    if (i % 3 != 0) {
      EXPECT_EQ(fifo.front(), next++);
      fifo.pop();
    }
  }
  EXPECT_EQ(fifo.size(), static_cast<size_t>(1000 - next));
  while (!fifo.empty()) {
    EXPECT_EQ(fifo.front(), next++);
    fifo.pop();
  }
  EXPECT_EQ(next, 1000);
}

TEST(HeaderListTest, IsLoadedOnceAndOnlyWhenAsked) {
  struct Source {
    int loads = 0;
    HeaderView header{"a", "b"};
  } source;
  const HeaderList list(
      [](void* from) -> std::span<const HeaderView> {
        auto* source = static_cast<Source*>(from);
        ++source->loads;
        return {&source->header, 1};
      },
      &source);
  EXPECT_EQ(source.loads, 0);
  EXPECT_EQ(FindHeader(list, "a")->value, "b");
  EXPECT_EQ(FindHeader(list, "A"), nullptr);
  EXPECT_EQ(source.loads, 1);
}

}  // namespace
}  // namespace base
