"""Says in words what a record means."""

import json
import struct

# By topic and type. `who` is the character that the record is about.
SENTENCES = {
    "status": {
        "CREATED": "{who} is created",
        "LOGIN": "{who} is online: channel {channelId}, map {mapId}",
        "LOGOUT": "{who} is offline",
        "LEVEL_CHANGED": "{who} reaches level {current}",
        "JOB_CHANGED": "{who} takes job {jobId}",
        "CHANNEL_CHANGED": "{who} goes to channel {channelId}",
        "MAP_CHANGED": "{who} goes to map {targetMapId}",
        "NAME_CHANGED": "{who} is now called {newName}",
        "EXPERIENCE_CHANGED": "{who} gains {amount} experience",
        "DELETED": "{who} is deleted",
    },
    "commands": {
        "CREATE": "{who} wants a party",
        "JOIN": "{who} wants to join party {partyId}",
        "LEAVE": "{who} wants to leave party {partyId}",
        "LEAVE force": "{who} wants {character} out of party {partyId}",
        "CHANGE_LEADER": "{who} wants {leader} to lead party {partyId}",
        "REQUEST_INVITE": "{who} wants {character} invited",
    },
    "invite-status": {
        "ACCEPTED": "{target} accepts a {inviteType} invite to {referenceId}",
    },
    "party": {
        "CREATED": "{who} has founded party {partyId}",
        "JOINED": "{who} has joined party {partyId}",
        "LEFT": "{who} has left party {partyId}",
        "EXPEL": "{who} has expelled {character} from party {partyId}",
        "DISBAND": "party {partyId} is no more; members were {members}",
        "CHANGE_LEADER": "{character} leads party {partyId}",
        "ERROR": "to {who}: {error}",
    },
    "member": {
        "LOGIN": "party {partyId}: {who} is online",
        "LOGOUT": "party {partyId}: {who} is offline",
        "LEVEL_CHANGED": "party {partyId}: {who} level {oldLevel} -> {newLevel}",
        "JOB_CHANGED": "party {partyId}: {who} job {oldJobId} -> {newJobId}",
        "NAME_CHANGED": "party {partyId}: {oldName} is now {newName}",
    },
    "invites": {
        "CREATE": "{target} is invited to party {referenceId} by {originator}",
    },
}


def header(record, name):
    return dict(record.headers).get(name) or b""


def tenant_label(record):
    """As a person calls it: region and version."""
    versions = (header(record, f"{part}_VERSION") for part in ("MAJOR", "MINOR"))
    return header(record, "REGION").decode(errors="replace") + " " + ".".join(
        str(struct.unpack(">H", v)[0]) if len(v) == 2 else "?" for v in versions)


class Words:
    def __init__(self):
        self.names = {}  # by tenant and id, as the traffic tells them

    def of(self, topic, record):
        """A record's type and what it says."""
        try:
            message = json.loads(record.value)
            kind = message["type"]
            if topic == "dead":
                return self._dead_letter(record)
            return kind, self._sentence(topic, record, message, kind)
        except (ValueError, KeyError, TypeError, AttributeError):
            raw = "(no value)" if record.value is None else record.value.decode(errors="replace")
            return "?", raw

    def _sentence(self, topic, record, message, kind):
        tenant = header(record, "TENANT_ID")
        body = message["body"]
        fields = {**body, **message}
        if topic == "status" and "name" in body:
            self.names[tenant, message["characterId"]] = body["name"]

        def name(field):
            return self._name(tenant, fields[field])

        for word, field in (("character", "characterId"), ("leader", "leaderId"),
                            ("target", "targetId"), ("originator", "originatorId")):
            if field in fields:
                fields[word] = name(field)
        fields["who"] = name("actorId" if "actorId" in fields else
                             "characterId" if "characterId" in fields else "targetId")
        if "members" in body:
            fields["members"] = ", ".join(self._name(tenant, one) for one in body["members"])
        if kind == "ERROR":
            about = body["characterName"]
            fields["error"] = body["type"] + (f" ({about})" if about else "")
        key = "LEAVE force" if topic == "commands" and body.get("force") else kind
        sentence = SENTENCES[topic].get(key)
        return sentence.format(**fields) if sentence else record.value.decode()

    def _name(self, tenant, character):
        if character == 0:
            return "the system"
        return f"{self.names.get((tenant, character), 'unknown')} ({character})"

    @staticmethod
    def _dead_letter(record):
        code = header(record, "__streams.errors.exception").decode(errors="replace")
        return code, header(record, "__streams.errors.message").decode(errors="replace")


def show_bytes(data):
    if data is None:
        return "(null)"
    if all(0x20 <= byte < 0x7f for byte in data):
        return data.decode()
    return "0x" + data.hex()
