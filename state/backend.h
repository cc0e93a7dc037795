// Where the bytes of one state partition's stores lie: a disk or a piece of memory.
//
// A backend holds several stores (ordered maps from bytes to bytes) and beside them
// a few named marks, such as the changelog positions that the stores reach. A batch
// changes stores and marks together or not at all.
//
//   Apply  makes a batch visible to reads. It may still be lost in a crash.
//   Flush  makes all that was applied durable, together or not at all: after a crash
//          a backend holds what stood at some Flush at or after the last that
//          returned OK, never something between two batches.
//
// After an error from Apply or Flush, what was durable stays durable; what reads see
// of the failed batch is open. The caller applies the batch again, or opens anew.
//
// Thread safety: reads may run beside one Apply or Flush. Two writes may not overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/strong_id.h"

namespace state {

struct StoreIndexTag {};
// The number of a store within its state partition, in the order of their declaration.
using StoreIndex = base::StrongId<StoreIndexTag, uint8_t>;

// One key's new value; no value deletes the key.
struct Write {
  std::string_view key;
  std::optional<std::string_view> value;
};

// Borrows all its bytes from the caller.
struct Batch {
  // By store index; each in ascending order of keys (as unsigned bytes), no key twice.
  std::vector<std::vector<Write>> stores;
  // Marks by name; no name twice.
  std::vector<std::pair<std::string_view, std::string_view>> marks;
};

// Walks a store in ascending order of keys, over the state at its making.
class Iterator {
 public:
  virtual ~Iterator() = default;
  // True while it stands on an entry.
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  // Views that are good until the next move.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Not OK where the walk ended for an error.
  virtual absl::Status status() const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // True and the value where the key is there, false where it is not.
  virtual absl::StatusOr<bool> Get(StoreIndex store, std::string_view key,
                                   std::string* value) const = 0;
  virtual absl::StatusOr<bool> GetMark(std::string_view name, std::string* value) const = 0;

  // Stands on the first key that is not less than `from`.
  virtual std::unique_ptr<Iterator> Iterate(StoreIndex store, std::string_view from) const = 0;

  virtual absl::Status Apply(const Batch& batch) = 0;
  virtual absl::Status Flush() = 0;
};

// Opens, makes and removes backends: one for each state partition, by name.
class BackendFactory {
 public:
  virtual ~BackendFactory() = default;

  // Opens the backend of this name, made empty where there is none. `stores` names the
  // stores in order; one that is new is added empty, one that is there and not named
  // is an error. Only one open backend a name at a time.
  virtual absl::StatusOr<std::unique_ptr<Backend>> Open(const std::string& name,
                                                        const std::vector<std::string>& stores) = 0;

  virtual absl::StatusOr<bool> Exists(const std::string& name) const = 0;

  // Puts the backend `from` in the place of `to`, whose content is lost. Neither is open.
  // Atomic: a crash leaves `to` as one or the other.
  virtual absl::Status Replace(const std::string& from, const std::string& to) = 0;

  // Removes the backend of this name, which is not open. OK where there is none.
  virtual absl::Status Remove(const std::string& name) = 0;
};

}  // namespace state
