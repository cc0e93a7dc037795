// What became of a producer's records, from their delivery reports.
//
// Used by the producer's thread, in which the reports are served.
#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <string>
#include <vector>

#include "base/kafka_types.h"

namespace streams::kafka {

// True where the record itself is at fault, and no retry helps.
bool IsRejection(rd_kafka_resp_err_t error);

// Where the last record of each partition of one topic was written.
class TopicEnds {
 public:
  void Clear() { ends_.clear(); }
  // `offset` < 0: the broker did not say, having it from an earlier attempt.
  void Add(base::Partition partition, int64_t offset);
  void AppendTo(const std::string& topic, std::map<base::TopicPartition, base::Offset>* ends) const;

 private:
  std::vector<int64_t> ends_;  // by partition; kUnknownEnd where there is none
};

class Deliveries {
 public:
  // Forgets all but the topics.
  void Clear();
  // The topic's ends are reported from now on.
  void Report(const rd_kafka_topic_t* topic);
  void Add(const rd_kafka_message_t& message);

  // Why a record was refused for good, or not delivered for another reason. Empty: none was.
  const std::string& rejected() const { return rejected_; }
  const std::string& failed() const { return failed_; }
  std::map<base::TopicPartition, base::Offset> Ends() const;

 private:
  struct Reported {
    const rd_kafka_topic_t* topic;
    TopicEnds ends;
  };

  std::vector<Reported> reported_;  // a few
  std::string rejected_;
  std::string failed_;
};

}  // namespace streams::kafka
