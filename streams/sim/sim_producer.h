// The engine's producers over a simulated cluster.
//
// Records wait in the queue until they must go (flush, commit), for a second at most, or
// until the hooks send them. What the broker refuses is told by the next call; what follows
// it in the queue goes no more. A commit flushes, and with nothing written asks nobody, so
// that a fenced producer does not notice. An object that is destroyed leaves its
// transaction open.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "streams/broker.h"
#include "streams/sim/member.h"

namespace streams::sim {

class SimProducer final : public TransactionalProducer {
 public:
  SimProducer(Connection* connection, ProducerSpec spec);

  ProduceResult Produce(const OutgoingRecord& record) override;
  ProduceResult Flush(absl::Duration timeout) override;
  ProduceResult InitTransactions(absl::Duration timeout) override;
  ProduceResult Begin() override;
  ProduceResult SendOffsets(std::span<const OffsetToCommit> offsets, const GroupMetadata& group,
                            absl::Duration timeout) override;
  CommitResult Commit(absl::Duration timeout) override;
  ProduceResult Abort(absl::Duration timeout) override;

 private:
  bool IsAnothers() const;
  struct Queued {
    base::TopicPartition partition;
    bool reported = false;
    Record record;
  };

  bool transactional() const { return !spec_.transactional_id.empty(); }
  ProduceResult Fatal(std::string why);
  // What has gone wrong in this transaction so far.
  ProduceResult State() const { return failure_; }
  ProduceResult FailedBy(Verdict verdict, Call call);
  void SendIfDue();
  void Send();
  void SendOne(Queued queued);
  void Refuse(const Queued& queued, const char* why);
  CommitResult CommitNow();
  CommitResult Unknown(const std::string& why);
  base::Partition PartitionOf(const OutgoingRecord& record) const;

  Connection* const connection_;
  Cluster& cluster_;
  const ProducerSpec spec_;
  std::vector<bool> reported_;  // by topic index

  int32_t epoch_ = -1;
  bool in_transaction_ = false;
  bool wrote_ = false;  // the transaction has something in the cluster
  std::vector<Queued> queue_;
  absl::Duration queued_since_;
  ProduceResult failure_;  // of the transaction, or of the producer for good
  bool fatal_ = false;
  std::map<base::TopicPartition, base::Offset> ends_;
};

}  // namespace streams::sim
