// `state-dump --verify`: holds local stores against their changelogs and the contract's
// rules, and says what of it cannot be told.
//
//   1, 2  each store against its log: state/changelog_check.h says what can be compared
//   3     what no surviving record tells about: superseded, or a ghost; and what nothing can
//         be said of yet, because the log is not decided up to the store's position
//   4     the rules over all objects: in the checkpoint where it stands at the end of a
//         transaction, and at the logs' end where no transaction was open there
//
// Works beside a running worker. The store is one snapshot with its own positions, the logs'
// ends are taken after it. A log that is compacted while it is read can lack what was there a
// moment before: so what differs is read again, and only what differs each time counts.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "streams/broker.h"
#include "tools/dump/options.h"
#include "tools/dump/output.h"
#include "tools/dump/source.h"

namespace dump {

// Prints each difference, what was checked, and each entry that could not be. False: there are
// differences, or something of the stores could not be read. Error: no log to compare with.
absl::StatusOr<bool> Verify(const std::string& application_id,
                            const std::vector<std::string>& stores, streams::Broker& broker,
                            const std::vector<Source>& sources, const Options& options,
                            Output* output);

}  // namespace dump
