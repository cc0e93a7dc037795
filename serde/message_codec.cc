#include "serde/message_codec.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/envelope.h"
#include "base/status.h"

namespace serde {
namespace {

using base::AppendLittleEndian;

constexpr uint8_t kVersion = 1;
constexpr std::string_view kWhat = "a repartition message";

// The numbers of the types are part of the format.
enum class Type : uint8_t {
  kCreate = 1,
  kJoin = 2,
  kLeave = 3,
  kChangeLeader = 4,
  kRequestInvite = 5,
  kLogin = 16,
  kLogout = 17,
  kMoved = 18,
  kLevelChanged = 19,
  kJobChanged = 20,
  kDeleted = 21,
  kCreated = 22,
  kNameChanged = 23,
  kGmChanged = 24,
  kInviteAccepted = 32,
};

void AppendUuid(const base::Uuid& uuid, std::string* out) {
  out->append(uuid.bytes.begin(), uuid.bytes.end());
}
template <class Tag, class Rep>
void AppendId(base::StrongId<Tag, Rep> id, std::string* out) {
  AppendLittleEndian(id.value(), out);
}
void AppendBool(bool value, std::string* out) {
  AppendLittleEndian(static_cast<uint8_t>(value), out);
}
void AppendLocation(const model::Location& location, std::string* out) {
  AppendId(location.map, out);
  AppendUuid(location.instance, out);
}
void AppendOptionalLocation(const std::optional<model::Location>& location, std::string* out) {
  AppendBool(location.has_value(), out);
  if (location.has_value()) AppendLocation(*location, out);
}
void AppendName(const std::string& name, std::string* out) {
  AppendLittleEndian(static_cast<uint16_t>(name.size()), out);
  out->append(name);
}

// Writes the type, then what all of its kind have, then the body.
struct Encoder {
  std::string* out;

  void Start(Type type) { AppendLittleEndian(static_cast<uint8_t>(type), out); }

  void operator()(const model::Command& command) {
    struct Body {
      Encoder& encoder;
      model::CharacterId actor;
      void Head(Type type) {
        encoder.Start(type);
        AppendId(actor, encoder.out);
      }
      void operator()(const model::CreateParty&) { Head(Type::kCreate); }
      void operator()(const model::JoinParty& body) {
        Head(Type::kJoin);
        AppendId(body.party, encoder.out);
      }
      void operator()(const model::LeaveParty& body) {
        Head(Type::kLeave);
        AppendId(body.party, encoder.out);
        AppendBool(body.force, encoder.out);
        AppendId(body.target, encoder.out);
      }
      void operator()(const model::ChangeLeader& body) {
        Head(Type::kChangeLeader);
        AppendId(body.party, encoder.out);
        AppendId(body.leader, encoder.out);
      }
      void operator()(const model::RequestInvite& body) {
        Head(Type::kRequestInvite);
        AppendId(body.target, encoder.out);
      }
    };
    std::visit(Body{*this, command.actor}, command.body);
  }

  void operator()(const model::StatusEvent& event) {
    struct Body {
      Encoder& encoder;
      const model::StatusEvent& event;
      void Head(Type type) {
        encoder.Start(type);
        AppendId(event.character, encoder.out);
        AppendId(event.world, encoder.out);
      }
      void operator()(const model::LoggedIn& body) {
        Head(Type::kLogin);
        AppendId(body.channel, encoder.out);
        AppendOptionalLocation(body.location, encoder.out);
      }
      void operator()(const model::LoggedOut&) { Head(Type::kLogout); }
      void operator()(const model::Moved& body) {
        Head(Type::kMoved);
        AppendId(body.channel, encoder.out);
        AppendLocation(body.location, encoder.out);
      }
      void operator()(const model::LevelChanged& body) {
        Head(Type::kLevelChanged);
        AppendId(body.level, encoder.out);
      }
      void operator()(const model::JobChanged& body) {
        Head(Type::kJobChanged);
        AppendId(body.job, encoder.out);
      }
      void operator()(const model::Deleted&) { Head(Type::kDeleted); }
      void operator()(const model::Created& body) {
        Head(Type::kCreated);
        AppendOptionalLocation(body.location, encoder.out);
        AppendName(body.name, encoder.out);
      }
      void operator()(const model::NameChanged& body) {
        Head(Type::kNameChanged);
        AppendName(body.name, encoder.out);
      }
      void operator()(const model::GmChanged& body) {
        Head(Type::kGmChanged);
        AppendBool(body.gm, encoder.out);
      }
    };
    std::visit(Body{*this, event}, event.body);
  }

  void operator()(const model::InviteAccepted& invite) {
    Start(Type::kInviteAccepted);
    AppendId(invite.party, out);
    AppendId(invite.originator, out);
    AppendId(invite.target, out);
    AppendId(invite.world, out);
  }
};

// Reads what the encoder wrote; `whole` turns false where bytes are missing.
struct Decoder {
  base::Reader reader;
  bool whole = true;

  template <class Id>
  Id ReadId() {
    typename Id::rep value = 0;
    whole = whole && reader.ReadLittleEndian(&value);
    return Id(value);
  }
  bool ReadBool() {
    uint8_t value = 0;
    whole = whole && reader.ReadLittleEndian(&value);
    return value != 0;
  }
  base::Uuid ReadUuid() {
    std::string_view bytes;
    whole = whole && reader.ReadBytes(16, &bytes);
    return whole ? *base::UuidFromBytes(bytes) : base::Uuid{};
  }
  model::Location ReadLocation() {
    const auto map = ReadId<model::MapId>();
    return {map, ReadUuid()};
  }
  std::optional<model::Location> ReadOptionalLocation() {
    if (!ReadBool()) return std::nullopt;
    return ReadLocation();
  }
  std::string ReadName() {
    uint16_t size = 0;
    std::string_view bytes;
    whole = whole && reader.ReadLittleEndian(&size) && reader.ReadBytes(size, &bytes);
    return std::string(bytes);
  }

  void ReadCommand(Type type, model::Command* command) {
    command->actor = ReadId<model::CharacterId>();
    if (type == Type::kCreate) {
      command->body = model::CreateParty{};
    } else if (type == Type::kJoin) {
      command->body = model::JoinParty{ReadId<model::PartyId>()};
    } else if (type == Type::kLeave) {
      const auto party = ReadId<model::PartyId>();
      const bool force = ReadBool();
      command->body = model::LeaveParty{party, force, ReadId<model::CharacterId>()};
    } else if (type == Type::kChangeLeader) {
      const auto party = ReadId<model::PartyId>();
      command->body = model::ChangeLeader{party, ReadId<model::CharacterId>()};
    } else {
      command->body = model::RequestInvite{ReadId<model::CharacterId>()};
    }
  }

  void ReadStatusEvent(Type type, model::StatusEvent* event) {
    event->character = ReadId<model::CharacterId>();
    event->world = ReadId<model::WorldId>();
    if (type == Type::kLogin) {
      const auto channel = ReadId<model::ChannelId>();
      event->body = model::LoggedIn{channel, ReadOptionalLocation()};
    } else if (type == Type::kLogout) {
      event->body = model::LoggedOut{};
    } else if (type == Type::kMoved) {
      const auto channel = ReadId<model::ChannelId>();
      event->body = model::Moved{channel, ReadLocation()};
    } else if (type == Type::kLevelChanged) {
      event->body = model::LevelChanged{ReadId<model::Level>()};
    } else if (type == Type::kJobChanged) {
      event->body = model::JobChanged{ReadId<model::JobId>()};
    } else if (type == Type::kDeleted) {
      event->body = model::Deleted{};
    } else if (type == Type::kCreated) {
      const auto location = ReadOptionalLocation();
      event->body = model::Created{ReadName(), location};
    } else if (type == Type::kNameChanged) {
      event->body = model::NameChanged{ReadName()};
    } else {
      event->body = model::GmChanged{ReadBool()};
    }
  }
};

}  // namespace

void EncodeMessage(const Origin& origin, const model::Message& message, std::string* out) {
  base::AppendEnvelope({.version = kVersion, .oldest_reader = 1}, out);
  AppendLittleEndian(static_cast<uint8_t>(origin.input), out);
  AppendId(origin.partition, out);
  AppendId(origin.offset, out);
  AppendUuid(message.tenant.uuid, out);
  AppendBool(message.transaction.has_value(), out);
  if (message.transaction.has_value()) AppendUuid(*message.transaction, out);
  std::visit(Encoder{out}, message.body);
}

absl::Status DecodeMessage(std::string_view bytes, Origin* origin, model::Message* message) {
  Decoder decoder{base::Reader(bytes)};
  ASSIGN_OR_RETURN(const base::Envelope envelope,
                   base::ReadEnvelope(kWhat, kVersion, &decoder.reader));
  uint8_t input = 0;
  uint8_t number = 0;
  decoder.whole = decoder.reader.ReadLittleEndian(&input);
  origin->partition = decoder.ReadId<base::Partition>();
  origin->offset = decoder.ReadId<base::Offset>();
  message->tenant.uuid = decoder.ReadUuid();
  message->transaction.reset();
  if (decoder.ReadBool()) message->transaction = decoder.ReadUuid();
  decoder.whole = decoder.whole && decoder.reader.ReadLittleEndian(&number);
  if (!decoder.whole) return absl::DataLossError("a repartition message is cut short");
  if (input > static_cast<uint8_t>(InputTopic::kPartyCommand)) {
    return absl::DataLossError(absl::StrCat("a repartition message is of no known input: ", input));
  }
  origin->input = static_cast<InputTopic>(input);
  if (number >= 1 && number <= 5) {
    decoder.ReadCommand(static_cast<Type>(number), &message->body.emplace<model::Command>());
  } else if (number >= 16 && number <= 24) {
    decoder.ReadStatusEvent(static_cast<Type>(number),
                            &message->body.emplace<model::StatusEvent>());
  } else if (number == static_cast<uint8_t>(Type::kInviteAccepted)) {
    auto& invite = message->body.emplace<model::InviteAccepted>();
    invite.party = decoder.ReadId<model::PartyId>();
    invite.originator = decoder.ReadId<model::CharacterId>();
    invite.target = decoder.ReadId<model::CharacterId>();
    invite.world = decoder.ReadId<model::WorldId>();
  } else {
    return absl::DataLossError(absl::StrCat("a repartition message has unknown type ", number));
  }
  if (!decoder.whole) return absl::DataLossError("a repartition message is cut short");
  return base::CheckEnd(kWhat, envelope, kVersion, decoder.reader);
}

}  // namespace serde
