#include "streams/kafka/deliveries.h"

#include "absl/strings/str_cat.h"

namespace streams::kafka {
namespace {

constexpr int64_t kUnknownEnd = -1;

}  // namespace

bool IsRejection(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

void TopicEnds::Add(base::Partition partition, int64_t offset) {
  const auto index = static_cast<size_t>(partition.value());
  if (index >= ends_.size()) ends_.resize(index + 1, kUnknownEnd);
  // Reports of one partition come in order, so the last one counts.
  ends_[index] = offset < 0 ? kUnknownEnd : offset + 1;
}

void TopicEnds::AppendTo(const std::string& topic,
                         std::map<base::TopicPartition, base::Offset>* ends) const {
  for (size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i] == kUnknownEnd) continue;
    ends->emplace(base::TopicPartition{topic, base::Partition(static_cast<int32_t>(i))},
                  base::Offset(ends_[i]));
  }
}

void Deliveries::Clear() {
  for (Reported& reported : reported_) reported.ends.Clear();
  rejected_.clear();
  failed_.clear();
}

void Deliveries::Report(const rd_kafka_topic_t* topic) {
  reported_.push_back({.topic = topic, .ends = {}});
}

void Deliveries::Add(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      for (Reported& reported : reported_) {
        if (reported.topic != message.rkt) continue;
        reported.ends.Add(base::Partition(message.partition), message.offset);
        return;
      }
      return;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:  // taken back by an abort
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return;
    default: {
      std::string& reason = IsRejection(message.err) ? rejected_ : failed_;
      if (!reason.empty()) return;  // the first is the cause of the others
      reason = absl::StrCat("writing to ", rd_kafka_topic_name(message.rkt), "-", message.partition,
                            " (key of ", message.key_len, " bytes, value of ", message.len,
                            " bytes): ", rd_kafka_err2str(message.err));
    }
  }
}

std::map<base::TopicPartition, base::Offset> Deliveries::Ends() const {
  std::map<base::TopicPartition, base::Offset> ends;
  for (const Reported& reported : reported_) {
    reported.ends.AppendTo(rd_kafka_topic_name(reported.topic), &ends);
  }
  return ends;
}

}  // namespace streams::kafka
