// What state-dump is asked for, by its own flags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/ids.h"
#include "tools/dump/output.h"
#include "tools/dump/point.h"

namespace dump {

// Which objects.
struct Filter {
  std::string store;  // "": all
  std::optional<model::TenantId> tenant;
  std::optional<uint32_t> id;

  // Whether the key of an object passes; one that cannot be decoded passes where only the
  // store is asked for.
  bool Passes(const std::string& in_store, std::string_view key) const;

  // What to say where nothing passes: "there is no object of id 7"; nothing where the filter
  // names no object, since a store may well be empty.
  std::string NonePasses() const;
};

struct Options {
  enum class What { kObjects, kParty, kCharacter, kStats, kPositions, kVerify, kDiff };
  enum class From {
    kUpToDate,    // the checkpoint and what came after it
    kCheckpoint,  // the checkpoint alone, without Kafka
    kChangelogs,  // the changelogs alone, without a directory
  };
  What what = What::kObjects;
  From from = From::kUpToDate;
  std::optional<Point> at;  // of kChangelogs
  Filter filter;            // of kParty and kCharacter: the id
  std::string other;        // of kDiff: the other source as it was named
  bool json = false;
  // Of kVerify, as a table: so many of a store's entries that cannot be checked.
  size_t shown = 20;
  Style style;
};

// The file that defines the flags, for ParseSettings.
inline constexpr char kFlagsFile[] = "tools/dump/options.cc";

// From the flags. Error: a value that is not allowed, or flags that contradict each other, by
// name.
absl::StatusOr<Options> ReadOptions(const std::vector<std::string>& stores);

}  // namespace dump
