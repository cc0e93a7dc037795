// What a worker cannot do without, and nothing else: takes records from the inputs, writes
// as many outputs and changelog records, sends the offsets, commits. No parsing, no state.
//
//   bench-bare-loop RECORDS OUTPUTS CHANGES GROUP OUTPUT_TOPIC CHANGE_TOPIC INPUT...
//
// Ends when RECORDS were taken from the inputs; OUTPUTS and CHANGES are spread evenly over
// them, the outputs with six headers. Prints the seconds from the first record on, those of
// CPU, and the largest memory in MiB.

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/status.h"
#include "bench/bench.h"
#include "streams/kafka/client.h"
#include "streams/kafka/record_fields.h"

namespace bench {
namespace {

using streams::kafka::Conf;
using streams::kafka::Error;
using streams::kafka::Handle;
using streams::kafka::Set;

constexpr absl::Duration kCommitInterval = absl::Milliseconds(100);
constexpr int kTimeoutMs = 30'000;

struct Task {
  int64_t records = 0;
  int64_t outputs = 0;
  int64_t changes = 0;
  std::string group;
  std::string output_topic;
  std::string change_topic;
  std::vector<std::string> inputs;
};

absl::Status Check(rd_kafka_error_t* error, const char* what) {
  const Error owner(error);
  if (error == nullptr) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(what, ": ", rd_kafka_error_string(error)));
}

absl::Duration Now() { return base::SystemClock().Elapsed(); }

class BareLoop {
 public:
  explicit BareLoop(Task task) : task_(std::move(task)) {}

  absl::Status Open();
  absl::Status Run();

 private:
  absl::Status OpenConsumer();
  absl::Status OpenProducer();
  // As many as are due after `taken_` records.
  absl::Status WriteDue();
  absl::Status Write(rd_kafka_topic_t* topic, std::span<const base::HeaderView> headers,
                     size_t value_size);
  absl::Status Commit();

  const Task task_;
  Handle consumer_;
  Handle producer_;
  streams::kafka::TopicHandle outputs_;
  streams::kafka::TopicHandle changes_;
  streams::kafka::RecordFields fields_;
  const std::string bytes_ = std::string(128, 'x');
  std::vector<int64_t> next_;  // by input
  int64_t taken_ = 0;
  int64_t outputs_written_ = 0;
  int64_t changes_written_ = 0;
};

absl::Status BareLoop::Open() {
  RETURN_IF_ERROR(OpenConsumer());
  RETURN_IF_ERROR(OpenProducer());
  next_.assign(task_.inputs.size(), 0);
  return absl::OkStatus();
}

absl::Status BareLoop::OpenConsumer() {
  ASSIGN_OR_RETURN(Conf conf, streams::kafka::NewConf(Config(), nullptr));
  for (const auto& [name, value] : streams::kafka::Settings{{"group.id", task_.group},
                                                            {"enable.auto.commit", "false"},
                                                            {"auto.offset.reset", "earliest"},
                                                            {"isolation.level", "read_committed"},
                                                            {"queued.min.messages", "100000"}}) {
    RETURN_IF_ERROR(Set(conf.get(), name.c_str(), value));
  }
  ASSIGN_OR_RETURN(consumer_, streams::kafka::NewHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(consumer_.get());
  const streams::kafka::PartitionList topics(rd_kafka_topic_partition_list_new(1));
  for (const std::string& input : task_.inputs) {
    rd_kafka_topic_partition_list_add(topics.get(), input.c_str(), RD_KAFKA_PARTITION_UA);
  }
  return streams::kafka::ToStatus(rd_kafka_subscribe(consumer_.get(), topics.get()), "subscribing");
}

absl::Status BareLoop::OpenProducer() {
  ASSIGN_OR_RETURN(Conf conf, streams::kafka::NewConf(Config(), nullptr));
  for (const auto& [name, value] :
       streams::kafka::Settings{{"transactional.id", task_.group},
                                {"linger.ms", "1000"},
                                {"batch.num.messages", "100000"},
                                {"compression.codec", "lz4"},
                                {"queue.buffering.max.messages", "1000000"},
                                {"retry.backoff.ms", "5"}}) {
    RETURN_IF_ERROR(Set(conf.get(), name.c_str(), value));
  }
  // Without a callback for deliveries the commit's flush waits in steps of 10 ms.
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t*, void*) {});
  ASSIGN_OR_RETURN(producer_, streams::kafka::NewHandle(RD_KAFKA_PRODUCER, std::move(conf)));
  outputs_.reset(rd_kafka_topic_new(producer_.get(), task_.output_topic.c_str(), nullptr));
  changes_.reset(rd_kafka_topic_new(producer_.get(), task_.change_topic.c_str(), nullptr));
  RETURN_IF_ERROR(Check(rd_kafka_init_transactions(producer_.get(), kTimeoutMs), "init"));
  return Check(rd_kafka_begin_transaction(producer_.get()), "begin");
}

absl::Status BareLoop::Write(rd_kafka_topic_t* topic, std::span<const base::HeaderView> headers,
                             size_t value_size) {
  const std::string_view bytes = bytes_;
  const std::span<const rd_kafka_vu_t> fields =
      fields_.Fill(topic, {.topic = streams::TopicIndex(0),
                           .partition = base::Partition(0),
                           .key = bytes.substr(0, 20),
                           .value = bytes.substr(0, value_size),
                           .headers = headers});
  while (true) {
    const Error error(rd_kafka_produceva(producer_.get(), fields.data(), fields.size()));
    if (error == nullptr) return absl::OkStatus();
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return absl::InternalError(rd_kafka_error_string(error.get()));
    }
    rd_kafka_poll(producer_.get(), 100);
  }
}

absl::Status BareLoop::WriteDue() {
  for (; outputs_written_ * task_.records < taken_ * task_.outputs; ++outputs_written_) {
    RETURN_IF_ERROR(Write(outputs_.get(), GameHeaders(), 120));
  }
  for (; changes_written_ * task_.records < taken_ * task_.changes; ++changes_written_) {
    RETURN_IF_ERROR(Write(changes_.get(), {}, 50));
  }
  return absl::OkStatus();
}

absl::Status BareLoop::Commit() {
  std::vector<streams::PartitionStart> starts;
  for (size_t i = 0; i < next_.size(); ++i) {
    starts.push_back({{task_.inputs[i], base::Partition(0)}, base::Offset(next_[i])});
  }
  const std::unique_ptr<rd_kafka_consumer_group_metadata_t, streams::kafka::Destroy> group(
      rd_kafka_consumer_group_metadata(consumer_.get()));
  RETURN_IF_ERROR(
      Check(rd_kafka_send_offsets_to_transaction(
                producer_.get(), streams::kafka::ToList(starts).get(), group.get(), kTimeoutMs),
            "offsets"));
  RETURN_IF_ERROR(Check(rd_kafka_commit_transaction(producer_.get(), kTimeoutMs), "commit"));
  return taken_ == task_.records ? absl::OkStatus()
                                 : Check(rd_kafka_begin_transaction(producer_.get()), "begin");
}

absl::Status BareLoop::Run() {
  absl::Duration began;
  absl::Duration committed;
  while (taken_ < task_.records) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer_.get(), 10);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (taken_++ == 0) began = committed = Now();
      const char* const topic = rd_kafka_topic_name(message->rkt);
      for (size_t i = 0; i < next_.size(); ++i) {
        if (task_.inputs[i] == topic) next_[i] = message->offset + 1;
      }
    }
    rd_kafka_message_destroy(message);
    RETURN_IF_ERROR(WriteDue());
    if (taken_ % 256 == 0 && Now() - committed >= kCommitInterval) {
      RETURN_IF_ERROR(Commit());
      committed = Now();
    }
  }
  RETURN_IF_ERROR(Commit());
  const absl::Duration took = Now() - began;
  rd_kafka_consumer_close(consumer_.get());
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const absl::Duration cpu =
      absl::DurationFromTimeval(used.ru_utime) + absl::DurationFromTimeval(used.ru_stime);
  std::printf("%.4f %.4f %.1f\n", absl::ToDoubleSeconds(took), absl::ToDoubleSeconds(cpu),
              static_cast<double>(used.ru_maxrss) / 1024);
  return absl::OkStatus();
}

absl::Status Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 7) {
    return absl::InvalidArgumentError(
        "wants RECORDS OUTPUTS CHANGES GROUP OUTPUT_TOPIC CHANGE_TOPIC INPUT...");
  }
  Task task;
  ASSIGN_OR_RETURN(task.records, Number(arguments[0]));
  ASSIGN_OR_RETURN(task.outputs, Number(arguments[1]));
  ASSIGN_OR_RETURN(task.changes, Number(arguments[2]));
  task.group = arguments[3];
  task.output_topic = arguments[4];
  task.change_topic = arguments[5];
  task.inputs.assign(arguments.begin() + 6, arguments.end());
  BareLoop loop(std::move(task));
  RETURN_IF_ERROR(loop.Open());
  return loop.Run();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  return bench::Finish("bench-bare-loop", bench::Main({argv + 1, argv + argc}));
}
