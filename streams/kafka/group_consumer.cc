#include "streams/kafka/group_consumer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "streams/kafka/group_offsets.h"
#include "streams/kafka/message.h"
#include "streams/kafka/retry.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kCloseTimeout = absl::Seconds(3);
constexpr int kClosePollMs = 50;
// The library answers a seek by itself, without a broker.
constexpr absl::Duration kSeekTimeout = absl::Seconds(10);

std::vector<base::TopicPartition> ToVector(const rd_kafka_topic_partition_list_t* list) {
  std::vector<base::TopicPartition> partitions;
  for (int i = 0; i < list->cnt; ++i) partitions.push_back(ToTopicPartition(list->elems[i]));
  return partitions;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaGroupConsumer>> KafkaGroupConsumer::Join(
    const KafkaConfig& config, const ConsumerSpec& spec, rd_kafka_t* questions,
    OwnMembers* own_members, ClientStatistics* statistics) {
  std::unique_ptr<KafkaGroupConsumer> consumer(
      new KafkaGroupConsumer(config, questions, own_members, statistics));
  ASSIGN_OR_RETURN(Conf conf, consumer->MakeConf());
  ASSIGN_OR_RETURN(consumer->handle_, NewHandle(RD_KAFKA_CONSUMER, std::move(conf)));
  RETURN_IF_ERROR(consumer->Subscribe(spec));
  return consumer;
}

absl::StatusOr<Conf> KafkaGroupConsumer::MakeConf() {
  ASSIGN_OR_RETURN(Conf conf, NewConf(config_, this));
  const absl::Duration heartbeat = std::min(config_.session_timeout / 4, absl::Seconds(3));
  Settings settings = {
      {"group.id", config_.application_id},
      {"session.timeout.ms", absl::StrCat(ToMs(config_.session_timeout))},
      // Must not be shorter.
      {"max.poll.interval.ms",
       absl::StrCat(ToMs(std::max(config_.session_timeout, absl::Minutes(5))))},
      {"heartbeat.interval.ms", absl::StrCat(std::max(1, ToMs(heartbeat)))},
      {"partition.assignment.strategy", "range"},
      {"isolation.level", "read_committed"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"enable.partition.eof", "true"},
      // What is fetched ahead, see FetchPace.
      {"queued.min.messages", "100000"},
      // So long the others of its broker can hold up a partition whose queue was full.
      {"fetch.wait.max.ms", "100"},
      {"fetch.error.backoff.ms", "50"},
      {"topic.metadata.refresh.interval.ms", "10000"},
  };
  if (config_.static_member) settings["group.instance.id"] = config_.member_id;
  RETURN_IF_ERROR(SetAll(conf.get(), settings, config_.overrides));
  RETURN_IF_ERROR(ClientStatistics::Enable(config_, OnStatistics, conf.get()));
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  return conf;
}

absl::Status KafkaGroupConsumer::Subscribe(const ConsumerSpec& spec) {
  rd_kafka_poll_set_consumer(handle_.get());
  main_queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
  rd_kafka_queue_cb_event_enable(main_queue_.get(), OnQueueNotEmpty, this);
  const PartitionList topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(spec.topics.size())));
  for (const std::string& topic : spec.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  return ToStatus(rd_kafka_subscribe(handle_.get(), topics.get()), "subscribing to the inputs");
}

KafkaGroupConsumer::~KafkaGroupConsumer() {
  closing_ = true;
  ForgetPartitions();
  if (main_queue_ != nullptr) rd_kafka_queue_cb_event_enable(main_queue_.get(), nullptr, nullptr);
  main_queue_.reset();
}

// -------------------------------------------------------------------- the group

void KafkaGroupConsumer::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                                     rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  static_cast<KafkaGroupConsumer*>(opaque)->Rebalanced(error, partitions);
}

// Called in Poll, in its thread. The engine answers later: until then the library waits,
// keeps the session alive, and puts off further rebalances.
void KafkaGroupConsumer::Rebalanced(rd_kafka_resp_err_t error,
                                    const rd_kafka_topic_partition_list_t* partitions) {
  if (closing_) {
    rd_kafka_assign(handle_.get(), nullptr);
    return;
  }
  GroupEvent event{
      .kind = GroupEvent::Kind::kRevoked, .partitions = ToVector(partitions), .reason = {}};
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    event.kind = GroupEvent::Kind::kAssigned;
    metadata_ = KafkaGroupMetadata::Take(handle_.get());
    own_members_->Note(handle_.get());
  } else {
    metadata_ = absl::FailedPreconditionError("the partitions were revoked");
    if (error != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS || AssignmentLost()) {
      event.kind = GroupEvent::Kind::kLost;
    }
  }
  events_.push_back(std::move(event));
}

int KafkaGroupConsumer::OnStatistics(rd_kafka_t*, char* json, size_t, void* opaque) {
  static_cast<KafkaGroupConsumer*>(opaque)->statistics_.Report(json);
  return 1;  // it is kept
}

void KafkaGroupConsumer::OnQueueNotEmpty(rd_kafka_t*, void* opaque) {
  static_cast<KafkaGroupConsumer*>(opaque)->wakeup_.Wake();
}

GroupEvent KafkaGroupConsumer::Poll(absl::Duration timeout) {
  ServeMainQueue();
  if (events_.empty() && timeout > absl::ZeroDuration()) {
    wakeup_.Wait(timeout);
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
    // Partitions have queues of their own, set before they are assigned: it would be lost.
    events_.push_back({.kind = GroupEvent::Kind::kRestart,
                       .partitions = {},
                       .reason = "a record came by the group's queue"});
  } else if (error != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    base::Log(log_limit_, text, base::LogLevel::kWarning, "consumer", {{"error", text}});
  }
}

GroupEvent KafkaGroupConsumer::FatalEvent() {
  char text[512] = {};
  // One that lost its session and joins again can be fenced by itself.
  own_members_->Note(handle_.get());
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle_.get(), text, sizeof(text));
  return {.kind = GroupEvent::Kind::kRestart,
          .partitions = {},
          .reason = text,
          .fenced = cause == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID};
}

absl::StatusOr<std::shared_ptr<const GroupMetadata>> KafkaGroupConsumer::Metadata() {
  if (!metadata_.ok()) return metadata_.status();
  return *metadata_;
}

bool KafkaGroupConsumer::AssignmentLost() const {
  return rd_kafka_assignment_lost(handle_.get()) != 0;
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
      if (id.starts_with(prefix) && client != ClientId(config_) && !own_members_->Contains(id)) {
        twins.push_back(client);
      }
    }
  }
  rd_kafka_group_list_destroy(list);
  return twins;
}

void KafkaGroupConsumer::Close(bool) {
  closing_ = true;
  const Queue events(rd_kafka_queue_new(handle_.get()));
  const Error error(rd_kafka_consumer_close_queue(handle_.get(), events.get()));
  if (error != nullptr) return;  // after a fatal error there is nothing to leave
  const absl::Duration deadline = base::SystemClock().Elapsed() + kCloseTimeout;
  while (!rd_kafka_consumer_closed(handle_.get()) && base::SystemClock().Elapsed() < deadline) {
    const Event event(rd_kafka_queue_poll(events.get(), kClosePollMs));
    // The revocation comes as an event by this queue, not by the callback.
    if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
      rd_kafka_assign(handle_.get(), nullptr);
    }
  }
}

// ---------------------------------------------------------------- the partitions

absl::Status KafkaGroupConsumer::Assign(std::span<const PartitionStart> partitions) {
  ForgetPartitions();
  // Before the assignment, so that no record goes the main queue's way. The library keeps
  // the mark, also where it takes partitions away and gives them back.
  for (const PartitionStart& start : partitions) {
    Queue queue(rd_kafka_queue_get_partition(handle_.get(), start.partition.topic.c_str(),
                                             start.partition.partition.value()));
    rd_kafka_queue_forward(queue.get(), nullptr);
    rd_kafka_queue_cb_event_enable(queue.get(), OnQueueNotEmpty, this);
    Assigned& assigned = assigned_[start.partition];
    assigned.queue = std::move(queue);
    assigned.list = ToList(std::span(&start.partition, 1));
    assigned.expected = start.from;
  }
  wakeup_.Wake();  // a queue with a rest in it tells nothing of what comes behind
  return kafka::Assign(handle_.get(), ToList(partitions).get(),
                       "starting to read the assigned partitions");
}

absl::Status KafkaGroupConsumer::Unassign() {
  ForgetPartitions();
  return kafka::Assign(handle_.get(), nullptr, "giving up the assignment");
}

void KafkaGroupConsumer::ForgetPartitions() {
  for (auto& [partition, assigned] : assigned_) {
    rd_kafka_queue_cb_event_enable(assigned.queue.get(), nullptr, nullptr);
  }
  assigned_.clear();
}

absl::Status KafkaGroupConsumer::Seek(std::span<const PartitionStart> partitions) {
  if (partitions.empty()) return absl::OkStatus();
  // A partition that was just assigned may not have been started yet.
  RETURN_IF_ERROR(WhileUnavailable(
      kSeekTimeout, [&](absl::Duration left) { return SeekOnce(partitions, left); }));
  for (const PartitionStart& start : partitions) {
    const auto found = assigned_.find(start.partition);
    if (found == assigned_.end()) continue;
    found->second.expected = start.from;
    found->second.failure = absl::OkStatus();
  }
  wakeup_.Wake();
  return absl::OkStatus();
}

absl::Status KafkaGroupConsumer::SeekOnce(std::span<const PartitionStart> partitions,
                                          absl::Duration timeout) {
  const PartitionList list = ToList(partitions);
  const Error error(rd_kafka_seek_partitions(handle_.get(), list.get(), ToMs(timeout)));
  if (error != nullptr) {
    return absl::InternalError(absl::StrCat("seeking: ", rd_kafka_error_string(error.get())));
  }
  for (int i = 0; i < list->cnt; ++i) {
    RETURN_IF_ERROR(
        ToStatus(list->elems[i].err,
                 absl::StrCat("seeking in ", base::ToString(ToTopicPartition(list->elems[i])))));
  }
  return absl::OkStatus();
}

// One message at a time: the batch call of this version of the library can lose records
// where an assignment changes.
absl::Status KafkaGroupConsumer::Fetch(const base::TopicPartition& partition, size_t max,
                                       std::vector<Message>* messages) {
  const auto found = assigned_.find(partition);
  if (found == assigned_.end()) {
    return absl::InternalError(absl::StrCat(base::ToString(partition), " is not assigned"));
  }
  Assigned& assigned = found->second;
  RETURN_IF_ERROR(assigned.failure);
  const size_t limit = messages->size() + max;
  while (messages->size() < limit) {
    rd_kafka_message_t* const message = rd_kafka_consume_queue(assigned.queue.get(), 0);
    if (message == nullptr) {
      assigned.pace.AfterTaking(handle_.get(), assigned.queue.get(), assigned.list.get());
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Take(partition, &assigned, message, messages));
  }
  wakeup_.Wake();  // there may be more
  assigned.pace.AfterTaking(handle_.get(), assigned.queue.get(), assigned.list.get());
  return absl::OkStatus();
}

absl::Status KafkaGroupConsumer::Take(const base::TopicPartition& partition, Assigned* assigned,
                                      rd_kafka_message_t* message, std::vector<Message>* messages) {
  const base::Offset offset(message->offset);
  const rd_kafka_resp_err_t error = message->err;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // The library can bring old records again.
    if (offset < assigned->expected) {
      rd_kafka_message_destroy(message);
      return absl::OkStatus();
    }
    assigned->expected = base::Next(offset);
    messages->push_back(Wrap(message));
    return absl::OkStatus();
  }
  const std::string text = rd_kafka_message_errstr(message);
  rd_kafka_message_destroy(message);
  switch (error) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      assigned->expected = std::max(assigned->expected, offset);
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      assigned->failure = absl::OutOfRangeError(
          absl::StrCat("offset ", assigned->expected.value(), " of ", base::ToString(partition),
                       " is not in the log (any more): ", text));
      return assigned->failure;
    default:
      base::Log(log_limit_, text, base::LogLevel::kWarning, "consumer",
                {{"partition", partition}, {"error", text}});
      return absl::OkStatus();
  }
}

base::Offset KafkaGroupConsumer::Position(const base::TopicPartition& partition) const {
  const auto found = assigned_.find(partition);
  return found == assigned_.end() ? base::Offset(0) : found->second.expected;
}

// What came with the last answer to a fetch.
std::optional<base::Offset> KafkaGroupConsumer::KnownEnd(
    const base::TopicPartition& partition) const {
  int64_t start = RD_KAFKA_OFFSET_INVALID;
  int64_t end = RD_KAFKA_OFFSET_INVALID;
  rd_kafka_get_watermark_offsets(handle_.get(), partition.topic.c_str(),
                                 partition.partition.value(), &start, &end);
  if (end < 0) return std::nullopt;
  return base::Offset(end);
}

}  // namespace streams::kafka
