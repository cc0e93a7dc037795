"""The wire contract as plainly as it can be told: dictionaries, and no thought for speed.

Written from the contract alone; it shares nothing with the worker. A record goes in, the
records that it causes come out. Where the contract leaves something open (which of two
equal JSON fields counts, what broken JSON within a skipped type is), nobody should ask.
"""

import json
import struct
import uuid
from collections import namedtuple

COMMANDS, STATUS, INVITE_STATUS = "commands", "status", "invite-status"
PARTY, MEMBER, INVITES, DEAD = "party", "member", "invites", "dead"

COPIED = ("TENANT_ID", "REGION", "MAJOR_VERSION", "MINOR_VERSION", "ENVIRONMENT",
          "traceparent", "tracestate", "baggage")
NIL = "00000000-0000-0000-0000-000000000000"
FIRST_PARTY = 1_000_000_000
BYTE, UINT16, UINT32 = 0xff, 0xffff, 0xffffffff
ANYTHING = object()  # text that the contract leaves to the worker; not empty

Record = namedtuple("Record", "topic key value headers timestamp")


class BadInput(Exception):
    pass


class Skipped(Exception):
    pass


# ------------------------------------------------------------------------- JSON

class Number(str):
    """A JSON number as it is written."""


def fail(text):
    raise BadInput(text)


def check_text(value):
    """No lone surrogates, anywhere."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for one in value:
            check_text(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            name.encode()
            check_text(one)


def parse(value):
    if value is None:
        raise BadInput("no value")
    try:
        found = json.loads(value.decode(), parse_int=Number, parse_float=Number,
                           parse_constant=fail)
        check_text(found)
    except (ValueError, RecursionError) as error:
        raise BadInput(str(error)) from error
    if not isinstance(found, dict):
        raise BadInput("no object")
    return found


def unsigned(fields, name, most):
    value = fields.get(name)
    if not isinstance(value, Number) or not value.isdigit():
        raise BadInput(name)
    if len(value) > 12 or int(value) > most:
        raise BadInput(name)
    return int(value)


def optional_unsigned(fields, name, most):
    return None if fields.get(name) is None else unsigned(fields, name, most)


def boolean(fields, name):
    if not isinstance(fields.get(name), bool):
        raise BadInput(name)
    return fields[name]


def string(fields, name):
    if type(fields.get(name)) is not str:
        raise BadInput(name)
    return fields[name]


def character_name(fields, name):
    text = string(fields, name)
    if len(text.encode()) > 255:
        raise BadInput(name)
    return text


def as_uuid(text):
    """Lower case, or None where it is none."""
    if type(text) is not str or len(text) != 36:
        return None
    if any(text[i] != "-" for i in (8, 13, 18, 23)):
        return None
    digits = text.replace("-", "")
    if len(digits) != 32 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        return None
    return str(uuid.UUID(digits))


def optional_uuid(fields, name):
    if fields.get(name) is None:
        return None
    found = as_uuid(fields[name])
    if found is None:
        raise BadInput(name)
    return found


def body_of(fields):
    if not isinstance(fields.get("body"), dict):
        raise BadInput("body")
    return fields["body"]


# ---------------------------------------------------------------------- headers

def header(headers, name):
    for one, value in headers:
        if one == name:
            return value
    return None


def tenant_of(headers):
    value = header(headers, "TENANT_ID")
    try:
        tenant = as_uuid(value.decode("ascii")) if value is not None else None
    except UnicodeDecodeError:
        tenant = None
    if tenant is None:
        raise BadInput("TENANT_ID")
    return tenant


def copied_headers(headers):
    copied = [(name, value) for name, value in headers if name in COPIED]
    if sum(len(name.encode()) + len(value or b"") for name, value in copied) > 64 * 1024:
        raise BadInput("headers")
    return copied


# ------------------------------------------------------------------------ model

class Tenant:
    def __init__(self):
        self.characters = {}  # id: what is known; "party" where it is in one
        self.parties = {}  # id: {"leader": id, "members": [ids]}
        self.next_party = FIRST_PARTY

    def party_of(self, character):
        return self.characters.get(character, {}).get("party")


class Model:
    """`now`: a record's timestamp ahead of it, or none, becomes it in what is caused."""

    def __init__(self, now, environment="", topic_names=None):
        self.now, self.environment = now, environment
        self.topic_names = topic_names or {}
        self.tenants = {}
        self.offsets = {COMMANDS: 0, STATUS: 0, INVITE_STATUS: 0}
        self.counts = {"skipped": 0, "other environment": 0}

    def tenant(self, tenant):
        return self.tenants.setdefault(tenant, Tenant())

    def process(self, record):
        """The records that this one causes."""
        offset = self.offsets[record.topic]
        self.offsets[record.topic] += 1
        environment = header(record.headers, "ENVIRONMENT")
        if self.environment and environment and environment != self.environment.encode():
            self.counts["other environment"] += 1
            return []
        try:
            outcomes = Step(self, record).outcomes
            headers = copied_headers(record.headers)
        except Skipped:
            self.counts["skipped"] += 1
            return []
        except BadInput:
            topic = self.topic_names.get(record.topic, record.topic)
            return [Record(DEAD, record.key, record.value, list(record.headers) + [
                ("__streams.errors.exception", ANYTHING), ("__streams.errors.message", ANYTHING),
                ("__streams.errors.topic", topic.encode()),
                ("__streams.errors.partition", b"0"),
                ("__streams.errors.offset", str(offset).encode())], record.timestamp)]
        timestamp = record.timestamp
        if timestamp < 0 or timestamp > self.now:
            timestamp = self.now
        return [Record(topic, struct.pack("<II", key, 0),
                       json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(),
                       headers, timestamp) for topic, key, value in outcomes]

    def state_lines(self):
        """As state-dump prints them."""
        characters, parties, sequences = [], [], []
        names = ("name", "level", "jobId", "gm", "worldId", "channelId", "mapId", "instance")
        for tenant in sorted(self.tenants):
            own = self.tenants[tenant]
            for one in sorted(own.characters):
                known = own.characters[one]
                value = {name: known[name] for name in names if name in known}
                value["online"] = known["online"]
                if "party" in known:
                    value["partyId"] = known["party"]
                characters.append({"store": "characters", "tenant": tenant, "id": one,
                                   "value": value})
            for one in sorted(own.parties):
                party = own.parties[one]
                parties.append({"store": "parties", "tenant": tenant, "id": one, "value": {
                    "leaderId": party["leader"], "members": party["members"]}})
            if own.next_party != FIRST_PARTY:
                sequences.append({"store": "party-sequence", "tenant": tenant,
                                  "value": {"nextId": own.next_party}})
        return [json.dumps(one, separators=(",", ":"), ensure_ascii=False)
                for one in characters + parties + sequences]


class Step:
    """One record: reads all of it, then does what it says."""

    def __init__(self, model, record):
        self.outcomes = []  # (topic, key id, value)
        self.record_world = 0
        self.transaction = None
        action = {COMMANDS: self.read_command, STATUS: self.read_status,
                  INVITE_STATUS: self.read_invite}[record.topic](record.value)
        tenant = tenant_of(record.headers)
        copied_headers(record.headers)
        self.tenant = model.tenant(tenant)
        action()

    # ---- reading

    def read_command(self, value):
        fields = parse(value)
        kind = string(fields, "type")
        if kind not in ("CREATE", "JOIN", "LEAVE", "CHANGE_LEADER", "REQUEST_INVITE"):
            raise BadInput("type")
        actor = unsigned(fields, "actorId", UINT32)
        self.transaction = optional_uuid(fields, "transactionId")
        body = body_of(fields)
        if kind == "CREATE":
            return lambda: self.create(actor)
        if kind == "REQUEST_INVITE":
            target = unsigned(body, "characterId", UINT32)
            return lambda: self.request_invite(actor, target)
        party = unsigned(body, "partyId", UINT32)
        if kind == "JOIN":
            return lambda: self.join(actor, party)
        if kind == "CHANGE_LEADER":
            leader = unsigned(body, "leaderId", UINT32)
            return lambda: self.change_leader(actor, party, leader)
        force = boolean(body, "force")
        target = optional_unsigned(body, "characterId", UINT32)
        if force:
            return lambda: self.expel(actor, party, target or actor)
        return lambda: self.leave(actor, party, target)

    def read_invite(self, value):
        fields = parse(value)
        if type(fields.get("inviteType")) is str and fields["inviteType"] != "PARTY":
            raise Skipped
        if type(fields.get("type")) is str and fields["type"] != "ACCEPTED":
            raise Skipped
        string(fields, "inviteType")
        string(fields, "type")
        self.record_world = unsigned(fields, "worldId", BYTE)
        party = unsigned(fields, "referenceId", UINT32)
        body = body_of(fields)
        unsigned(body, "originatorId", UINT32)
        target = unsigned(body, "targetId", UINT32)
        self.transaction = optional_uuid(fields, "transactionId")
        return lambda: self.join(target, party)

    def read_status(self, value):
        fields = parse(value)
        kind = string(fields, "type")
        reader = {"LOGIN": self.read_login, "LOGOUT": None, "CHANNEL_CHANGED": self.read_channel,
                  "MAP_CHANGED": self.read_map, "LEVEL_CHANGED": self.read_level,
                  "JOB_CHANGED": self.read_job, "DELETED": None, "CREATED": self.read_created,
                  "NAME_CHANGED": self.read_name, "GM_CHANGED": self.read_gm}
        if kind not in reader:
            raise Skipped
        world = self.record_world = unsigned(fields, "worldId", BYTE)
        who = unsigned(fields, "characterId", UINT32)
        if who == 0:
            raise BadInput("characterId")
        if kind == "LOGOUT":
            if fields.get("body") is None:
                raise BadInput("body")
            return lambda: self.logout(who)
        body = body_of(fields)
        if kind == "DELETED":
            self.transaction = as_uuid(fields.get("transactionId"))
            return lambda: self.deleted(who)
        change = reader[kind](body)

        def apply():
            known = self.tenant.characters.setdefault(who, {"online": False})
            known["worldId"] = world
            change(who, known)
        return apply

    def read_login(self, body):
        channel = unsigned(body, "channelId", BYTE)
        map_id = unsigned(body, "mapId", UINT32)
        instance = optional_uuid(body, "instance") or NIL

        def apply(who, known):
            known.update(online=True, channelId=channel)
            if map_id != 0:
                known.update(mapId=map_id, instance=instance)
            self.tell_member(who, "LOGIN", {})
        return apply

    def read_channel(self, body):
        channel = unsigned(body, "channelId", BYTE)
        map_id = unsigned(body, "mapId", UINT32)
        instance = optional_uuid(body, "instance") or NIL
        return lambda who, known: known.update(channelId=channel, mapId=map_id,
                                               instance=instance)

    def read_map(self, body):
        channel = unsigned(body, "channelId", BYTE)
        map_id = unsigned(body, "targetMapId", UINT32)
        instance = optional_uuid(body, "targetInstance") or NIL
        return lambda who, known: known.update(channelId=channel, mapId=map_id,
                                               instance=instance)

    def read_level(self, body):
        level = unsigned(body, "current", BYTE)

        def apply(who, known):
            old, known["level"] = known.get("level", 0), level
            self.tell_member(who, "LEVEL_CHANGED", {
                "oldLevel": old, "newLevel": level, "name": known.get("name", "")})
        return apply

    def read_job(self, body):
        job = unsigned(body, "jobId", UINT16)

        def apply(who, known):
            old, known["jobId"] = known.get("jobId", 0), job
            self.tell_member(who, "JOB_CHANGED", {
                "oldJobId": old, "newJobId": job, "name": known.get("name", "")})
        return apply

    def read_created(self, body):
        name = character_name(body, "name")
        map_id = optional_unsigned(body, "mapId", UINT32)
        instance = optional_uuid(body, "instance") or NIL

        def apply(_, known):
            known["name"] = name
            if map_id and "mapId" not in known:
                known.update(mapId=map_id, instance=instance)
        return apply

    def read_name(self, body):
        name = character_name(body, "newName")

        def apply(who, known):
            old = known.get("name", "")
            if name == old:
                return
            known["name"] = name
            self.tell_member(who, "NAME_CHANGED", {"oldName": old, "newName": name})
        return apply

    def read_gm(self, body):
        is_gm = boolean(body, "newGm")
        return lambda who, known: known.update(gm=is_gm)

    # ---- telling

    def world(self, actor, about, party):
        known = self.tenant.characters
        leader = self.tenant.parties.get(party, {}).get("leader")
        for who in (actor, about, leader):
            if "worldId" in known.get(who, {}):
                return known[who]["worldId"]
        return self.record_world

    def tell(self, actor, about, party, kind, body):
        value = {"actorId": actor, "worldId": self.world(actor, about, party), "partyId": party,
                 "type": kind, "body": body}
        if self.transaction and self.transaction != NIL:
            value["transactionId"] = self.transaction
        self.outcomes.append((PARTY, party or actor, value))

    def error(self, actor, about, party, code, name=""):
        self.tell(actor, about, party or 0, "ERROR", {"type": code, "characterName": name})

    def tell_member(self, who, kind, body):
        known = self.tenant.characters[who]
        if "party" in known:
            self.outcomes.append((MEMBER, known["party"], {
                "worldId": known.get("worldId", self.record_world), "partyId": known["party"],
                "characterId": who, "type": kind, "body": body}))

    # ---- the rules

    def may_found(self, actor):
        """The code that says why not, or None."""
        known = self.tenant.characters[actor]
        job = known.get("jobId")
        if job is not None and (job <= 99 or 1000 <= job <= 1099 or 2000 <= job <= 2099):
            return "A_BEGINNER_CANT_CREATE_A_PARTY"
        if known.get("gm"):
            return "AS_A_GM_YOURE_FORBIDDEN_FROM_CREATING_A_PARTY"
        return None

    def found(self, actor):
        party = self.tenant.next_party
        self.tenant.next_party += 1
        self.tenant.parties[party] = {"leader": actor, "members": [actor]}
        self.tenant.characters[actor]["party"] = party
        self.tell(actor, None, party, "CREATED", {})
        return party

    def disband(self, party):
        gone = self.tenant.parties[party]
        self.tell(gone["leader"], None, party, "DISBAND", {"members": gone["members"]})
        for member in gone["members"]:
            del self.tenant.characters[member]["party"]
        del self.tenant.parties[party]

    def remove(self, who, party):
        self.tenant.parties[party]["members"].remove(who)
        del self.tenant.characters[who]["party"]

    def is_in(self, who, party):
        return who in self.tenant.characters and party != 0 and self.tenant.party_of(who) == party

    def create(self, actor):
        if actor not in self.tenant.characters:
            return self.error(actor, None, 0, "ERROR_UNEXPECTED")
        if self.tenant.party_of(actor):
            return self.error(actor, None, 0, "ALREADY_HAVE_JOINED_A_PARTY_1")
        if self.may_found(actor):
            return self.error(actor, None, 0, self.may_found(actor))
        return self.found(actor)

    def join(self, who, party):
        if who not in self.tenant.characters:
            return self.error(who, None, party, "ERROR_UNEXPECTED")
        if self.tenant.party_of(who):
            return self.error(who, None, self.tenant.party_of(who),
                              "ALREADY_HAVE_JOINED_A_PARTY_2")
        if party not in self.tenant.parties:
            return self.error(who, None, party, "ERROR_UNEXPECTED")
        if len(self.tenant.parties[party]["members"]) >= 6:
            return self.error(who, None, party,
                              "THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY")
        self.tenant.parties[party]["members"].append(who)
        self.tenant.characters[who]["party"] = party
        return self.tell(who, None, party, "JOINED", {})

    def leave(self, actor, party, named):
        if not self.is_in(actor, party):
            return self.error(actor, named, party, "ERROR_UNEXPECTED")
        if self.tenant.parties[party]["leader"] == actor:
            return self.disband(party)
        self.remove(actor, party)
        return self.tell(actor, None, party, "LEFT", {})

    def expel(self, actor, party, target):
        leader = self.tenant.parties.get(party, {}).get("leader")
        if not self.is_in(target, party) or actor not in (target, leader, 0):
            return self.error(actor, target, party, "ERROR_UNEXPECTED")
        if target == leader:
            return self.disband(party)
        self.remove(target, party)
        return self.tell(actor, target, party, "EXPEL", {"characterId": target})

    def change_leader(self, actor, party, target):
        if not self.is_in(target, party):
            return self.error(actor, target, party, "ERROR_UNEXPECTED")
        if actor not in (self.tenant.parties[party]["leader"], 0):
            return self.error(actor, target, party, "ERROR_UNEXPECTED")
        if actor != 0:
            one, other = self.tenant.characters[actor], self.tenant.characters[target]

            def differ(name):
                return name in one and name in other and one[name] != other[name]
            if differ("worldId") or differ("channelId"):
                return self.error(
                    actor, target, party,
                    "YOU_MAY_ONLY_CHANGE_WITH_THE_PARTY_MEMBER_THATS_ON_THE_SAME_CHANNEL")
            if differ("mapId") or differ("instance"):
                return self.error(
                    actor, target, party,
                    "UNABLE_TO_HAND_OVER_THE_LEADERSHIP_POST_NO_PARTY_MEMBER_IS_CURRENTLY_"
                    "WITHIN_THE")
        self.tell(actor, target, party, "CHANGE_LEADER",
                  {"characterId": target, "disconnected": False})
        self.tenant.parties[party]["leader"] = target
        return None

    def request_invite(self, actor, target):
        known = self.tenant.characters
        if actor not in known:
            return self.error(actor, target, 0, "ERROR_UNEXPECTED")
        party = self.tenant.party_of(actor)
        if target not in known or target == actor:
            return self.error(actor, target, party, "ERROR_UNEXPECTED")
        if self.tenant.party_of(target):
            return self.error(actor, target, self.tenant.party_of(target),
                              "ALREADY_HAVE_JOINED_A_PARTY_2", known[target].get("name", ""))
        if not party:
            if self.may_found(actor):
                return self.error(actor, target, 0, self.may_found(actor))
        elif len(self.tenant.parties[party]["members"]) >= 6:
            return self.error(actor, target, party,
                              "THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY")
        if not party:
            party = self.found(actor)
        self.outcomes.append((INVITES, party, {
            "worldId": self.world(actor, target, party), "inviteType": "PARTY",
            "type": "CREATE",
            "body": {"originatorId": actor, "targetId": target, "referenceId": party}}))
        return None

    def logout(self, who):
        known = self.tenant.characters.get(who)
        if known is not None:
            known["online"] = False
            self.tell_member(who, "LOGOUT", {})

    def deleted(self, who):
        if who not in self.tenant.characters:
            return
        party = self.tenant.party_of(who)
        if party and self.tenant.parties[party]["leader"] == who:
            self.disband(party)
        elif party:
            self.tell(who, None, party, "LEFT", {})
            self.remove(who, party)
        del self.tenant.characters[who]
