#include "streams/kafka/reachability.h"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace streams::kafka {
namespace {

constexpr char kName[] = "reachability";
constexpr int32_t kBootstrap = -1;  // a broker known by its address only

class Reachability {
 public:
  void Connecting(const rd_kafka_t* client, const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (!ending_.contains(client)) connecting_.emplace(client, address);
  }

  // A connection that ends is no failure: idle ones do. One that cannot be made is.
  void Down(const rd_kafka_t* client, const std::string& address, bool bootstrap) {
    const std::lock_guard lock(mutex_);
    if (connecting_.erase({client, address}) == 0) return;
    if (!down_.emplace(address, bootstrap).second) return;
    base::Log(base::LogLevel::kWarning, "broker is not reachable, waiting", {{"broker", address}});
  }

  void Up(const rd_kafka_t* client, const std::string& address) {
    const std::lock_guard lock(mutex_);
    connecting_.erase({client, address});
    if (down_.contains(address)) {
      base::Log(base::LogLevel::kInfo, "broker is reachable again", {{"broker", address}});
    }
    // A bootstrap address may be another name of this broker, and is not tried again.
    std::erase_if(down_,
                  [&](const auto& broker) { return broker.first == address || broker.second; });
  }

  std::vector<std::string> unreachable() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> addresses;
    for (const auto& [address, bootstrap] : down_) addresses.push_back(address);
    return addresses;
  }

  // The client closes its connections, also those that it is just making.
  void Ending(const rd_kafka_t* client) {
    const std::lock_guard lock(mutex_);
    ending_.insert(client);
    std::erase_if(connecting_, [&](const auto& entry) { return entry.first == client; });
  }

  // Another client may get this one's place in memory.
  void Beginning(const rd_kafka_t* client) {
    const std::lock_guard lock(mutex_);
    ending_.erase(client);
  }

 private:
  std::mutex mutex_;
  std::set<std::pair<const rd_kafka_t*, std::string>> connecting_;
  std::set<const rd_kafka_t*> ending_;
  std::map<std::string, bool> down_;  // by address; true: known by that only
};

Reachability& ThisProcess() {
  static auto& reachability = *new Reachability();  // outlives the clients' threads
  return reachability;
}

rd_kafka_resp_err_t OnStateChange(rd_kafka_t* client, int32_t broker_id, const char*,
                                  const char* name, int port, const char* state, void*) {
  if (port == 0) return RD_KAFKA_RESP_ERR_NO_ERROR;  // a role of a broker, not an address
  const std::string address = absl::StrCat(name, ":", port);
  const std::string_view now = state;
  if (now == "TRY_CONNECT" || now == "CONNECT") {
    ThisProcess().Connecting(client, address);
  } else if (now == "DOWN") {
    ThisProcess().Down(client, address, broker_id == kBootstrap);
  } else if (now == "UP") {
    ThisProcess().Up(client, address);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnDestroy(rd_kafka_t* client, void*) {
  ThisProcess().Ending(client);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnNew(rd_kafka_t* client, const rd_kafka_conf_t*, void*, char*, size_t) {
  ThisProcess().Beginning(client);
  rd_kafka_interceptor_add_on_destroy(client, kName, OnDestroy, nullptr);
  return rd_kafka_interceptor_add_on_broker_state_change(client, kName, OnStateChange, nullptr);
}

}  // namespace

std::vector<std::string> UnreachableBrokers() { return ThisProcess().unreachable(); }

void WatchReachability(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, kName, OnNew, nullptr);
}

}  // namespace streams::kafka
