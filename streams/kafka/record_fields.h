// An outgoing record as the fields that librdkafka takes, in memory that is used again.
#pragma once

#include <librdkafka/rdkafka.h>

#include <span>
#include <string>
#include <vector>

#include "streams/broker.h"

namespace streams::kafka {

class RecordFields {
 public:
  // Valid until the next call, and as long as the record's bytes are.
  std::span<const rd_kafka_vu_t> Fill(rd_kafka_topic_t* topic, const OutgoingRecord& record);

 private:
  rd_kafka_vu_t& Add(rd_kafka_vtype_t type);
  void AddBytes(rd_kafka_vtype_t type, std::optional<std::string_view> bytes);
  void AddHeaders(std::span<const base::HeaderView> headers);

  std::vector<rd_kafka_vu_t> fields_;
  std::string names_;  // of the headers, each with a zero byte behind it
};

}  // namespace streams::kafka
