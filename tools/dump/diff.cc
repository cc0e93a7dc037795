#include "tools/dump/diff.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/dump/entries.h"
#include "tools/dump/shown.h"

namespace dump {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

class Diff {
 public:
  Diff(const Side& first, const Side& second, const Options& options, Output* output)
      : first_(first), second_(second), options_(options), output_(output) {}

  void Compare(size_t index, const std::string& store) {
    const Entries a = Read(first_, index, store);
    const Entries b = Read(second_, index, store);
    auto in_a = a.begin();
    auto in_b = b.begin();
    while (in_a != a.end() || in_b != b.end()) {
      if (in_b == b.end() || (in_a != a.end() && in_a->first < in_b->first)) {
        Differs(store, in_a->first, &in_a->second, nullptr);
        ++in_a;
      } else if (in_a == a.end() || in_b->first < in_a->first) {
        Differs(store, in_b->first, nullptr, &in_b->second);
        ++in_b;
      } else {
        if (in_a->second != in_b->second) {
          Differs(store, in_a->first, &in_a->second, &in_b->second);
        } else {
          ++equal_;
        }
        ++in_a;
        ++in_b;
      }
    }
  }

  DiffResult Finish() {
    if (options_.json) {
      output_->Line(absl::StrCat("{\"compared\":{\"first\":", JsonText(first_.name),
                                 ",\"second\":", JsonText(second_.name), ",\"equal\":", equal_,
                                 ",\"differ\":", differ_, "}}"));
    } else {
      output_->Line(absl::StrCat(equal_, " objects are equal, ", differ_, " differ"));
    }
    if (unread_) return DiffResult::kUnread;
    const std::string not_there = options_.filter.NonePasses();
    if (equal_ + differ_ == 0 && !not_there.empty()) {
      Complain(not_there);
      return DiffResult::kNotThere;
    }
    return differ_ == 0 ? DiffResult::kEqual : DiffResult::kDiffer;
  }

 private:
  Entries Read(const Side& side, size_t index, const std::string& store) {
    Entries entries;
    const absl::Status read = ForEach(
        side.sources, index, store, options_.filter,
        [&](std::string_view key, std::string_view value) { entries.emplace_back(key, value); });
    if (!read.ok()) {
      unread_ = true;
      Complain(absl::StrCat(side.name, ": store ", store, ": ", read.message()));
    }
    return entries;
  }

  void Differs(const std::string& store, const std::string& key, const std::string* first,
               const std::string* second) {
    output_->set_status(1);
    ++differ_;
    const char* kind = first == nullptr    ? "only-in-second"
                       : second == nullptr ? "only-in-first"
                                           : "changed";
    if (!options_.json) {
      output_->Line(ObjectName(store, key), output_->style().heading);
      if (first != nullptr) {
        output_->Line("- " + ValueText(store, key, *first), output_->style().bad);
      }
      if (second != nullptr) {
        output_->Line("+ " + ValueText(store, key, *second), output_->style().good);
      }
      return;
    }
    std::string line = absl::StrCat("{\"diff\":\"", kind, "\",\"store\":", JsonText(store),
                                    ",\"object\":", JsonText(ObjectName(store, key)));
    if (first != nullptr) absl::StrAppend(&line, ",\"first\":", ValueJson(store, key, *first));
    if (second != nullptr) absl::StrAppend(&line, ",\"second\":", ValueJson(store, key, *second));
    output_->Line(line + "}");
  }

  const Side& first_;
  const Side& second_;
  const Options& options_;
  Output* output_;
  size_t equal_ = 0;
  size_t differ_ = 0;
  bool unread_ = false;
};

}  // namespace

DiffResult PrintDiff(const std::vector<std::string>& stores, const Side& first, const Side& second,
                     const Options& options, Output* output) {
  if (!options.json) {
    output->Line("- " + first.name, output->style().bad);
    output->Line("+ " + second.name, output->style().good);
  }
  Diff diff(first, second, options, output);
  for (size_t i = 0; i < stores.size(); ++i) {
    if (options.filter.store.empty() || options.filter.store == stores[i]) {
      diff.Compare(i, stores[i]);
    }
  }
  return diff.Finish();
}

}  // namespace dump
