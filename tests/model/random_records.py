"""Records from a seed, of all types, sound and broken, in the company of strange headers.

They are drawn with an eye on a model's state, so that the rules are reached: who is in a
party is asked to lead, to leave, to be expelled. What the contract leaves open is not
asked: no JSON object has two equal fields, and no record of a skipped type is broken JSON.
"""

import json
import random
import struct

from plain_model import COMMANDS, INVITE_STATUS, STATUS, Record

TENANTS = ("083839c6-c47c-42a6-9585-76492795d123", "00000000-0000-0000-0000-000000000000",
           "ffffffff-ffff-ffff-ffff-ffffffffffff")
INSTANCE = "11111111-2222-3333-4444-55555555555a"
TRANSACTION = "0F0e0D0c-0b0a-0908-0706-050403020100"
SKIPPED = ("EXPERIENCE_CHANGED", "MESO_CHANGED", "STAT_CHANGED", "FAME_CHANGED", "DIED",
           "login", "", "LOGIN ", "CREATE", "€")
NAMES = ("Ann", "Bob", "", "Éva", "a\"b\\c/d", "\u0000", "tab\tand\nline", "😀", "x" * 255,
         "é" * 127, "DEL\u007f\u2028")
TOO_LONG = ("x" * 256, "é" * 128)
NO_NUMBERS = ("@1.0", "@1e2", "@-1", "@-0", "1", True, {}, [], [1], None, "")
TOO_LARGE = ("@4294967296", "@18446744073709551617", "@99999999999999999999999")
BROKEN = (b"01", b"1.", b"-", b"nul", b"'x'", b'"\\ud800"', b'"\\udc00x"', b'"\\x"', b'"\x01"',
          b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b"[1 2]", b"[1,]", b'{"a"}', b'{"a":1,}',
          b"NaN", b"Infinity", b"+1", b"", b"]", b"[}")
SOUND = (b"1e400", b"-0", b"99999999999999999999999999", b'"\\ud83d\\ude00"', b'"\\u0000"',
         b'[{"a":[null,true]}]', b"-1.5E-3", b'"\x7f"', b'{"type":"CREATE","body":{}}')


class RandomRecords:
    """`strange_times`: some records come without a timestamp, or with one of the future."""

    def __init__(self, seed, model, characters=40, strange_times=False,
                 first_timestamp=1_700_000_000_000):
        self.random = random.Random(seed)
        self.model = model
        self.characters = characters
        self.strange_times = strange_times
        self.timestamp = first_timestamp

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def one(self):
        self.timestamp += 1
        self.tenant = self.random.choice(TENANTS)
        self.state = self.model.tenant(self.tenant)
        pick = self.random.random()
        if pick < 0.45:
            topic, fields = COMMANDS, self.command()
        elif pick < 0.72:
            topic, fields = STATUS, self.status()
        elif pick < 0.90:
            topic, fields = STATUS, self.skipped_status()
        else:
            topic, fields = INVITE_STATUS, self.invite()
        may_break = topic == COMMANDS or self.is_handled(topic, fields)
        broken_fields = self.chance(25)
        if broken_fields:
            self.break_fields(fields)
            may_break = topic == COMMANDS or self.is_handled(topic, fields)
        value = self.text(fields, may_break)
        headers = self.headers()
        timestamp = self.timestamp
        if self.strange_times and self.chance(50):
            timestamp = self.random.choice((-1, self.model.now, self.model.now + 1,
                                            self.model.now + 10 ** 9))
        return Record(topic, self.key(fields), value, headers, timestamp)

    # ---- who and what

    def character(self):
        if self.chance(40):
            return self.random.choice((0, 99, 4294967295))
        return self.random.randint(1, self.characters)

    def party(self, actor=None):
        """Mostly the actor's, or one that is there."""
        own = self.state.party_of(actor)
        if own and not self.chance(5):
            return own
        if self.state.parties and not self.chance(8):
            return self.random.choice(list(self.state.parties))
        return self.random.choice((0, 1, 4294967295, self.state.next_party,
                                   self.state.next_party - 1))

    def member(self, party):
        members = self.state.parties.get(party, {}).get("members")
        return self.random.choice(members) if members and not self.chance(5) else self.character()

    def leader(self):
        if self.state.parties and not self.chance(4):
            return self.random.choice(list(self.state.parties.values()))["leader"]
        return self.character()

    def free(self):
        """Mostly somebody who is in no party."""
        for _ in range(6):
            who = self.character()
            if not self.state.party_of(who):
                break
        return who

    # ---- messages, as dictionaries; "@..." is a number as it is to be written

    def command(self):
        pick = self.random.random()
        if pick < 0.10:
            fields = {"actorId": self.free(), "type": "CREATE", "body": {}}
        elif pick < 0.50:
            actor = self.free()
            fields = {"actorId": actor, "type": "JOIN", "body": {"partyId": self.party(actor)}}
        elif pick < 0.60:
            actor = self.character()
            fields = {"actorId": actor, "type": "LEAVE",
                      "body": {"partyId": self.party(actor), "force": False}}
            if self.chance(3):
                fields["body"]["characterId"] = self.random.choice((None, self.character()))
        elif pick < 0.68:
            actor = self.random.choice((self.leader(), self.character(), 0))
            party = self.party(actor)
            fields = {"actorId": actor, "type": "LEAVE",
                      "body": {"partyId": party, "force": True,
                               "characterId": self.random.choice((self.member(party), 0, actor))}}
            if self.chance(6):
                del fields["body"]["characterId"]
        elif pick < 0.85:
            actor = self.random.choice((self.leader(), self.leader(), self.character(), 0))
            party = self.party(actor)
            fields = {"actorId": actor, "type": "CHANGE_LEADER",
                      "body": {"partyId": party, "leaderId": self.member(party)}}
        else:
            actor = self.random.choice((self.leader(), self.character(), self.free()))
            fields = {"actorId": actor, "type": "REQUEST_INVITE",
                      "body": {"characterId": self.random.choice(
                          (self.free(), self.free(), self.character(), actor))}}
        return self.with_transaction(fields)

    def with_transaction(self, fields):
        if self.chance(3):
            fields["transactionId"] = self.random.choice(
                (TRANSACTION, TRANSACTION.lower(), "00000000-0000-0000-0000-000000000000", None))
        return fields

    def place(self, map_name="mapId", instance_name="instance"):
        place = {"channelId": self.random.randint(0, 1),
                 map_name: self.random.choice((0, 100000000, 100000000, 104000000))}
        if self.chance(4):
            place[instance_name] = self.random.choice((None, INSTANCE, INSTANCE.upper()))
        return place

    def status(self):
        kind = self.random.choice((
            "LOGIN", "LOGIN", "LOGIN", "LOGOUT", "CHANNEL_CHANGED", "MAP_CHANGED",
            "LEVEL_CHANGED", "JOB_CHANGED", "DELETED", "CREATED", "NAME_CHANGED", "GM_CHANGED"))
        body = {}
        if kind in ("LOGIN", "CHANNEL_CHANGED"):
            body = self.place()
        elif kind == "LOGOUT":
            body = self.random.choice(({}, self.place(), [], 5, "x", True))
        elif kind == "MAP_CHANGED":
            body = self.place("targetMapId", "targetInstance")
            if self.chance(2):
                body.update(oldMapId=7, oldInstance=INSTANCE, targetPortalId="@-3")
        elif kind == "LEVEL_CHANGED":
            body = {"channelId": 1, "amount": 1, "current": self.random.randint(0, 255)}
            if self.chance(4):
                body.update(channelId="none", amount=None)
        elif kind == "JOB_CHANGED":
            body = {"jobId": self.random.choice((0, 99, 100, 999, 1000, 1099, 1100, 2000, 2099,
                                                 2100, 65535, 112, 112, 112, 112))}
        elif kind == "CREATED":
            body = {"name": self.random.choice(NAMES)}
            if self.chance(2):
                body["mapId"] = self.random.choice((None, 0, 100000000))
            if self.chance(3):
                body["instance"] = self.random.choice((None, INSTANCE))
        elif kind == "NAME_CHANGED":
            body = {"oldName": self.random.choice((5, "x")), "newName": self.random.choice(NAMES)}
        elif kind == "GM_CHANGED":
            body = {"oldGm": None, "newGm": self.chance(5)}
        fields = {"worldId": 0 if not self.chance(10) else self.random.randint(1, 255),
                  "characterId": self.character(), "type": kind, "body": body}
        if self.chance(3):
            fields["transactionId"] = self.random.choice((TRANSACTION, None, "no UUID", 5, {}))
        return fields

    def skipped_status(self):
        fields = {"worldId": self.random.choice((0, "@-1", None)), "characterId": self.character(),
                  "type": self.random.choice(SKIPPED), "body": {"amount": 7, "type": "LOGIN"}}
        if self.chance(6):
            del fields["worldId"]
        return fields

    def invite(self):
        party = self.party()
        fields = {"worldId": self.random.randint(0, 3), "inviteType": "PARTY",
                  "referenceId": party, "type": "ACCEPTED",
                  "body": {"originatorId": self.character(), "targetId": self.free()}}
        if self.chance(4):
            fields["inviteType"] = self.random.choice(("BUDDY", "GUILD", "MESSENGER", "TRADE",
                                                       "party"))
        if self.chance(4):
            fields["type"] = self.random.choice(("REJECTED", "CREATED", "accepted"))
        return self.with_transaction(fields)

    @staticmethod
    def is_handled(topic, fields):
        kind = fields.get("type")
        if topic == INVITE_STATUS:
            return kind == "ACCEPTED" and fields.get("inviteType") == "PARTY"
        return isinstance(kind, str) and kind not in SKIPPED

    def break_fields(self, fields):
        body = fields.get("body")
        inner = isinstance(body, dict) and body and self.chance(2)
        target = body if inner else fields
        name = self.random.choice(list(target))
        if self.chance(3):
            del target[name]
        elif name == "type":
            # A string there would be another type.
            target[name] = self.random.choice(("DANCE", None, 5, {}, ["LOGIN"]))
            if target[name] == "DANCE" and "actorId" not in fields:
                target[name] = None
        elif name in ("name", "newName"):
            target[name] = self.random.choice(TOO_LONG + (5, None, {}))
        elif name == "transactionId" or name.lower().endswith("instance"):
            target[name] = self.random.choice(("x", INSTANCE[:-1], "{" + INSTANCE[2:] + "}",
                                               INSTANCE.replace("-", ""), INSTANCE[:-1] + "g", 5))
        elif name == "inviteType":
            target[name] = self.random.choice((None, 5, []))
        else:
            target[name] = self.random.choice(NO_NUMBERS + TOO_LARGE + ("@256", "@65536"))

    # ---- bytes

    def text(self, fields, may_break):
        if may_break and self.chance(400):
            return self.random.choice((None, b"", b" ", b"[]", b"null", b"5", b'"x"', b"{", b"x",
                                       b"{}", b"[" * 10_000, b'{"a":' * 10_000, b"\xff\xfe"))
        items = list(fields.items())
        extra = None
        if self.chance(6):
            extra = self.random.choice(SOUND + (b"[" * 60 + b"]" * 60,))
            if may_break and self.chance(6):
                extra = self.random.choice(BROKEN)
            items.append(("extra", "@extra"))
        if isinstance(fields.get("body"), dict) and self.chance(8):
            items = [(name, dict(value, unknown=[1, {"mapId": 5}]) if name == "body" else value)
                     for name, value in items]
        if self.chance(2):
            self.random.shuffle(items)
        text = json.dumps(dict(items), ensure_ascii=self.chance(2),
                          separators=self.random.choice(((",", ":"), (" , ", " :\t"))))
        # Numbers as they are to be written: "@-0" becomes -0.
        pieces = text.split('"@')
        for i in range(1, len(pieces)):
            number, rest = pieces[i].split('"', 1)
            pieces[i] = (number if number != "extra" else "\0") + rest
        value = "".join(pieces).encode()
        if extra is not None:
            value = value.replace(b"\0", extra, 1)
        if self.chance(60):
            value = value.replace(b'"type"', b'"\\u0074ype"', 1)
        if self.chance(30):
            value = b" \r\n\t" + value + b"\n "
        if may_break and self.chance(60):
            value = self.random.choice((
                value + b"x", value + b"{}", value + b"\0", b"\xef\xbb\xbf" + value,
                value[:self.random.randrange(1, max(2, len(value.rstrip()) - 1))]))
        return value

    def key(self, fields):
        entity = next((fields[name] for name in ("actorId", "referenceId", "characterId")
                       if isinstance(fields.get(name), int)), 0)
        if not self.chance(8):
            return struct.pack("<II", entity & 0xffffffff, 0)
        return self.random.choice((None, b"", struct.pack("<I", entity & 0xffffffff), b"foreign",
                                   b"\0" * 200, b"k" * 70_000 if self.chance(50) else b"k"))

    def headers(self):
        tenant = self.tenant.upper() if self.chance(4) else self.tenant
        headers = [("TENANT_ID", tenant.encode()), ("REGION", b"GMS"),
                   ("MAJOR_VERSION", struct.pack(">H", 83)), ("MINOR_VERSION", b"\0\1")]
        if self.chance(3):
            headers.append(("traceparent",
                            b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        if self.chance(8):
            headers.append(self.random.choice((
                ("tracestate", b"a=b"), ("baggage", b""), ("REGION", None),
                ("REGION", b"a second one"), ("custom", b"not copied"), ("custom", None),
                ("tenant_id", b"another name"), ("TENANT_ID", TENANTS[0].encode()),
                ("TENANT_ID", b"not the first"), ("__streams.errors.message", b"an old one"),
                ("baggage", b"\0\xff"))))
        if self.chance(5):
            headers.append(("ENVIRONMENT", self.random.choice((b"blue", b"green", b"", None))))
        if self.chance(20):
            self.random.shuffle(headers)
        if self.chance(150):
            headers[0] = ("TENANT_ID", self.random.choice((
                None, b"", b"nobody", b"x" * 36, self.tenant.replace("-", "").encode(),
                b"\xff" * 36)))
        elif self.chance(150):
            headers = [one for one in headers if one[0] != "TENANT_ID"]
        if self.chance(500):
            # Together 64 KiB, or a byte more.
            present = sum(len(name) + len(value or b"") for name, value in headers
                          if name in ("TENANT_ID", "REGION", "MAJOR_VERSION", "MINOR_VERSION",
                                      "ENVIRONMENT", "traceparent", "tracestate", "baggage"))
            rest = 64 * 1024 - present - len("baggage")
            headers.append(("baggage", b"b" * (rest + self.random.randint(0, 1))))
        return headers
