#include "tools/rebuild/founding.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/uuid.h"
#include "streams/error_kinds.h"
#include "streams/internal_topics.h"
#include "streams/topic_setup.h"
#include "tools/rebuild/input_point.h"
#include "tools/rebuild/local_state.h"
#include "tools/rebuild/progress.h"

namespace tools {
namespace {

// The fused plan's only one.
constexpr base::Partition kPartition{0};
constexpr absl::Duration kCommitTimeout = absl::Minutes(5);

absl::Status ToStatus(const streams::ProduceResult& result, const char* doing) {
  if (result.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(doing, ": ", result.reason));
}

// The one transaction.
class Writer {
 public:
  Writer(const streams::Topology& topology, const std::string& application_id,
         streams::TransactionalProducer* producer)
      : stores_(topology.store_names()), application_id_(application_id), producer_(producer) {}

  absl::Status Write(const Founding& founding) {
    const base::Uuid id = base::RandomUuid();
    for (size_t i = 0; i < stores_.size(); ++i) {
      RETURN_IF_ERROR(Add(state::StoreIndex(static_cast<uint8_t>(i)), streams::kIdentityKey,
                          streams::EncodeIdentity({.id = id,
                                                   .application_id = application_id_,
                                                   .store = stores_[i],
                                                   .partition = kPartition})));
    }
    Progress progress("writing the state", founding.objects);
    RETURN_IF_ERROR(founding.content(
        [&](state::StoreIndex store, std::string_view key, std::string_view value) {
          progress.Advance(1);
          return Add(store, key, value);
        }));
    std::string positions;
    streams::EncodeInputPositions(founding.positions, &positions);
    RETURN_IF_ERROR(Add(streams::kEngineStore, streams::kOffsetsKey, positions));
    RETURN_IF_ERROR(SendOffsets(founding.positions));
    const streams::CommitResult committed = producer_->Commit(kCommitTimeout);
    if (committed.kind == streams::CommitResult::Kind::kCommitted) {
      if (founding.objects > 0) progress.Finish();
      return absl::OkStatus();
    }
    if (committed.kind != streams::CommitResult::Kind::kUnknown) {
      return absl::InternalError(absl::StrCat("committing the state: ", committed.reason));
    }
    return absl::UnknownError(absl::StrCat(
        "committing the state: ", committed.reason, ". It may be there or not: state-dump of ",
        application_id_, " shows it; `reset --execute` takes back what is there"));
  }

 private:
  absl::Status Add(state::StoreIndex store, std::string_view key, std::string_view value) {
    return ToStatus(producer_->Produce({.topic = streams::TopicIndex(store.value()),
                                        .partition = kPartition,
                                        .key = key,
                                        .value = value,
                                        .headers = {}}),
                    "writing the state");
  }

  absl::Status SendOffsets(const streams::InputPositions& positions) {
    std::vector<streams::OffsetToCommit> offsets;
    for (const auto& [partition, position] : positions) {
      offsets.push_back({.partition = partition, .position = position, .metadata = {}});
    }
    return ToStatus(
        producer_->SendOffsets(offsets, *streams::kafka::MetadataOfNobody(application_id_),
                               kCommitTimeout),
        "committing the group's offsets");
  }

  const std::vector<std::string> stores_;
  const std::string application_id_;
  streams::TransactionalProducer* producer_;
};

absl::Status MakeTopics(const Settings& settings, const streams::Topology& topology,
                        const Connection& kafka, bool offsets_are_set) {
  streams::TopicSetup setup = settings.topic_setup;
  setup.has_local_state = false;
  setup.changelogs_from_log = offsets_are_set;
  // What was just made is not known to all brokers at once.
  constexpr absl::Duration kPatience = absl::Seconds(3);
  const absl::Duration deadline = base::SystemClock().Elapsed() + kPatience;
  while (true) {
    const auto found = streams::SetUpTopics(topology, setup, kafka.broker->admin());
    const bool again = streams::IsWait(found.status()) && base::SystemClock().Elapsed() < deadline;
    if (!again) return found.status();
    base::SystemClock().Sleep(absl::Milliseconds(100));
  }
}

absl::Status NotNew(const std::string& application_id, const std::string& what) {
  return absl::FailedPreconditionError(
      absl::StrCat("application ", application_id, " is not new: ", what,
                   ". Take another id; or, where nothing of it is wanted any more, ",
                   "reset it first (`reset --application_id ", application_id, " --execute`)"));
}

absl::Status CheckNoLocalState(const Settings& settings) {
  const std::string& id = settings.engine.application_id;
  ASSIGN_OR_RETURN(const LocalState local, FindLocalState(settings.state_dir, id));
  if (local.stores.empty()) return absl::OkStatus();
  return NotNew(id, absl::StrCat("there is local state in ", local.directory));
}

// Before anything long is begun.
absl::Status CheckInputsAndOutputs(const Settings& settings, const streams::Topology& topology,
                                   const Connection& kafka) {
  std::vector<std::string> topics = topology.source_topics();
  for (const std::string& topic : topology.sink_topics()) topics.push_back(topic);
  ASSIGN_OR_RETURN(const auto found, kafka.broker->admin().DescribeTopics(topics, kKafkaTimeout));
  for (const std::string& topic : topics) {
    if (found.contains(topic) || settings.topic_setup.create_topics) continue;
    return absl::NotFoundError(
        absl::StrCat("there is no topic ", topic, " (--create_topics makes it)"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> InternalTopics(const std::string& application_id,
                                        const streams::Topology& topology) {
  std::vector<std::string> topics =
      streams::ChangelogTopics(application_id, topology.store_names());
  for (const std::string& name : topology.repartition_names()) {
    topics.push_back(streams::RepartitionTopic(application_id, name));
  }
  return topics;
}

absl::Status CheckIsNew(const Settings& settings, const streams::Topology& topology,
                        const Connection& kafka) {
  const std::string& id = settings.engine.application_id;
  ASSIGN_OR_RETURN(const auto members, kafka.operators->Members(kKafkaTimeout));
  if (!members.empty()) {
    return NotNew(id, absl::StrCat("its group has the member ", members[0].member_id));
  }
  const auto topics = InternalTopics(id, topology);
  ASSIGN_OR_RETURN(const auto found, kafka.broker->admin().DescribeTopics(topics, kKafkaTimeout));
  if (!found.empty()) {
    return NotNew(id, absl::StrCat("there is topic ", found.begin()->first));
  }
  ASSIGN_OR_RETURN(const auto offsets,
                   kafka.broker->admin().GroupOffsets(InputsOf(topology), kKafkaTimeout));
  if (!offsets.empty()) {
    return NotNew(id, absl::StrCat("its group has a committed offset of ",
                                   base::ToString(offsets.begin()->first)));
  }
  RETURN_IF_ERROR(CheckNoLocalState(settings));
  return CheckInputsAndOutputs(settings, topology, kafka);
}

absl::Status Found(const Settings& settings, const streams::Topology& topology,
                   const Connection& kafka, const Founding& founding) {
  RETURN_IF_ERROR(MakeTopics(settings, topology, kafka, founding.offsets_are_set));
  const std::string& id = settings.engine.application_id;
  const streams::ProducerSpec spec{.transactional_id = id + "-founding",
                                   .topics = streams::ChangelogTopics(id, topology.store_names()),
                                   .reported = {}};
  ASSIGN_OR_RETURN(const auto producer, kafka.broker->NewTransactionalProducer(spec));
  RETURN_IF_ERROR(ToStatus(producer->InitTransactions(kKafkaTimeout), "init_transactions"));
  RETURN_IF_ERROR(ToStatus(producer->Begin(), "beginning the transaction"));
  const absl::Status written = Writer(topology, id, producer.get()).Write(founding);
  // Else it would stay open, and hold up who reads the topics, until its long timeout.
  if (!written.ok() && !absl::IsUnknown(written)) (void)producer->Abort(kKafkaTimeout);
  return written;
}

}  // namespace tools
