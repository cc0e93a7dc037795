// Reads the fields of a stored value one after the other. The first fault is kept, says
// which field and where, and all reads after it give nothing.
//
// Not thread-safe. Allocates only for a fault.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/envelope.h"
#include "base/uuid.h"

namespace serde {

class ValueReader {
 public:
  // Takes the envelope off. `what` names the kind of value in faults and outlives this.
  ValueReader(std::string_view what, uint8_t our_version, std::string_view bytes)
      : what_(what), our_version_(our_version), size_(bytes.size()), reader_(bytes) {
    auto envelope = base::ReadEnvelope(what, our_version, &reader_);
    if (envelope.ok()) {
      envelope_ = *envelope;
    } else {
      status_ = envelope.status();
    }
  }

  bool ok() const { return status_.ok(); }
  // Of a newer version some bits and numbers may not be known.
  bool newer() const { return envelope_.version > our_version_; }

  template <std::integral T>
  T Number(std::string_view field) {
    T value = 0;
    if (ok() && !reader_.ReadLittleEndian(&value)) CutShort(field);
    return value;
  }
  template <class Id>
  Id ReadId(std::string_view field) {
    return Id(Number<typename Id::rep>(field));
  }
  bool Bool(std::string_view field) {
    const auto value = Number<uint8_t>(field);
    if (ok() && value > 1) {
      Fail(absl::StrCat(View(field), " is ", value, ", it must be 0 or 1"));
    }
    return value == 1;
  }
  base::Uuid Uuid(std::string_view field) {
    const std::string_view bytes = Bytes(16, field);
    return ok() ? *base::UuidFromBytes(bytes) : base::Uuid{};
  }
  // Its length, and its bytes.
  std::string_view Text(size_t most, std::string_view field) {
    const auto size = Number<uint16_t>(field);
    if (ok() && size > most) {
      Fail(absl::StrCat(View(field), " has ", size, " bytes, it must have ", most, " or fewer"));
    }
    return Bytes(size, field);
  }

  // The content is not what it must be. Only the first fault counts.
  void Fail(absl::string_view why) {
    if (ok()) status_ = absl::DataLossError(absl::StrCat(View(what_), ": ", why));
  }

  // OK where all was there, and nothing stands behind it that should not.
  absl::Status Finish() {
    return ok() ? base::CheckEnd(what_, envelope_, our_version_, reader_) : status_;
  }

 private:
  // Debian's absl::string_view is a type of its own.
  static absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

  std::string_view Bytes(size_t count, std::string_view field) {
    std::string_view bytes;
    if (ok() && !reader_.ReadBytes(count, &bytes)) CutShort(field);
    return bytes;
  }
  void CutShort(std::string_view field) {
    Fail(absl::StrCat("cut short in ", View(field), ", at byte ", size_ - reader_.rest().size(),
                      " of ", size_));
  }

  std::string_view what_;
  uint8_t our_version_;
  size_t size_;
  base::Reader reader_;
  base::Envelope envelope_;
  absl::Status status_;
};

}  // namespace serde
