#include "processors/intake.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "base/trace_id.h"
#include "processors/headers.h"

namespace processors {
namespace {

// All dead letters are counted; a flood of them must not be one in the log.
constexpr uint64_t kLoggedOfEachCode = 10;
constexpr absl::Duration kLogPeriod = absl::Seconds(10);
constexpr size_t kSmallDeadLetter = 200;

constexpr base::MetricName kProcessed{
    "records_processed_total",
    "Input records that were decoded and decided on, by topic and type."};
constexpr base::MetricName kSkipped{
    "records_skipped_total",
    "Input records that are not for this application, by topic and type; of types without a "
    "name here \"other\", of another environment \"other_environment\"."};
constexpr base::MetricName kDeadLettered{
    "records_dead_lettered_total",
    "Input records that became dead letters, by topic and the code of what is wrong."};
constexpr std::string_view kOtherEnvironment = "other_environment";

// With the lengths that stand before name and value.
size_t Bytes(const base::HeaderView& header) {
  return header.name.size() + header.value.value_or("").size() + 10;
}

size_t Bytes(std::span<const base::HeaderView> headers) {
  size_t bytes = 0;
  for (const base::HeaderView& header : headers) bytes += Bytes(header);
  return bytes;
}

void CutTo(size_t most, absl::string_view what, std::optional<std::string_view>* bytes,
           std::string* message) {
  if (bytes->value_or("").size() <= most) return;
  absl::StrAppend(message, "; the ", what, " of ", (*bytes)->size(), " bytes was cut to ", most);
  *bytes = (*bytes)->substr(0, most);
}

// Keeps those, in their order, that fit together.
void KeepWhatFits(size_t most, std::vector<base::HeaderView>* headers, std::string* message) {
  size_t bytes = 0;
  const size_t cut = std::erase_if(*headers, [&](const base::HeaderView& header) {
    const bool fits = bytes + Bytes(header) <= most;
    if (fits) bytes += Bytes(header);
    return !fits;
  });
  if (cut == 0) return;
  absl::StrAppend(message, "; ", cut, " of the record's headers were cut away for their size");
}

}  // namespace

Intake::Intake(serde::InputTopic input, std::string topic, IntakeOptions options)
    : input_(input), topic_(std::move(topic)), options_(std::move(options)) {}

absl::Status Intake::Init(streams::ProcessorContext& context) {
  context_ = &context;
  log_limit_.emplace(context.clock(), kLoggedOfEachCode, kLogPeriod);
  ASSIGN_OR_RETURN(by_tenant_, context.Child<model::Message>("by-tenant"));
  ASSIGN_OR_RETURN(dead_letters_, context.Child<streams::RawRecord>("dead-letters"));
  processed_.Init(&context.counters(), kProcessed, {{"topic", topic_}}, "type");
  skipped_.Init(&context.counters(), kSkipped, {{"topic", topic_}}, "type");
  dead_.Init(&context.counters(), kDeadLettered, {{"topic", topic_}}, "code");
  dead_.Prepare(serde::kFaultCodes);
  return absl::OkStatus();
}

absl::Status Intake::Process(const base::RecordView& record) {
  if (const streams::Refusal* refused = context_->record().refused)
    return Refused(record, *refused);
  if (!options_.environment.empty()) {
    const std::string_view environment = Environment(record.headers);
    if (!environment.empty() && environment != options_.environment) {
      skipped_.Count(kOtherEnvironment);
      return absl::OkStatus();
    }
  }
  auto decoded = decoder_.Decode(input_, record, &message_);
  if (const auto* skipped = std::get_if<serde::Skipped>(&decoded)) {
    skipped_.Count(skipped->kind);
    return absl::OkStatus();
  }
  if (const auto* fault = std::get_if<serde::Fault>(&decoded)) {
    return DeadLetter(record, *fault, options_.largest_dead_letter);
  }
  if (const auto fault = SelectHeaders(record)) {
    return DeadLetter(record, *fault, options_.largest_dead_letter);
  }
  processed_.Count(std::get<serde::Decoded>(decoded).type);
  context_->record().headers = headers_;
  return by_tenant_->Process(message_);
}

// The headers to be copied, into headers_.
std::optional<serde::Fault> Intake::SelectHeaders(const base::RecordView& record) {
  headers_.clear();
  const size_t bytes = SelectCopied(record.headers, &headers_);
  if (bytes <= kMostHeaderBytes) return std::nullopt;
  return serde::Fault{serde::kFaultHeadersTooLarge,
                      absl::StrCat("the headers to be copied have ", bytes, " bytes, at most ",
                                   kMostHeaderBytes, " are allowed")};
}

std::optional<serde::Fault> Intake::FaultOf(const base::RecordView& record) {
  auto decoded = decoder_.Decode(input_, record, &message_);
  if (auto* fault = std::get_if<serde::Fault>(&decoded)) return std::move(*fault);
  return SelectHeaders(record);
}

// Whatever the broker refused, something must come of the record that it takes: a dead
// letter, then one of the present, then hardly more than where the record stands.
absl::Status Intake::Refused(const base::RecordView& record, const streams::Refusal& refused) {
  const std::optional<serde::Fault> bad_input = FaultOf(record);
  // What was refused of bad input was a dead letter already.
  const int level = refused.times + (bad_input.has_value() ? 1 : 0);
  if (level >= 2) context_->record().timestamp = base::kNoTimestamp;
  return DeadLetter(record,
                    bad_input.has_value()
                        ? *bad_input
                        : serde::Fault{serde::kFaultOutputRefused,
                                       absl::StrCat("the broker refused what the record causes: ",
                                                    refused.reason)},
                    level >= 3 ? kSmallDeadLetter : options_.largest_dead_letter);
}

absl::Status Intake::DeadLetter(const base::RecordView& record, const serde::Fault& fault,
                                size_t largest) {
  dead_.Count(fault.code);
  std::string message = fault.message;
  std::optional<std::string_view> key = record.key;
  std::optional<std::string_view> value = record.value;
  headers_.assign(record.headers.begin(), record.headers.end());
  const auto room_beside = [&] {
    const size_t others = key.value_or("").size() + Bytes(headers_);
    return others > largest ? 0 : largest - others;
  };
  if (value.value_or("").size() > room_beside() || room_beside() == 0) {
    // Half for the value, whatever the others are like.
    if (room_beside() < largest / 2) {
      CutTo(largest / 4, "key", &key, &message);
      KeepWhatFits(largest / 2 - key.value_or("").size(), &headers_, &message);
    }
    CutTo(room_beside(), "value", &value, &message);
  }
  base::Log(*log_limit_, fault.code, base::LogLevel::kWarning, "dead letter",
            {{"topic", record.topic},
             {"partition", record.partition},
             {"offset", record.offset},
             {"trace_id", base::TraceId(record.headers)},
             {"code", fault.code},
             {"why", message}});
  const std::string partition = absl::StrCat(record.partition.value());
  const std::string offset = absl::StrCat(record.offset.value());
  headers_.push_back({"__streams.errors.exception", fault.code});
  headers_.push_back({"__streams.errors.message", message});
  headers_.push_back({"__streams.errors.topic", record.topic});
  headers_.push_back({"__streams.errors.partition", partition});
  headers_.push_back({"__streams.errors.offset", offset});
  context_->record().headers = headers_;
  return dead_letters_->Process({.key = key, .value = value});
}

}  // namespace processors
