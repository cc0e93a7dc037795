#include "streams/kafka/operator_admin.h"

#include <librdkafka/rdkafka.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/status.h"
#include "streams/kafka/admin_request.h"
#include "streams/kafka/group_metadata.h"
#include "streams/kafka/list_offsets.h"
#include "streams/kafka/retry.h"

namespace streams::kafka {
namespace {

constexpr absl::Duration kPollPause = absl::Milliseconds(20);

struct DestroyRequest {
  void operator()(rd_kafka_DeleteGroup_t* group) const { rd_kafka_DeleteGroup_destroy(group); }
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
  void operator()(rd_kafka_AlterConsumerGroupOffsets_t* offsets) const {
    rd_kafka_AlterConsumerGroupOffsets_destroy(offsets);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(const rd_kafka_group_list* list) const { rd_kafka_group_list_destroy(list); }
};
template <class T>
using Owned = std::unique_ptr<T, DestroyRequest>;

std::string Text(const char* text) { return text == nullptr ? "" : text; }

std::string ErrorText(const rd_kafka_error_t* error, const std::string& what) {
  return absl::StrCat(what, ": ", rd_kafka_error_string(error));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OperatorAdmin>> OperatorAdmin::Create(const KafkaConfig& config) {
  ASSIGN_OR_RETURN(Handle handle, NewReader(config, config.application_id, "read_uncommitted", {}));
  return std::unique_ptr<OperatorAdmin>(
      new OperatorAdmin(config.application_id, std::move(handle)));
}

absl::StatusOr<std::vector<GroupMember>> OperatorAdmin::Members(absl::Duration timeout) {
  const std::string what = absl::StrCat("asking for the members of group ", group_);
  return WhileUnavailable(
      timeout, [&](absl::Duration left) -> absl::StatusOr<std::vector<GroupMember>> {
        const rd_kafka_group_list* answer = nullptr;
        const rd_kafka_resp_err_t error =
            rd_kafka_list_groups(handle_.get(), group_.c_str(), &answer, ToMs(left));
        const Owned<const rd_kafka_group_list> list(answer);
        // With PARTIAL some broker has not answered: it may be the group's.
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
          return absl::UnavailableError(absl::StrCat(what, ": ", rd_kafka_err2str(error)));
        }
        std::vector<GroupMember> members;
        for (int g = 0; g < list->group_cnt; ++g) {
          const rd_kafka_group_info& group = list->groups[g];
          if (Text(group.group) != group_) continue;
          if (group.err == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) continue;
          RETURN_IF_ERROR(ToStatus(group.err, what));
          for (int m = 0; m < group.member_cnt; ++m) {
            const rd_kafka_group_member_info& member = group.members[m];
            members.push_back({.member_id = Text(member.member_id),
                               .client_id = Text(member.client_id),
                               .host = Text(member.client_host)});
          }
        }
        return members;
      });
}

absl::Status OperatorAdmin::DeleteGroup(absl::Duration timeout) {
  const std::string what = absl::StrCat("deleting group ", group_);
  return WhileUnavailable(timeout, [&](absl::Duration left) -> absl::Status {
    const Owned<rd_kafka_DeleteGroup_t> request(rd_kafka_DeleteGroup_new(group_.c_str()));
    rd_kafka_DeleteGroup_t* requests[] = {request.get()};
    ASSIGN_OR_RETURN(const Event event,
                     AskAdmin(handle_.get(), what, left, [&](auto* options, auto* queue) {
                       rd_kafka_DeleteGroups(handle_.get(), requests, 1, options, queue);
                     }));
    size_t count = 0;
    const rd_kafka_group_result_t** results = rd_kafka_DeleteGroups_result_groups(
        rd_kafka_event_DeleteGroups_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_error_t* error = rd_kafka_group_result_error(results[i]);
      if (error == nullptr) continue;
      const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
      if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) continue;
      if (code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP) {
        return absl::FailedPreconditionError(ErrorText(error, what));
      }
      return ToStatus(code, ErrorText(error, what));
    }
    return absl::OkStatus();
  });
}

absl::Status OperatorAdmin::SetOffsets(std::span<const PartitionStart> offsets,
                                       absl::Duration timeout) {
  const std::string what = absl::StrCat("setting the offsets of group ", group_);
  return WhileUnavailable(timeout, [&](absl::Duration left) -> absl::Status {
    const Owned<rd_kafka_AlterConsumerGroupOffsets_t> request(
        rd_kafka_AlterConsumerGroupOffsets_new(group_.c_str(), ToList(offsets).get()));
    rd_kafka_AlterConsumerGroupOffsets_t* requests[] = {request.get()};
    ASSIGN_OR_RETURN(
        const Event event, AskAdmin(handle_.get(), what, left, [&](auto* options, auto* queue) {
          rd_kafka_AlterConsumerGroupOffsets(handle_.get(), requests, 1, options, queue);
        }));
    size_t count = 0;
    const rd_kafka_group_result_t** results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
    for (size_t i = 0; i < count; ++i) {
      if (const rd_kafka_error_t* error = rd_kafka_group_result_error(results[i])) {
        return ToStatus(rd_kafka_error_code(error), ErrorText(error, what));
      }
      const rd_kafka_topic_partition_list_t* set = rd_kafka_group_result_partitions(results[i]);
      for (int p = 0; p < set->cnt; ++p) {
        RETURN_IF_ERROR(
            ToStatus(set->elems[p].err,
                     absl::StrCat(what, " for ", base::ToString(ToTopicPartition(set->elems[p])))));
      }
    }
    return absl::OkStatus();
  });
}

absl::Status OperatorAdmin::DeleteTopics(std::span<const std::string> topics,
                                         absl::Duration timeout, const TellGone& tell) {
  if (topics.empty()) return absl::OkStatus();
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  std::vector<Owned<rd_kafka_DeleteTopic_t>> requests;
  std::vector<rd_kafka_DeleteTopic_t*> raw;
  for (const std::string& topic : topics) {
    requests.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
    raw.push_back(requests.back().get());
  }
  ASSIGN_OR_RETURN(
      const Event event,
      AskAdmin(handle_.get(), "deleting topics", timeout, [&](auto* options, auto* queue) {
        rd_kafka_DeleteTopics(handle_.get(), raw.data(), raw.size(), options, queue);
      }));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    RETURN_IF_ERROR(
        ToStatus(error, absl::StrCat("deleting topic ", rd_kafka_topic_result_name(results[i]))));
  }
  return WaitUntilGone(topics, deadline - base::SystemClock().Elapsed(), tell);
}

absl::Status OperatorAdmin::WaitUntilGone(std::span<const std::string> topics,
                                          absl::Duration timeout, const TellGone& tell) {
  const absl::Duration deadline = base::SystemClock().Elapsed() + timeout;
  for (size_t gone = 0; gone < topics.size(); ++gone) {
    const std::string& topic = topics[gone];
    while (true) {
      tell(gone);
      const absl::Duration left = deadline - base::SystemClock().Elapsed();
      const auto exists = Exists(topic, std::max(left, absl::Milliseconds(100)));
      if (exists.ok() && !*exists) break;
      if (left <= absl::ZeroDuration()) {
        return absl::DeadlineExceededError(
            absl::StrCat("topic ", topic, " is to be deleted, and still there"));
      }
      absl::SleepFor(kPollPause);
    }
  }
  tell(topics.size());
  return absl::OkStatus();
}

absl::StatusOr<bool> OperatorAdmin::Exists(const std::string& topic, absl::Duration timeout) {
  const TopicHandle asked(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  RETURN_IF_ERROR(ToStatus(
      rd_kafka_metadata(handle_.get(), /*all_topics=*/0, asked.get(), &answer, ToMs(timeout)),
      absl::StrCat("asking for topic ", topic)));
  const Owned<const rd_kafka_metadata_t> metadata(answer);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].topic == topic) {
      return metadata->topics[i].err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
  }
  return false;
}

absl::StatusOr<std::vector<base::Offset>> OperatorAdmin::OffsetsAt(
    std::span<const base::TopicPartition> partitions, base::Timestamp time,
    absl::Duration timeout) {
  const auto ask = [&](int64_t which) {
    return WhileUnavailable(timeout, [&](absl::Duration left) {
      // A leader that is gone takes all the time that it is given.
      auto offsets = ListOffsets(handle_.get(), partitions, which, left / 2);
      if (!absl::IsDeadlineExceeded(offsets.status())) return offsets;
      return decltype(offsets)(absl::UnavailableError(offsets.status().message()));
    });
  };
  ASSIGN_OR_RETURN(auto offsets, ask(time.value()));
  ASSIGN_OR_RETURN(const auto ends, ask(kLogEnd));
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i].value() < 0) offsets[i] = ends[i];  // no record is so late
  }
  return offsets;
}

std::shared_ptr<const GroupMetadata> MetadataOfNobody(const std::string& group) {
  return KafkaGroupMetadata::OfNobody(group);
}

}  // namespace streams::kafka
