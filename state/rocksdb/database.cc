#include "state/rocksdb/database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/iterator.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace state {
namespace {

class DbIterator final : public Iterator {
 public:
  DbIterator(rocksdb::Iterator* iterator, std::string path, std::string_view from)
      : iterator_(iterator), path_(std::move(path)) {
    iterator_->Seek(ToSlice(from));
  }
  bool Valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  absl::Status status() const override { return ToStatus(iterator_->status(), "read", path_); }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
  std::string path_;
};

absl::Status NoSuchStore(StoreIndex store, const std::string& path) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, " was opened without a store number ", store.value()));
}

}  // namespace

const std::string& MarksFamily() { return rocksdb::kDefaultColumnFamilyName; }

absl::Status Damaged(const std::string& path, std::string_view why) {
  return absl::DataLossError(
      absl::StrCat("the store in ", path, " is damaged: ", std::string(why),
                   ". It can be removed, or kept beside by --rebuild; it is then restored from ",
                   "the changelogs"));
}

absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing,
                      const std::string& path) {
  if (status.ok()) return absl::OkStatus();
  // A file that is gone is a damage like a file that is wrong.
  if (status.IsCorruption() || status.IsPathNotFound()) return Damaged(path, status.ToString());
  const std::string message =
      absl::StrCat("cannot ", std::string(doing), " the store in ", path, ": ", status.ToString());
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(absl::StrCat(message, ". Make room on that disk"));
  }
  if (status.IsInvalidArgument()) return absl::InvalidArgumentError(message);
  return absl::InternalError(absl::StrCat(message, ". Check the disk and the permissions"));
}

absl::Status ToOpenStatus(const rocksdb::Status& status, const std::string& path) {
  if (status.IsIOError() && absl::StrContains(status.ToString(), "/LOCK: ")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store in ", path, " is open already, here or in another process (",
                     status.ToString(), ")"));
  }
  if (status.ok() || status.IsIOError() || status.IsNoSpace()) {
    return ToStatus(status, "open", path);
  }
  return Damaged(path, status.ToString());
}

absl::Status CheckFamilies(const std::string& path, const std::vector<std::string>& found,
                           const std::vector<std::string>& stores) {
  std::vector<std::string> unknown;
  for (const std::string& name : found) {
    if (name != MarksFamily() && std::find(stores.begin(), stores.end(), name) == stores.end()) {
      unknown.push_back(name);
    }
  }
  if (unknown.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, " holds stores that this program does not know: ", absl::StrJoin(unknown, ", "),
      " (it knows ", absl::StrJoin(stores, ", "), "). Use the program that wrote them"));
}

rocksdb::ColumnFamilyOptions FamilyOptions() {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Measured with 80-byte records: a third smaller than without, 0.1 us more a record;
  // zstd is another 13 % smaller for 0.6 us.
  const std::vector<rocksdb::CompressionType> known = rocksdb::GetSupportedCompressions();
  family.compression =
      std::find(known.begin(), known.end(), rocksdb::kLZ4Compression) != known.end()
          ? rocksdb::kLZ4Compression
          : rocksdb::kNoCompression;
  return family;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors(
    const std::vector<std::string>& stores, const rocksdb::ColumnFamilyOptions& options) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(MarksFamily(), options);
  for (const std::string& store : stores) descriptors.emplace_back(store, options);
  return descriptors;
}

Database::Database(std::string path, rocksdb::DB* db,
                   std::vector<rocksdb::ColumnFamilyHandle*> families)
    : path_(std::move(path)), db_(db), families_(std::move(families)) {}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
  }
}

absl::StatusOr<bool> Database::Get(StoreIndex store, std::string_view key,
                                   std::string* value) const {
  if (store.value() >= stores()) return NoSuchStore(store, path_);
  return Find(this->store(store.value()), key, value);
}

absl::StatusOr<bool> Database::GetMark(std::string_view name, std::string* value) const {
  return Find(marks(), name, value);
}

std::unique_ptr<Iterator> Database::Iterate(StoreIndex store, std::string_view from) const {
  rocksdb::Iterator* iterator = nullptr;
  if (store.value() >= stores()) {
    iterator = rocksdb::NewErrorIterator(rocksdb::Status::InvalidArgument("no such store"));
  } else if (rocksdb::ColumnFamilyHandle* family = this->store(store.value())) {
    iterator = db_->NewIterator(rocksdb::ReadOptions(), family);
  } else {
    iterator = rocksdb::NewEmptyIterator();
  }
  return std::make_unique<DbIterator>(iterator, path_, from);
}

absl::StatusOr<bool> Database::Find(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                    std::string* value) const {
  if (family == nullptr) return false;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family, ToSlice(key), value);
  if (status.IsNotFound()) return false;
  RETURN_IF_ERROR(ToStatus(status, "read", path_));
  return true;
}

}  // namespace state
