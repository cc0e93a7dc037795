// The member ids that this process has had in the group. A broker that gives a static
// member's place to one that comes back under its name goes on to show the client id of
// the first; so the client id alone does not tell whose a membership is.
//
// Thread-safe.
#pragma once

#include <librdkafka/rdkafka.h>

#include <mutex>
#include <set>
#include <string>

namespace streams::kafka {

class OwnMembers {
 public:
  // The id that `consumer` has now, if it has one.
  void Note(rd_kafka_t* consumer) {
    char* const id = rd_kafka_memberid(consumer);
    if (id == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      ids_.insert(id);
    }
    rd_kafka_mem_free(consumer, id);
  }

  bool Contains(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    return ids_.contains(id);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> ids_;
};

}  // namespace streams::kafka
