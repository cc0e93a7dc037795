// What librdkafka says of its clients, in figures.
//
// The library hands out a report every few seconds, in the thread that polls the client.
// There only a pointer is kept; it is read when somebody wants to see the figures.
//
// Thread-safe. Whoever reports waits for no reader.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "base/metrics.h"
#include "streams/kafka/kafka_config.h"

namespace streams::kafka {

class ClientStatistics {
 public:
  // The reports of one client, for as long as this lives. Of several of a kind the one that
  // has reported last is shown.
  class Client {
   public:
    // `kind` is what the figures are labelled with: "consumer".
    Client(ClientStatistics* statistics, std::string kind)
        : statistics_(statistics), kind_(std::move(kind)) {}
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Takes over a report, as the library's callback gets it.
    void Report(char* json);

   private:
    ClientStatistics* const statistics_;
    const std::string kind_;
  };

  // Makes the client of this configuration report to `callback`, where the configuration
  // wants that. An interval of the operator's stands.
  using Callback = int (*)(rd_kafka_t* client, char* json, size_t size, void* opaque);
  static absl::Status Enable(const KafkaConfig& config, Callback callback, rd_kafka_conf_t* conf);

  void Collect(base::MetricSnapshot* snapshot) const;

 private:
  struct Latest {
    const Client* from = nullptr;
    std::shared_ptr<const char> json;
  };

  mutable absl::Mutex mutex_;
  std::map<std::string, Latest> reports_;  // by kind
};

}  // namespace streams::kafka
