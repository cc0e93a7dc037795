// One request of librdkafka's admin API, and its answer.
#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "streams/kafka/client.h"

namespace streams::kafka {

struct DestroyAdminOptions {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};

// Makes a request and waits for its answer. `request` gets the options and the queue.
template <class Request>
absl::StatusOr<Event> AskAdmin(rd_kafka_t* handle, const std::string& what, absl::Duration timeout,
                               Request request) {
  const std::unique_ptr<rd_kafka_AdminOptions_t, DestroyAdminOptions> options(
      rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_ANY));
  char text[512];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), std::max(1, ToMs(timeout)), text,
                                            sizeof(text));
  const Queue queue(rd_kafka_queue_new(handle));
  request(options.get(), queue.get());
  // The request's own timeout answers; a little later in case that it does not.
  Event event(rd_kafka_queue_poll(queue.get(), ToMs(timeout + absl::Seconds(1))));
  if (event == nullptr) return absl::DeadlineExceededError(what + ": no answer");
  RETURN_IF_ERROR(ToStatus(rd_kafka_event_error(event.get()), what));
  return event;
}

}  // namespace streams::kafka
