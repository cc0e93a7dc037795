// A JSON object's fields as the wire contract knows them: those of the object itself and
// those of its `body`. The whole value is checked, also what is in fields nobody reads.
//
// Not thread-safe; used again and again, it keeps its memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "serde/fault.h"

namespace serde {

enum class Kind : uint8_t { kAbsent, kNull, kFalse, kTrue, kNumber, kString, kObject, kArray };

struct Field {
  Kind kind = Kind::kAbsent;
  std::string_view text;  // of numbers as written, of strings unescaped

  // Null for an optional field is absent.
  bool present() const { return kind != Kind::kAbsent && kind != Kind::kNull; }
};

enum class FieldName : uint8_t {
  kActorId,
  kType,
  kBody,
  kTransactionId,
  kWorldId,
  kCharacterId,
  kInviteType,
  kReferenceId,
  kBodyPartyId,
  kBodyForce,
  kBodyCharacterId,
  kBodyLeaderId,
  kBodyChannelId,
  kBodyMapId,
  kBodyInstance,
  kBodyTargetMapId,
  kBodyTargetInstance,
  kBodyCurrent,
  kBodyJobId,
  kBodyName,
  kBodyNewName,
  kBodyNewGm,
  kBodyOriginatorId,
  kBodyTargetId,
  kCount
};

inline constexpr size_t kAnyLength = std::string_view::npos;

class JsonFields {
 public:
  // Parses one JSON object; a fault says what is wrong and where, and leaves the fields with
  // no particular content. They are good until the next Parse. Of two equal ones the last
  // counts, with all that it holds.
  std::optional<Fault> Parse(std::string_view json);

  const Field& operator[](FieldName name) const { return fields_[static_cast<size_t>(name)]; }

  // Readers of a field: on a fault they return false and say in `fault`.
  bool Unsigned(FieldName name, uint64_t most, uint64_t* value, std::optional<Fault>* fault) const;
  bool Bool(FieldName name, bool* value, std::optional<Fault>* fault) const;
  // A string of at most so many bytes.
  bool Text(FieldName name, size_t most, std::string_view* value,
            std::optional<Fault>* fault) const;
  bool Uuid(FieldName name, base::Uuid* value, std::optional<Fault>* fault) const;
  bool Object(FieldName name, std::optional<Fault>* fault) const;
  bool Present(FieldName name, std::optional<Fault>* fault) const;

 private:
  Field* Find(std::string_view name, bool in_body);
  void ForgetBody();

  std::array<Field, static_cast<size_t>(FieldName::kCount)> fields_;
  std::string scratch_;
};

}  // namespace serde
