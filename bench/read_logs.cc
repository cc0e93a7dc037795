// Reads topics of one partition each to their ends and does nothing with the records: the
// speed that a restore can at best have.
//
//   bench-read-logs TOPIC...
//
// Prints records and seconds; the seconds begin with the assignment, as a restore's do.

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"
#include "bench/bench.h"
#include "streams/kafka/client.h"

namespace bench {
namespace {

using streams::kafka::Handle;
using streams::kafka::Queue;

constexpr size_t kBatch = 10'000;
constexpr int kPollMs = 1'000;

absl::StatusOr<Handle> Open() {
  return streams::kafka::NewReader(Config(), "bench", "read_committed",
                                   {{"enable.partition.eof", "true"},
                                    {"fetch.wait.max.ms", "10"},
                                    {"fetch.message.max.bytes", "10000000"},
                                    {"queued.min.messages", "1000000"}});
}

struct Found {
  int64_t records = 0;
  size_t ends = 0;
};

void Take(rd_kafka_message_t* message, Found* found) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++found->records;
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++found->ends;
  rd_kafka_message_destroy(message);
}

// A batch is waited for until it is full: so one is waited for, and what is there taken.
Found ReadToEnds(rd_kafka_queue_t* queue, size_t partitions) {
  std::vector<rd_kafka_message_t*> batch(kBatch);
  Found found;
  while (found.ends < partitions) {
    rd_kafka_message_t* const first = rd_kafka_consume_queue(queue, kPollMs);
    if (first == nullptr) continue;
    Take(first, &found);
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 0, batch.data(), batch.size());
    for (ssize_t i = 0; i < count; ++i) Take(batch[static_cast<size_t>(i)], &found);
  }
  return found;
}

absl::Status Main(const std::vector<std::string>& topics) {
  ASSIGN_OR_RETURN(const Handle handle, Open());
  // The question also connects it, as a worker's reader is before a restore begins.
  ASSIGN_OR_RETURN(const auto ranges, Ranges(handle.get(), topics));
  std::vector<streams::PartitionStart> starts;
  for (const auto& [partition, range] : ranges) {
    if (range.start < range.end) starts.push_back({partition, base::Offset(range.start)});
  }
  const Queue queue(rd_kafka_queue_get_consumer(handle.get()));
  const absl::Duration began = base::SystemClock().Elapsed();
  RETURN_IF_ERROR(streams::kafka::Assign(handle.get(), streams::kafka::ToList(starts).get(),
                                         "starting to read"));
  const Found found = ReadToEnds(queue.get(), starts.size());
  const absl::Duration took = base::SystemClock().Elapsed() - began;
  std::printf("%lld %.4f\n", static_cast<long long>(found.records), absl::ToDoubleSeconds(took));
  return absl::OkStatus();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  return bench::Finish("bench-read-logs", bench::Main({argv + 1, argv + argc}));
}
