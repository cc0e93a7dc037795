#include "serde/message_codec.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/envelope.h"
#include "serde/value_reader.h"

namespace serde {
namespace {

using base::AppendLittleEndian;

constexpr uint8_t kVersion = 1;
constexpr size_t kLongestName = 255;

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

model::Location ReadLocation(ValueReader* reader) {
  const auto map = reader->ReadId<model::MapId>("map");
  return {map, reader->Uuid("instance")};
}
std::optional<model::Location> ReadOptionalLocation(ValueReader* reader) {
  if (!reader->Bool("location's presence")) return std::nullopt;
  return ReadLocation(reader);
}

void ReadCommand(Type type, ValueReader* reader, model::Command* command) {
  command->actor = reader->ReadId<model::CharacterId>("actor");
  if (type == Type::kCreate) {
    command->body = model::CreateParty{};
  } else if (type == Type::kJoin) {
    command->body = model::JoinParty{reader->ReadId<model::PartyId>("party")};
  } else if (type == Type::kLeave) {
    const auto party = reader->ReadId<model::PartyId>("party");
    const bool force = reader->Bool("force");
    command->body = model::LeaveParty{party, force, reader->ReadId<model::CharacterId>("target")};
  } else if (type == Type::kChangeLeader) {
    const auto party = reader->ReadId<model::PartyId>("party");
    command->body = model::ChangeLeader{party, reader->ReadId<model::CharacterId>("leader")};
  } else {
    command->body = model::RequestInvite{reader->ReadId<model::CharacterId>("target")};
  }
}

void ReadStatusEvent(Type type, ValueReader* reader, model::StatusEvent* event) {
  event->character = reader->ReadId<model::CharacterId>("character");
  event->world = reader->ReadId<model::WorldId>("world");
  if (type == Type::kLogin) {
    const auto channel = reader->ReadId<model::ChannelId>("channel");
    event->body = model::LoggedIn{channel, ReadOptionalLocation(reader)};
  } else if (type == Type::kLogout) {
    event->body = model::LoggedOut{};
  } else if (type == Type::kMoved) {
    const auto channel = reader->ReadId<model::ChannelId>("channel");
    event->body = model::Moved{channel, ReadLocation(reader)};
  } else if (type == Type::kLevelChanged) {
    event->body = model::LevelChanged{reader->ReadId<model::Level>("level")};
  } else if (type == Type::kJobChanged) {
    event->body = model::JobChanged{reader->ReadId<model::JobId>("job")};
  } else if (type == Type::kDeleted) {
    event->body = model::Deleted{};
  } else if (type == Type::kCreated) {
    const auto location = ReadOptionalLocation(reader);
    event->body = model::Created{std::string(reader->Text(kLongestName, "name")), location};
  } else if (type == Type::kNameChanged) {
    event->body = model::NameChanged{std::string(reader->Text(kLongestName, "name"))};
  } else {
    event->body = model::GmChanged{reader->Bool("gm")};
  }
}

void ReadInvite(ValueReader* reader, model::InviteAccepted* invite) {
  invite->party = reader->ReadId<model::PartyId>("party");
  invite->originator = reader->ReadId<model::CharacterId>("originator");
  invite->target = reader->ReadId<model::CharacterId>("target");
  invite->world = reader->ReadId<model::WorldId>("world");
}

void ReadOrigin(ValueReader* reader, Origin* origin) {
  const auto input = reader->Number<uint8_t>("input");
  if (input > static_cast<uint8_t>(InputTopic::kPartyCommand)) {
    return reader->Fail(absl::StrCat("of no known input: ", input));
  }
  origin->input = static_cast<InputTopic>(input);
  origin->partition = reader->ReadId<base::Partition>("partition");
  origin->offset = reader->ReadId<base::Offset>("offset");
}

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
  ValueReader reader("a repartition message", kVersion, bytes);
  ReadOrigin(&reader, origin);
  message->tenant.uuid = reader.Uuid("tenant");
  message->transaction.reset();
  if (reader.Bool("transaction's presence")) {
    message->transaction = reader.Uuid("transaction");
    if (message->transaction->is_nil()) reader.Fail("transaction is the nil UUID");
  }
  const auto number = reader.Number<uint8_t>("type");
  if (number >= 1 && number <= 5) {
    ReadCommand(Type{number}, &reader, &message->body.emplace<model::Command>());
  } else if (number >= 16 && number <= 24) {
    ReadStatusEvent(Type{number}, &reader, &message->body.emplace<model::StatusEvent>());
  } else if (Type{number} == Type::kInviteAccepted) {
    ReadInvite(&reader, &message->body.emplace<model::InviteAccepted>());
  } else {
    reader.Fail(absl::StrCat("unknown type ", number));
  }
  return reader.Finish();
}

}  // namespace serde
