// What an application's processors look like, and what they may use.
//
// A processor is fed one value at a time. It reads and writes the stores that it was
// given and forwards values to its children; it calls no broker and no disk. All of one
// task runs in one thread, so nothing here is thread-safe.
//
//   class Greeter : public streams::Processor<Guest> {
//     absl::Status Init(streams::ProcessorContext& context) override {
//       ASSIGN_OR_RETURN(greetings_, context.Child<Greeting>("greetings"));
//       ASSIGN_OR_RETURN(guests_, context.GetStore<GuestCodec>());
//       ...
//
// An error that a processor returns stops the worker: it is for what must not happen, a
// store that cannot be read, say. Bad input is not an error but a value, to be forwarded
// to wherever the topology wants it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/record.h"
#include "state/store.h"
#include "streams/open_counters.h"
#include "streams/outbox.h"

namespace streams {

// The broker refused for good what a record causes: its size, say, or its timestamp.
struct Refusal {
  base::TopicPartition partition;  // of the record
  base::Offset offset;
  std::string reason;  // names what was refused
  int times = 1;
};

// The record that is being processed. What is forwarded to a sink takes its timestamp and
// headers from here; processors may change those.
struct RecordContext {
  std::string_view topic;
  base::Partition partition;
  base::Offset offset;
  base::Timestamp timestamp = base::kNoTimestamp;
  std::span<const base::HeaderView> headers;
  // Set where this was tried and refused: something else must come of the record now, the
  // smaller and plainer the more often it was refused.
  const Refusal* refused = nullptr;
};

// Anything that values of one type can be forwarded to.
template <class T>
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual absl::Status Process(const T& value) = 0;
};

class ProcessorContext;

class Node {
 public:
  virtual ~Node() = default;
  // Once, before the first value, children first.
  virtual absl::Status Init(ProcessorContext& context) = 0;
};

template <class In>
class Processor : public Node, public Receiver<In> {};

// A processor's view of its task.
class ProcessorContext {
 public:
  ProcessorContext(const base::Clock& clock, base::Metrics& metrics, Outbox& outbox)
      : clock_(clock), counters_(metrics), outbox_(outbox) {}

  RecordContext& record() { return record_; }
  const base::Clock& clock() const { return clock_; }
  OpenCounters& counters() { return counters_; }
  Outbox& outbox() { return outbox_; }

  // In Init: the child of this name, which takes values of type T.
  template <class T>
  absl::StatusOr<Receiver<T>*> Child(std::string_view name) {
    const auto found = children_.find(name);
    if (found == children_.end()) {
      return absl::InternalError(absl::StrCat("topology: no child named ", std::string(name)));
    }
    auto* receiver = dynamic_cast<Receiver<T>*>(found->second);
    if (receiver == nullptr) {
      return absl::InternalError(
          absl::StrCat("topology: node ", std::string(name), " takes values of another type"));
    }
    return receiver;
  }

  // In Init: the store of this codec that the topology gave to this processor.
  template <class Codec>
  absl::StatusOr<state::Store<Codec>*> GetStore() {
    const auto found = stores_.find(Codec::kName);
    auto* store =
        found == stores_.end() ? nullptr : dynamic_cast<state::Store<Codec>*>(found->second);
    if (store == nullptr) {
      return absl::InternalError(
          absl::StrCat("topology: no store ", std::string(Codec::kName), " for this processor"));
    }
    return store;
  }

 private:
  friend class Task;

  const base::Clock& clock_;
  OpenCounters counters_;
  Outbox& outbox_;
  RecordContext record_;
  std::map<std::string, Node*, std::less<>> children_;            // of the node in Init
  std::map<std::string, state::StoreBase*, std::less<>> stores_;  // of the node in Init
};

inline constexpr base::MetricName kRecordsProduced{
    "records_produced_total", "Output records that are committed, by topic and type."};

// The last node of a branch: makes a record of a value and adds it to the outbox. The
// serializer appends to key and value, and returns whether there is a key; the type, a
// constant, is what the record is counted as.
template <class T>
class Sink final : public Processor<T> {
 public:
  using Serializer = std::function<bool(const T& value, std::string* key, std::string* bytes)>;
  using TypeOf = std::string_view (*)(const T& value);

  Sink(TopicIndex topic, std::string topic_name, Serializer serialize, TypeOf type_of)
      : topic_(topic),
        topic_name_(std::move(topic_name)),
        serialize_(std::move(serialize)),
        type_of_(type_of) {}

  absl::Status Init(ProcessorContext& context) override {
    context_ = &context;
    produced_.Init(&context.counters(), kRecordsProduced, {{"topic", topic_name_}}, "type");
    return absl::OkStatus();
  }

  absl::Status Process(const T& value) override {
    key_.clear();
    bytes_.clear();
    const bool has_key = serialize_(value, &key_, &bytes_);
    const RecordContext& record = context_->record();
    const base::Timestamp now = context_->clock().Now();
    context_->outbox().Add({.topic = topic_,
                            .timestamp = record.timestamp.value() < 0 || record.timestamp > now
                                             ? now
                                             : record.timestamp,
                            .key = has_key ? std::optional<std::string_view>(key_) : std::nullopt,
                            .value = bytes_,
                            .headers = record.headers});
    produced_.Count(type_of_(value));
    return absl::OkStatus();
  }

 private:
  TopicIndex topic_;
  std::string topic_name_;
  Serializer serialize_;
  TypeOf type_of_;
  CountersByKind produced_;
  ProcessorContext* context_ = nullptr;
  std::string key_;
  std::string bytes_;
};

// What is written as it came: a dead letter, say. Copies all but the headers and the
// timestamp, which are the context's.
struct RawRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
};

class RawSink final : public Processor<RawRecord> {
 public:
  RawSink(TopicIndex topic, std::string topic_name)
      : topic_(topic), topic_name_(std::move(topic_name)) {}

  absl::Status Init(ProcessorContext& context) override {
    context_ = &context;
    produced_ =
        &context.counters().Get(kRecordsProduced, {{"topic", topic_name_}, {"type", "raw"}});
    return absl::OkStatus();
  }

  absl::Status Process(const RawRecord& raw) override {
    const RecordContext& record = context_->record();
    context_->outbox().Add({.topic = topic_,
                            .timestamp = record.timestamp,
                            .key = raw.key,
                            .value = raw.value,
                            .headers = record.headers});
    context_->counters().Count(*produced_);
    return absl::OkStatus();
  }

 private:
  TopicIndex topic_;
  std::string topic_name_;
  OpenCounter* produced_ = nullptr;
  ProcessorContext* context_ = nullptr;
};

}  // namespace streams
