#include "serde/wire_encoder.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/bytes.h"

namespace serde {
namespace {

constexpr std::string_view kInviteType = "CREATE";

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// The fields of one JSON object, in the order of the calls.
class ObjectWriter {
 public:
  explicit ObjectWriter(Writer* writer) : writer_(writer) { writer_->StartObject(); }
  ~ObjectWriter() { writer_->EndObject(); }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  void Name(std::string_view name) {
    writer_->Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }
  template <class Tag, class Rep>
  void Field(std::string_view name, base::StrongId<Tag, Rep> id) {
    Name(name);
    writer_->Uint(id.value());
  }
  void Field(std::string_view name, bool value) {
    Name(name);
    writer_->Bool(value);
  }
  void Field(std::string_view name, std::string_view text) {
    Name(name);
    writer_->String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void Field(std::string_view name, const base::Uuid& uuid) {
    char text[36];
    base::FormatUuid(uuid, text);
    Field(name, std::string_view(text, sizeof(text)));
  }
  // A pointer would be taken for a truth value.
  void Field(std::string_view name, const char* text) { Field(name, std::string_view(text)); }

  Writer* writer() { return writer_; }

 private:
  Writer* writer_;
};

void AppendKey(uint32_t id, std::string* key) {
  base::AppendLittleEndian(id, key);
  base::AppendLittleEndian(uint32_t{0}, key);
}

struct PartyStatusBody {
  Writer* writer;

  std::string_view operator()(const model::PartyCreated&) const { return Empty("CREATED"); }
  std::string_view operator()(const model::PartyJoined&) const { return Empty("JOINED"); }
  std::string_view operator()(const model::PartyLeft&) const { return Empty("LEFT"); }
  std::string_view operator()(const model::PartyExpelled& body) const {
    if (writer != nullptr) ObjectWriter(writer).Field("characterId", body.character);
    return "EXPEL";
  }
  std::string_view operator()(const model::PartyDisbanded& body) const {
    if (writer != nullptr) {
      ObjectWriter object(writer);
      object.Name("members");
      writer->StartArray();
      for (model::CharacterId member : body.members) writer->Uint(member.value());
      writer->EndArray();
    }
    return "DISBAND";
  }
  std::string_view operator()(const model::PartyLeaderChanged& body) const {
    if (writer != nullptr) {
      ObjectWriter object(writer);
      object.Field("characterId", body.character);
      object.Field("disconnected", false);
    }
    return "CHANGE_LEADER";
  }
  std::string_view operator()(const model::PartyError& body) const {
    if (writer != nullptr) {
      ObjectWriter object(writer);
      object.Field("type", model::WireName(body.code));
      object.Field("characterName", body.character_name);
    }
    return "ERROR";
  }

 private:
  std::string_view Empty(std::string_view type) const {
    if (writer != nullptr) ObjectWriter object(writer);
    return type;
  }
};

struct MemberStatusBody {
  Writer* writer;

  std::string_view operator()(const model::MemberLoggedIn&) const { return Empty("LOGIN"); }
  std::string_view operator()(const model::MemberLoggedOut&) const { return Empty("LOGOUT"); }
  std::string_view operator()(const model::MemberLevelChanged& body) const {
    if (writer != nullptr) {
      ObjectWriter object(writer);
      object.Field("oldLevel", body.old_level);
      object.Field("newLevel", body.new_level);
      object.Field("name", body.name);
    }
    return "LEVEL_CHANGED";
  }
  std::string_view operator()(const model::MemberJobChanged& body) const {
    if (writer != nullptr) {
      ObjectWriter object(writer);
      object.Field("oldJobId", body.old_job);
      object.Field("newJobId", body.new_job);
      object.Field("name", body.name);
    }
    return "JOB_CHANGED";
  }
  std::string_view operator()(const model::MemberNameChanged& body) const {
    if (writer != nullptr) {
      ObjectWriter object(writer);
      object.Field("oldName", body.old_name);
      object.Field("newName", body.new_name);
    }
    return "NAME_CHANGED";
  }

 private:
  std::string_view Empty(std::string_view type) const {
    if (writer != nullptr) ObjectWriter object(writer);
    return type;
  }
};

// The type stands before the body: first asked for its name, then for its fields.
template <class Visitor, class Body>
void WriteTypeAndBody(const Body& body, ObjectWriter* object) {
  object->Field("type", std::visit(Visitor{nullptr}, body));
  object->Name("body");
  std::visit(Visitor{object->writer()}, body);
}

}  // namespace

std::string_view WireType(const model::PartyStatus& event) {
  return std::visit(PartyStatusBody{nullptr}, event.body);
}
std::string_view WireType(const model::MemberStatus& event) {
  return std::visit(MemberStatusBody{nullptr}, event.body);
}
std::string_view WireType(const model::InviteRequested&) { return kInviteType; }

struct WireEncoder::Buffer {
  rapidjson::StringBuffer json;
  Writer writer{json};

  Writer* Start() {
    json.Clear();
    writer.Reset(json);
    return &writer;
  }
  void AppendTo(std::string* value) { value->append(json.GetString(), json.GetSize()); }
};

WireEncoder::WireEncoder() : buffer_(std::make_unique<Buffer>()) {}
WireEncoder::~WireEncoder() = default;
WireEncoder::WireEncoder(WireEncoder&&) noexcept = default;

void WireEncoder::Encode(const model::PartyStatus& event, std::string* key, std::string* value) {
  AppendKey(event.party == model::kNoParty ? event.actor.value() : event.party.value(), key);
  {
    ObjectWriter object(buffer_->Start());
    object.Field("actorId", event.actor);
    object.Field("worldId", event.world);
    object.Field("partyId", event.party);
    WriteTypeAndBody<PartyStatusBody>(event.body, &object);
    if (event.transaction.has_value()) object.Field("transactionId", *event.transaction);
  }
  buffer_->AppendTo(value);
}

void WireEncoder::Encode(const model::MemberStatus& event, std::string* key, std::string* value) {
  AppendKey(event.party.value(), key);
  {
    ObjectWriter object(buffer_->Start());
    object.Field("worldId", event.world);
    object.Field("partyId", event.party);
    object.Field("characterId", event.character);
    WriteTypeAndBody<MemberStatusBody>(event.body, &object);
  }
  buffer_->AppendTo(value);
}

void WireEncoder::Encode(const model::InviteRequested& command, std::string* key,
                         std::string* value) {
  AppendKey(command.party.value(), key);
  {
    ObjectWriter object(buffer_->Start());
    object.Field("worldId", command.world);
    object.Field("inviteType", "PARTY");
    object.Field("type", kInviteType);
    object.Name("body");
    ObjectWriter body(object.writer());
    body.Field("originatorId", command.originator);
    body.Field("targetId", command.target);
    body.Field("referenceId", command.party);
  }
  buffer_->AppendTo(value);
}

}  // namespace serde
