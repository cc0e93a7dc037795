// Keeps a consumer fetching that has more to read.
//
// The library looks whether there is something to fetch only when its thread for that broker
// wakes, for whatever reason: where nothing is being fetched, that is once a second. So a
// question is sent to the partitions' brokers: nobody waits for the answer, but it wakes the
// threads.
//
// Not thread-safe.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>

namespace streams::kafka {

// To be called while a consumer that was idle has been given `partitions` and nothing comes: one
// question may be too early.
inline void WakeFetching(rd_kafka_t* consumer, rd_kafka_topic_partition_list_t* partitions) {
  if (partitions->cnt == 0) return;
  for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
  rd_kafka_offsets_for_times(consumer, partitions, /*timeout_ms=*/0);
}

// Where a queue is full the library stops fetching. A reader that is slower than the broker,
// but not by much, would stand still for most of the time. So the threads are woken when a
// queue that was deep runs low.
class FetchPace {
 public:
  // `low`: records in the queue that are read in the time that a fetch takes; fetching must not
  // stop before there are twice as many.
  explicit FetchPace(size_t low) : low_(low) {}

  // To be called when records were taken from `queue`, into which `partitions` are fetched.
  void AfterTaking(rd_kafka_t* consumer, rd_kafka_queue_t* queue,
                   rd_kafka_topic_partition_list_t* partitions) {
    const size_t left = rd_kafka_queue_length(queue);
    if (left >= 2 * low_) deep_ = true;
    if (!deep_ || left > low_) return;
    deep_ = false;
    WakeFetching(consumer, partitions);
  }

 private:
  const size_t low_;
  bool deep_ = false;
};

}  // namespace streams::kafka
