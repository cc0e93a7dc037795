#include "tools/dump/catch_up.h"

#include <cstdio>

#include "base/status.h"
#include "tools/dump/changelogs.h"

namespace dump {
namespace {

absl::Status CatchUpOne(Changelogs* changelogs, state::Replica* replica) {
  ASSIGN_OR_RETURN(const auto ranges, changelogs->Ranges());
  RETURN_IF_ERROR(changelogs->CheckBelong(*replica, ranges));
  const std::vector<base::Offset> from = replica->positions().next;
  return changelogs->Read(from, ranges, [&](size_t store, const base::RecordView& record) {
    replica->Apply(state::StoreIndex(static_cast<uint8_t>(store)), *record.key, record.value);
  });
}

}  // namespace

absl::Status CatchUp(const std::string& application_id, const std::vector<std::string>& stores,
                     streams::Broker& broker, state::Executor* executor,
                     std::vector<Source>* sources) {
  ASSIGN_OR_RETURN(const absl::Duration tombstones,
                   CheckChangelogs(application_id, stores, broker.admin()));
  ASSIGN_OR_RETURN(const auto reader, broker.NewLogReader());
  for (Source& source : *sources) {
    if (IsTooOld(*source.replica, tombstones)) {
      std::fprintf(stderr,
                   "state-dump: the checkpoint is older than half of the changelogs' "
                   "delete.retention.ms: read from the changelogs alone\n");
      ASSIGN_OR_RETURN(source, EmptySource(source.partition, stores, executor));
    }
    Changelogs changelogs(application_id, stores, source.partition, reader.get());
    RETURN_IF_ERROR(CatchUpOne(&changelogs, source.replica.get()));
  }
  return absl::OkStatus();
}

}  // namespace dump
