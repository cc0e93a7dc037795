#include "tests/sim/workload.h"

#include "absl/strings/str_cat.h"

namespace simulation {
namespace {

constexpr uint64_t kCharacters = 14;
constexpr uint64_t kParties = 8;

}  // namespace

topology::Topics OuterTopics() {
  return {.character_status = "status",
          .invite_status = "invite-status",
          .party_commands = "commands",
          .party_status = "party",
          .member_status = "member",
          .invites = "invites",
          .dead_letters = "dead"};
}

std::string Workload::Party() {
  return absl::StrCat(model::kFirstPartyId.value() + random_.Below(kParties));
}
std::string Workload::Who() { return absl::StrCat(random_.Between(1, kCharacters)); }

std::string Workload::Command() {
  const std::string actor = absl::StrCat(R"({"actorId":)", random_.Chance(0.05) ? "0" : Who());
  switch (random_.Below(10)) {
    case 0:
    case 1:
      return absl::StrCat(actor, R"(,"type":"CREATE","body":{}})");
    case 2:
    case 3:
    case 4:
      return absl::StrCat(actor, R"(,"type":"JOIN","body":{"partyId":)", Party(), "}}");
    case 5:
      return absl::StrCat(actor, R"(,"type":"LEAVE","body":{"partyId":)", Party(),
                          R"(,"force":false}})");
    case 6:
      return absl::StrCat(actor, R"(,"type":"LEAVE","body":{"partyId":)", Party(),
                          R"(,"force":true,"characterId":)", Who(), "}}");
    case 7:
      return absl::StrCat(actor, R"(,"type":"CHANGE_LEADER","body":{"partyId":)", Party(),
                          R"(,"leaderId":)", Who(), "}}");
    case 8:
      return absl::StrCat(actor, R"(,"type":"REQUEST_INVITE","body":{"characterId":)", Who(), "}}");
    default:
      return absl::StrCat(actor, R"(,"type":"NO_SUCH_COMMAND","body":{}})");
  }
}

std::string Workload::Status() {
  const std::string head = absl::StrCat(R"({"worldId":0,"characterId":)", Who(), R"(,"type":")");
  switch (random_.Below(10)) {
    case 0:
    case 1:
    case 2:
      return absl::StrCat(head, R"(LOGIN","body":{"channelId":)", random_.Below(3), R"(,"mapId":)",
                          random_.Below(3), "}}");
    case 3:
      return absl::StrCat(head, R"(LOGOUT","body":{"channelId":1,"mapId":1}})");
    case 4:
    case 5:
      return absl::StrCat(head, R"(LEVEL_CHANGED","body":{"current":)", random_.Between(1, 200),
                          "}}");
    case 6:
    case 7:
      return absl::StrCat(head, R"(DELETED","body":{}})");
    case 8:
      return absl::StrCat(head, R"(EXPERIENCE_CHANGED","body":{"amount":7}})");
    default:
      return absl::StrCat(head, R"(JOB_CHANGED","body":{"jobId":)", 100 * random_.Between(0, 3),
                          "}}");
  }
}

std::string Workload::Invite() {
  return absl::StrCat(R"({"worldId":0,"inviteType":"PARTY","referenceId":)", Party(),
                      R"(,"type":"ACCEPTED","body":{"originatorId":)", Who(), R"(,"targetId":)",
                      Who(), "}}");
}

Input Workload::Next(base::Timestamp timestamp) {
  Input input;
  input.record.timestamp = timestamp;
  input.record.headers = {
      {"TENANT_ID", random_.Chance(0.8) ? "083839c6-c47c-42a6-9585-76492795d123"
                                        : "083839c6-c47c-42a6-9585-76492795d124"},
      {"MAJOR_VERSION", std::string("\0\x53", 2)},
      {"traceparent", absl::StrCat("trace-", random_.Below(1000))}};
  const topology::Topics topics = OuterTopics();
  const uint64_t kind = random_.Below(100);
  if (kind < 45) {
    input.topic = topics.party_commands;
    input.record.value = Command();
  } else if (kind < 90) {
    input.topic = topics.character_status;
    input.record.value = Status();
  } else {
    input.topic = topics.invite_status;
    input.record.value = Invite();
  }
  if (random_.Chance(0.03)) input.record.value = "no JSON";
  if (random_.Chance(0.01)) input.record.value.reset();
  return input;
}

}  // namespace simulation
