#include "streams/kafka/group_consumer.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/message.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kCloseTimeout = absl::Seconds(3);
constexpr absl::Duration kSeekTimeout = absl::Seconds(10);

std::vector<base::TopicPartition> ToVector(const rd_kafka_topic_partition_list_t* list) {
  std::vector<base::TopicPartition> partitions;
  for (int i = 0; i < list->cnt; ++i) {
    partitions.push_back({list->elems[i].topic, base::Partition(list->elems[i].partition)});
  }
  return partitions;
}

PartitionList ToList(std::span<const PartitionStart> starts) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
  for (const PartitionStart& start : starts) {
    rd_kafka_topic_partition_list_add(list.get(), start.partition.topic.c_str(),
                                      start.partition.partition.value())
        ->offset = start.from.value();
  }
  return list;
}

// A broker accepts a commit without generation and member from anybody, which would undo
// the fencing of those that lost their partitions.
bool IsComplete(rd_kafka_t* handle, const rd_kafka_consumer_group_metadata_t* metadata) {
  char* const member = rd_kafka_memberid(handle);
  const bool has_member = member != nullptr && *member != '\0';
  if (member != nullptr) rd_kafka_mem_free(handle, member);
  void* bytes = nullptr;
  size_t size = 0;
  const Error error(rd_kafka_consumer_group_metadata_write(metadata, &bytes, &size));
  if (error != nullptr) return false;
  // The library's own format: a magic of 7 bytes, then the generation.
  int32_t generation = -1;
  if (size >= 7 + sizeof(generation) && std::memcmp(bytes, "CGMDv2:", 7) == 0) {
    std::memcpy(&generation, static_cast<const char*>(bytes) + 7, sizeof(generation));
  }
  rd_kafka_mem_free(handle, bytes);
  return has_member && generation >= 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaGroupConsumer>> KafkaGroupConsumer::Join(
    const KafkaConfig& config, const ConsumerSpec& spec, rd_kafka_t* questions) {
  std::unique_ptr<KafkaGroupConsumer> consumer(new KafkaGroupConsumer(config, questions));
  ASSIGN_OR_RETURN(Conf conf, NewConf(config, consumer.get()));
  Settings settings = {
      {"group.id", config.application_id},
      {"session.timeout.ms", absl::StrCat(ToMs(config.session_timeout))},
      {"heartbeat.interval.ms",
       absl::StrCat(std::max(1, ToMs(std::min(config.session_timeout / 4, absl::Seconds(3)))))},
      {"partition.assignment.strategy", "range"},
      {"isolation.level", "read_committed"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"enable.partition.eof", "true"},
      // A small value stops the consumer for a second each time that it is reached.
      {"queued.min.messages", "100000"},
      {"topic.metadata.refresh.interval.ms", "10000"},
  };
  if (config.static_member) settings["group.instance.id"] = config.member_id;
  for (const auto& [name, value] : settings) {
    if (config.overrides.contains(name)) continue;
    RETURN_IF_ERROR(Set(conf.get(), name.c_str(), value));
  }
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  ASSIGN_OR_RETURN(consumer->handle_, NewHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(consumer->handle_.get());
  consumer->main_queue_.reset(rd_kafka_queue_get_consumer(consumer->handle_.get()));
  rd_kafka_queue_cb_event_enable(consumer->main_queue_.get(), OnQueueNotEmpty, consumer.get());

  const PartitionList topics(rd_kafka_topic_partition_list_new(4));
  for (const std::string& topic : spec.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  RETURN_IF_ERROR(
      ToStatus(rd_kafka_subscribe(consumer->handle_.get(), topics.get()), "cannot subscribe"));
  return consumer;
}

KafkaGroupConsumer::~KafkaGroupConsumer() {
  for (auto& [partition, assigned] : assigned_) {
    rd_kafka_queue_cb_event_enable(assigned.queue.get(), nullptr, nullptr);
  }
  if (main_queue_ != nullptr) rd_kafka_queue_cb_event_enable(main_queue_.get(), nullptr, nullptr);
  closing_ = true;
  assigned_.clear();
  main_queue_.reset();
}

// -------------------------------------------------------------------- the group

void KafkaGroupConsumer::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                                     rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  static_cast<KafkaGroupConsumer*>(opaque)->Rebalanced(error, partitions);
}

// Called in Poll, in its thread. The engine answers later: until then the library waits.
void KafkaGroupConsumer::Rebalanced(rd_kafka_resp_err_t error,
                                    const rd_kafka_topic_partition_list_t* partitions) {
  if (closing_) {
    rd_kafka_assign(handle_.get(), nullptr);
    return;
  }
  GroupEvent event{
      .kind = GroupEvent::Kind::kRevoked, .partitions = ToVector(partitions), .reason = {}};
  metadata_.reset();
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    event.kind = GroupEvent::Kind::kAssigned;
    auto metadata =
        std::make_shared<KafkaGroupMetadata>(rd_kafka_consumer_group_metadata(handle_.get()));
    if (metadata->get() != nullptr && IsComplete(handle_.get(), metadata->get())) {
      metadata_ = std::move(metadata);
    } else {
      metadata_error_ = "the member has no generation";
    }
  } else if (error != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS ||
             rd_kafka_assignment_lost(handle_.get())) {
    event.kind = GroupEvent::Kind::kLost;
  }
  events_.push_back(std::move(event));
}

void KafkaGroupConsumer::OnQueueNotEmpty(rd_kafka_t*, void* opaque) {
  auto* consumer = static_cast<KafkaGroupConsumer*>(opaque);
  {
    const std::lock_guard lock(consumer->mutex_);
    consumer->wake_ = true;
  }
  consumer->woken_.notify_one();
}

void KafkaGroupConsumer::Wait(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, absl::ToChronoMicroseconds(timeout), [this] { return wake_; });
  wake_ = false;
}

GroupEvent KafkaGroupConsumer::Poll(absl::Duration timeout) {
  if (events_.empty()) ServeMainQueue();
  if (events_.empty() && timeout > absl::ZeroDuration()) {
    Wait(timeout);
    ServeMainQueue();
  }
  if (events_.empty()) return {};
  GroupEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void KafkaGroupConsumer::ServeMainQueue() {
  // The callbacks run in here; what comes out are errors.
  while (rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_.get(), 0)) {
    HandleMainMessage(message);
  }
}

void KafkaGroupConsumer::HandleMainMessage(rd_kafka_message_t* message) {
  const rd_kafka_resp_err_t error = message->err;
  const std::string text =
      error == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : rd_kafka_message_errstr(message);
  rd_kafka_message_destroy(message);
  if (error == RD_KAFKA_RESP_ERR__FATAL) {
    events_.push_back(FatalEvent());
  } else if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Partitions have queues of their own, set before they are assigned.
    events_.push_back({.kind = GroupEvent::Kind::kRestart,
                       .partitions = {},
                       .reason = "a record came by the group's queue"});
  } else if (error != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    base::Log(base::LogLevel::kWarning, "consumer", {{"error", text}});
  }
}

GroupEvent KafkaGroupConsumer::FatalEvent() {
  char text[512] = {};
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle_.get(), text, sizeof(text));
  return {.kind = GroupEvent::Kind::kRestart,
          .partitions = {},
          .reason = text,
          .fenced = cause == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID};
}

absl::StatusOr<std::shared_ptr<const GroupMetadata>> KafkaGroupConsumer::Metadata() {
  if (metadata_ == nullptr) return absl::FailedPreconditionError(metadata_error_);
  return metadata_;
}

bool KafkaGroupConsumer::AssignmentLost() const {
  return rd_kafka_assignment_lost(handle_.get()) != 0;
}

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> CommittedBy(
    rd_kafka_t* handle, std::span<const base::TopicPartition> partitions, absl::Duration timeout) {
  const PartitionList list = kafka::ToList({partitions.begin(), partitions.end()});
  RETURN_IF_ERROR(ToStatus(rd_kafka_committed(handle, list.get(), ToMs(timeout)),
                           "the group's committed offsets"));
  std::map<base::TopicPartition, CommittedOffset> committed;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    RETURN_IF_ERROR(
        ToStatus(one.err, absl::StrCat("the committed offset of ", one.topic, "-", one.partition)));
    if (one.offset < 0) continue;
    committed[{one.topic, base::Partition(one.partition)}] = {
        .offset = base::Offset(one.offset),
        .metadata = std::string(static_cast<const char*>(one.metadata), one.metadata_size)};
  }
  return committed;
}

absl::StatusOr<std::map<base::TopicPartition, CommittedOffset>> KafkaGroupConsumer::Committed(
    std::span<const base::TopicPartition> partitions, bool stable, absl::Duration timeout) {
  return CommittedBy(stable ? handle_.get() : questions_, partitions, timeout);
}

std::vector<std::string> KafkaGroupConsumer::TwinClientIds(absl::Duration timeout) {
  const rd_kafka_group_list* list = nullptr;
  std::vector<std::string> twins;
  if (rd_kafka_list_groups(questions_, config_.application_id.c_str(), &list, ToMs(timeout)) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return twins;
  }
  // A static member's id is its instance id, a dash and a UUID.
  const std::string prefix = config_.member_id + "-";
  for (int g = 0; g < list->group_cnt; ++g) {
    for (int m = 0; m < list->groups[g].member_cnt; ++m) {
      const rd_kafka_group_member_info& member = list->groups[g].members[m];
      const std::string id = member.member_id;
      const std::string client = member.client_id;
      if (id.rfind(prefix, 0) == 0 && client != ClientId(config_)) twins.push_back(client);
    }
  }
  rd_kafka_group_list_destroy(list);
  return twins;
}

void KafkaGroupConsumer::Close(bool) {
  closing_ = true;
  const Queue events(rd_kafka_queue_new(handle_.get()));
  const Error error(rd_kafka_consumer_close_queue(handle_.get(), events.get()));
  if (error != nullptr) return;
  const absl::Duration deadline = base::SystemClock().Elapsed() + kCloseTimeout;
  while (!rd_kafka_consumer_closed(handle_.get()) && base::SystemClock().Elapsed() < deadline) {
    const Event event(rd_kafka_queue_poll(events.get(), 50));
    // A rebalance callback would be called by this poll; one that comes as an event is answered.
    if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
      rd_kafka_assign(handle_.get(), nullptr);
    }
  }
}

// ---------------------------------------------------------------- the partitions

absl::Status KafkaGroupConsumer::Assign(std::span<const PartitionStart> partitions) {
  for (auto& [partition, assigned] : assigned_) {
    rd_kafka_queue_cb_event_enable(assigned.queue.get(), nullptr, nullptr);
  }
  assigned_.clear();
  // Before the assignment, so that no record goes the main queue's way.
  for (const PartitionStart& start : partitions) {
    Queue queue(rd_kafka_queue_get_partition(handle_.get(), start.partition.topic.c_str(),
                                             start.partition.partition.value()));
    rd_kafka_queue_forward(queue.get(), nullptr);
    rd_kafka_queue_cb_event_enable(queue.get(), OnQueueNotEmpty, this);
    assigned_[start.partition] = {
        .queue = std::move(queue), .expected = start.from, .at_end = start.at_end};
  }
  return ToStatus(rd_kafka_assign(handle_.get(), ToList(partitions).get()), "cannot assign");
}

absl::Status KafkaGroupConsumer::Unassign() {
  for (auto& [partition, assigned] : assigned_) {
    rd_kafka_queue_cb_event_enable(assigned.queue.get(), nullptr, nullptr);
  }
  assigned_.clear();
  return ToStatus(rd_kafka_assign(handle_.get(), nullptr), "cannot give up the assignment");
}

absl::Status KafkaGroupConsumer::Seek(std::span<const PartitionStart> partitions) {
  const PartitionList list = ToList(partitions);
  const Error error(rd_kafka_seek_partitions(handle_.get(), list.get(), ToMs(kSeekTimeout)));
  if (error != nullptr) {
    return absl::InternalError(absl::StrCat("cannot seek: ", rd_kafka_error_string(error.get())));
  }
  for (int i = 0; i < list->cnt; ++i) {
    RETURN_IF_ERROR(
        ToStatus(list->elems[i].err, absl::StrCat("cannot seek ", list->elems[i].topic)));
  }
  for (const PartitionStart& start : partitions) {
    Assigned& assigned = assigned_.at(start.partition);
    assigned.expected = start.from;
    assigned.at_end = start.at_end;
  }
  return absl::OkStatus();
}

absl::Status KafkaGroupConsumer::Fetch(const base::TopicPartition& partition, size_t max,
                                       std::vector<Message>* messages) {
  const auto found = assigned_.find(partition);
  if (found == assigned_.end()) {
    return absl::InternalError(absl::StrCat(base::ToString(partition), " is not assigned"));
  }
  Assigned& assigned = found->second;
  const size_t before = messages->size();
  while (messages->size() < before + max) {
    rd_kafka_message_t* const message = rd_kafka_consume_queue(assigned.queue.get(), 0);
    if (message == nullptr) break;
    RETURN_IF_ERROR(FetchOne(partition, &assigned, message, messages));
  }
  if (messages->size() == before + max) OnQueueNotEmpty(handle_.get(), this);  // there may be more
  if (messages->size() > before && !assigned.at_end) {
    assigned.at_end = IsAtKnownEnd(partition, assigned.expected);
  }
  return absl::OkStatus();
}

// The answer that brought a record said how far the partition goes.
bool KafkaGroupConsumer::IsAtKnownEnd(const base::TopicPartition& partition,
                                      base::Offset expected) const {
  int64_t low = 0;
  int64_t high = 0;
  return rd_kafka_get_watermark_offsets(handle_.get(), partition.topic.c_str(),
                                        partition.partition.value(), &low,
                                        &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
         high >= 0 && expected.value() >= high;
}

absl::Status KafkaGroupConsumer::FetchOne(const base::TopicPartition& partition, Assigned* assigned,
                                          rd_kafka_message_t* message,
                                          std::vector<Message>* messages) {
  const base::Offset offset(message->offset);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // The library can bring old records again after a seek.
    if (offset < assigned->expected) {
      rd_kafka_message_destroy(message);
      return absl::OkStatus();
    }
    assigned->expected = base::Next(offset);
    assigned->at_end = false;
    messages->push_back(Wrap(message));
    return absl::OkStatus();
  }
  const rd_kafka_resp_err_t error = message->err;
  const std::string text = rd_kafka_message_errstr(message);
  rd_kafka_message_destroy(message);
  switch (error) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      assigned->at_end = true;
      assigned->expected = std::max(assigned->expected, offset);
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return absl::OutOfRangeError(absl::StrCat("offset ", assigned->expected.value(), " of ",
                                                base::ToString(partition),
                                                " is not in the log (any more): ", text));
    default:
      base::Log(base::LogLevel::kWarning, "consumer", {{"partition", partition}, {"error", text}});
      return absl::OkStatus();
  }
}

bool KafkaGroupConsumer::CaughtUp(const base::TopicPartition& partition) {
  const auto found = assigned_.find(partition);
  return found != assigned_.end() && found->second.at_end;
}

}  // namespace streams::kafka
