#include "streams/kafka/reachability.h"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "streams/kafka/unanswered.h"

namespace streams::kafka {
namespace {

constexpr char kName[] = "reachability";
constexpr int32_t kBootstrap = -1;  // a broker known by its address only
constexpr absl::Duration kLookInterval = absl::Seconds(1);
// A member has waited for its group for so long: is that still true?
constexpr absl::Duration kLongHeld = absl::Seconds(5);

// Requests that a group's coordinator may keep for long, as the protocol numbers them.
bool IsHeld(int16_t request) {
  constexpr int16_t kJoinGroup = 11;
  constexpr int16_t kSyncGroup = 14;
  return request == kJoinGroup || request == kSyncGroup;
}

absl::Duration Now() { return base::SystemClock().Elapsed(); }

// Of the connection that this thread of the library serves. The state changes after it.
std::string& LastFailure() {
  thread_local std::string failure;
  return failure;
}

// What the library calls a connection at requests: "127.0.0.1:9092/1", "GroupCoordinator",
// "sasl_ssl://kafka:9093/bootstrap". A broker that is known by its number may change its
// address, and has another as long as it is known by that alone.
std::string ConnectionOf(std::string_view name, int32_t broker) {
  const size_t scheme = name.find("://");
  if (scheme != std::string_view::npos) name.remove_prefix(scheme + 3);
  const std::string_view address = name.substr(0, name.rfind('/'));
  const bool role = address.find(':') == std::string_view::npos;
  return role || broker == kBootstrap ? std::string(address) : absl::StrCat("broker ", broker);
}

class Reachability {
 public:
  void Connecting(const rd_kafka_t* client, const std::string& address, bool bootstrap) {
    const std::lock_guard lock(mutex_);
    if (ending_.contains(client)) return;
    connecting_.try_emplace({client, address}, Attempt{.since = Now(), .bootstrap = bootstrap});
  }

  // A connection that ends is no failure: idle ones do. One that cannot be made is.
  void Down(const rd_kafka_t* client, const std::string& address, bool bootstrap) {
    const std::lock_guard lock(mutex_);
    if (connecting_.erase({client, address}) == 0) return;
    if (!down_.emplace(address, Absence{.bootstrap = bootstrap, .silent = false}).second) return;
    base::Log(base::LogLevel::kWarning, "broker is not reachable, waiting",
              {{"broker", address}, {"why", LastFailure()}});
  }

  void Up(const rd_kafka_t* client, int32_t broker, const std::string& address) {
    const std::lock_guard lock(mutex_);
    connecting_.erase({client, address});
    if (broker != kBootstrap) addresses_[broker] = address;
    Back(address);
    // A bootstrap address may be another name of this broker, and is not tried again.
    std::erase_if(down_, [](const auto& one) { return one.second.bootstrap; });
  }

  // `name` as the library calls a broker, or a coordinator, at requests.
  void Sent(const rd_kafka_t* client, const char* name, int32_t broker, int16_t request) {
    const std::lock_guard lock(mutex_);
    if (ending_.contains(client)) return;
    unanswered_.Sent({client, ConnectionOf(name, broker)}, broker, IsHeld(request), Now());
  }

  void Answered(const rd_kafka_t* client, const char* name, int32_t broker, int16_t request,
                absl::Duration took) {
    const std::lock_guard lock(mutex_);
    const std::string connection = ConnectionOf(name, broker);
    unanswered_.Answered({client, connection}, IsHeld(request), Now() - took);
    if (down_.empty()) return;
    const auto silent = down_.find(AddressOf(broker, connection));
    if (silent != down_.end() && silent->second.silent) Back(silent->first);
  }

  // Given up by the client, for whatever reason.
  void GivenUp(const rd_kafka_t* client, const char* name, int32_t broker) {
    const std::lock_guard lock(mutex_);
    unanswered_.Ended({client, ConnectionOf(name, broker)});
  }

  // What was known by its address alone has a number now: the answers come under that.
  void Numbered(const rd_kafka_t* client, int32_t broker, const std::string& address) {
    const std::lock_guard lock(mutex_);
    addresses_[broker] = address;
    unanswered_.Ended({client, address});
  }

  // Returns whether somebody should ask something.
  bool LookForSilence() {
    const std::lock_guard lock(mutex_);
    const absl::Duration then = Now() - kSilence;
    for (const Unanswered::Waiting& one : unanswered_.Since(then)) {
      Silent(AddressOf(one.broker, one.connection), one.broker == kBootstrap);
    }
    for (const auto& [connection, attempt] : connecting_) {
      if (attempt.since <= then) Silent(connection.second, attempt.bootstrap);
    }
    return unanswered_.HeldSince(Now() - kLongHeld);
  }

  std::vector<std::string> unreachable() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> addresses;
    for (const auto& [address, absence] : down_) addresses.push_back(address);
    return addresses;
  }

  // The client closes its connections, also those that it is just making.
  void Ending(const rd_kafka_t* client) {
    const std::lock_guard lock(mutex_);
    ending_.insert(client);
    std::erase_if(connecting_, [&](const auto& entry) { return entry.first.first == client; });
    unanswered_.Ended(client);
  }

  // Another client may get this one's place in memory.
  void Beginning(const rd_kafka_t* client) {
    const std::lock_guard lock(mutex_);
    ending_.erase(client);
  }

 private:
  struct Attempt {
    absl::Duration since;
    bool bootstrap;
  };
  struct Absence {
    bool bootstrap;  // known by its address only
    bool silent;     // it has its connections, and does not answer
  };

  // A broker has one, whatever its coordinators are called.
  std::string AddressOf(int32_t broker, const std::string& name) const {
    const auto known = addresses_.find(broker);
    return known == addresses_.end() ? name : known->second;
  }

  void Silent(const std::string& address, bool bootstrap) {
    if (!down_.emplace(address, Absence{.bootstrap = bootstrap, .silent = true}).second) return;
    base::Log(base::LogLevel::kWarning, "broker does not answer, waiting",
              {{"broker", address}, {"for_seconds", absl::ToInt64Seconds(kSilence)}});
  }

  void Back(const std::string& address) {
    if (down_.erase(std::string(address)) == 0) return;
    base::Log(base::LogLevel::kInfo, "broker is reachable again", {{"broker", address}});
  }

  std::mutex mutex_;
  std::map<std::pair<const rd_kafka_t*, std::string>, Attempt> connecting_;
  std::set<const rd_kafka_t*> ending_;
  std::map<int32_t, std::string> addresses_;  // by the brokers' numbers
  std::map<std::string, Absence> down_;       // by address
  Unanswered unanswered_;
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
    ThisProcess().Connecting(client, address, broker_id == kBootstrap);
  } else if (now == "DOWN") {
    ThisProcess().Down(client, address, broker_id == kBootstrap);
  } else if (now == "UPDATE" && broker_id != kBootstrap) {
    ThisProcess().Numbered(client, broker_id, address);
  } else if (now == "UP") {
    ThisProcess().Up(client, broker_id, address);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnSent(rd_kafka_t* client, int, const char* name, int32_t broker,
                           int16_t request, int16_t, int32_t, size_t, void*) {
  ThisProcess().Sent(client, name, broker, request);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnReceived(rd_kafka_t* client, int, const char* name, int32_t broker,
                               int16_t request, int16_t, int32_t, size_t, int64_t microseconds,
                               rd_kafka_resp_err_t error, void*) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ThisProcess().Answered(client, name, broker, request, absl::Microseconds(microseconds));
  } else {
    ThisProcess().GivenUp(client, name, broker);
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
  rd_kafka_interceptor_add_on_request_sent(client, kName, OnSent, nullptr);
  rd_kafka_interceptor_add_on_response_received(client, kName, OnReceived, nullptr);
  return rd_kafka_interceptor_add_on_broker_state_change(client, kName, OnStateChange, nullptr);
}

}  // namespace

// "[thrd:a:9092/1]: a:9092/1: Connect to ... failed: Connection refused (after 0ms in ...)".
void NoteFailure(std::string_view message) {
  for (int part = 0; part < 2; ++part) {
    const size_t end = message.find(": ");
    if (end != std::string_view::npos) message.remove_prefix(end + 2);
  }
  message = message.substr(0, message.rfind(" (after "));
  // Its guess at why a broker has not answered at all.
  LastFailure() = message.substr(0, message.find(": probably due to"));
}

std::vector<std::string> UnreachableBrokers() { return ThisProcess().unreachable(); }

void WatchReachability(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, kName, OnNew, nullptr);
}

SilenceWatch::SilenceWatch(rd_kafka_t* questions)
    : questions_(questions), thread_([this] { Run(); }) {}

SilenceWatch::~SilenceWatch() {
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  thread_.join();
}

void SilenceWatch::Run() {
  constexpr int kAskTimeoutMs = 100;  // the answer is seen where all answers are
  absl::Duration asked = absl::ZeroDuration();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&ended_), kLookInterval)) return;
    }
    if (!ThisProcess().LookForSilence() || Now() - asked < kSilence) continue;
    asked = Now();
    const rd_kafka_metadata_t* brokers = nullptr;
    rd_kafka_metadata(questions_, /*all_topics=*/0, /*only_rkt=*/nullptr, &brokers, kAskTimeoutMs);
    if (brokers != nullptr) rd_kafka_metadata_destroy(brokers);
  }
}

}  // namespace streams::kafka
