// The first step of every record: skip what is not for this application, decode what is,
// and send bad input to the dead-letter topic.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_limit.h"
#include "base/record.h"
#include "model/message.h"
#include "serde/fault.h"
#include "serde/wire_decoder.h"
#include "streams/open_counters.h"
#include "streams/processor.h"

namespace processors {

struct IntakeOptions {
  // Where set, only records whose ENVIRONMENT is this or absent are processed.
  std::string environment;
  // A dead letter is cut to fit into so many bytes: its value, and where they leave too
  // little room for that, its key and headers.
  size_t largest_dead_letter = 900'000;
};

// One input's intake. Children: "by-tenant" takes the messages, "dead-letters" the rest.
class Intake final : public streams::Processor<base::RecordView> {
 public:
  // `topic`: by whose name its records are counted.
  Intake(serde::InputTopic input, std::string topic, IntakeOptions options);

  absl::Status Init(streams::ProcessorContext& context) override;
  absl::Status Process(const base::RecordView& record) override;

 private:
  std::optional<serde::Fault> SelectHeaders(const base::RecordView& record);
  std::optional<serde::Fault> FaultOf(const base::RecordView& record);
  absl::Status Refused(const base::RecordView& record, const streams::Refusal& refused);
  absl::Status DeadLetter(const base::RecordView& record, const serde::Fault& fault,
                          size_t largest);

  const serde::InputTopic input_;
  const std::string topic_;
  const IntakeOptions options_;
  serde::WireDecoder decoder_;
  model::Message message_;
  std::vector<base::HeaderView> headers_;

  streams::ProcessorContext* context_ = nullptr;
  streams::Receiver<model::Message>* by_tenant_ = nullptr;
  streams::Receiver<streams::RawRecord>* dead_letters_ = nullptr;
  streams::CountersByKind processed_;        // by type
  streams::CountersByKind skipped_;          // by type
  streams::CountersByKind dead_;             // by code
  std::optional<base::LogLimit> log_limit_;  // of dead letters, by their code
};

}  // namespace processors
