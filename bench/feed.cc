// Writes inputs for a benchmark, as fast as the broker takes them.
//
//   bench-feed fill FIRST COUNT
//       characters FIRST (1, 11, ...) to FIRST + COUNT - 1: each is created and logs in; each
//       tenth founds a party, and the next two join it
//   bench-feed mix RECORDS CHARACTERS
//       70 % status events of types that are not ours; the rest moves, logs in and levels up
//       the characters that `fill 1 CHARACTERS` made, of whom three in ten are in a party
//
// Prints how many records of each input were written: status and commands.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "bench/bench.h"
#include "streams/kafka/producer.h"

namespace bench {
namespace {

constexpr int64_t kFirstParty = 1'000'000'000;
constexpr absl::Duration kPatience = absl::Minutes(2);

class Feed {
 public:
  absl::Status Open() {
    ASSIGN_OR_RETURN(
        producer_,
        streams::kafka::KafkaProducer::Create(
            Config(),
            {.transactional_id = {},
             .topics = {Variable("EVENT_TOPIC_CHARACTER_STATUS"), Variable("COMMAND_TOPIC_PARTY")},
             .reported = {}},
            &standstill_, &statistics_));
    return absl::OkStatus();
  }

  absl::Status Status(int64_t character, const char* type, const std::string& body) {
    ++status_;
    return Write(0, character,
                 absl::StrCat(R"({"worldId":0,"characterId":)", character, R"(,"type":")", type,
                              R"(","body":{)", body, "}}"));
  }
  absl::Status Command(int64_t actor, const char* type, const std::string& body) {
    ++commands_;
    return Write(
        1, actor,
        absl::StrCat(R"({"actorId":)", actor, R"(,"type":")", type, R"(","body":{)", body, "}}"));
  }
  // Until the broker has all.
  absl::Status Settle() {
    const streams::ProduceResult flushed = producer_->Flush(kPatience);
    return flushed.ok() ? absl::OkStatus() : absl::InternalError(flushed.reason);
  }
  absl::Status Finish() {
    RETURN_IF_ERROR(Settle());
    std::printf("%lld %lld\n", static_cast<long long>(status_), static_cast<long long>(commands_));
    return absl::OkStatus();
  }

 private:
  absl::Status Write(uint32_t topic, int64_t entity, const std::string& value) {
    char key[8] = {};
    for (int i = 0; i < 4; ++i) key[i] = static_cast<char>(entity >> (8 * i));
    const streams::ProduceResult written =
        producer_->Produce({.topic = streams::TopicIndex(topic),
                            .partition = base::Partition(0),
                            .key = std::string_view(key, sizeof(key)),
                            .value = value,
                            .headers = GameHeaders()});
    return written.ok() ? absl::OkStatus() : absl::InternalError(written.reason);
  }

  streams::kafka::Standstill standstill_;
  streams::kafka::ClientStatistics statistics_;
  std::unique_ptr<streams::kafka::KafkaProducer> producer_;
  int64_t status_ = 0;
  int64_t commands_ = 0;
};

absl::Status Fill(Feed& feed, int64_t first, int64_t count) {
  for (int64_t character = first; character < first + count; ++character) {
    RETURN_IF_ERROR(
        feed.Status(character, "CREATED", absl::StrCat(R"("name":"Name)", character, R"(")")));
    RETURN_IF_ERROR(feed.Status(character, "LOGIN", R"("channelId":1,"mapId":100000000)"));
  }
  // Only what was acknowledged before is decided before, where a worker reads meanwhile.
  RETURN_IF_ERROR(feed.Settle());
  for (int64_t character = first; character < first + count; ++character) {
    const std::string party = absl::StrCat(R"("partyId":)", kFirstParty + character / 10);
    if (character % 10 == 1) RETURN_IF_ERROR(feed.Command(character, "CREATE", ""));
    if (character % 10 == 2 || character % 10 == 3) {
      RETURN_IF_ERROR(feed.Command(character, "JOIN", party));
    }
  }
  return feed.Finish();
}

absl::Status Mix(Feed& feed, int64_t records, int64_t characters) {
  std::mt19937_64 random(1);  // the same each time
  constexpr const char* kSkipped[] = {"EXPERIENCE_CHANGED", "MESO_CHANGED", "STAT_CHANGED",
                                      "FAME_CHANGED"};
  for (int64_t i = 0; i < records; ++i) {
    const int64_t who = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(characters));
    const uint64_t pick = random() % 100;
    absl::Status written;
    if (pick < 70) {
      written = feed.Status(who, kSkipped[pick % std::size(kSkipped)],
                            R"("channelId":1,"amount":7,"current":4711,"actorId":0)");
    } else if (pick < 84) {
      written = feed.Status(who, "MAP_CHANGED",
                            absl::StrCat(R"("channelId":1,"oldMapId":100000000,"oldInstance":)",
                                         R"("00000000-0000-0000-0000-000000000000","targetMapId":)",
                                         100'000'000 + random() % 1000, R"(,"targetPortalId":0)"));
    } else if (pick < 94) {
      written =
          feed.Status(who, "LEVEL_CHANGED",
                      absl::StrCat(R"("channelId":1,"amount":1,"current":)", 1 + random() % 200));
    } else {
      written = feed.Status(who, "LOGIN", R"("channelId":1,"mapId":100000000)");
    }
    RETURN_IF_ERROR(written);
  }
  return feed.Finish();
}

absl::Status Main(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3 || (arguments[0] != "fill" && arguments[0] != "mix")) {
    return absl::InvalidArgumentError("wants fill FIRST COUNT, or mix RECORDS CHARACTERS");
  }
  ASSIGN_OR_RETURN(const int64_t first, Number(arguments[1]));
  ASSIGN_OR_RETURN(const int64_t second, Number(arguments[2]));
  Feed feed;
  RETURN_IF_ERROR(feed.Open());
  return arguments[0] == "fill" ? Fill(feed, first, second) : Mix(feed, first, second);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  return bench::Finish("bench-feed", bench::Main({argv + 1, argv + argc}));
}
