#!/usr/bin/python3
"""The examples of docs/wire.md, in order one scenario, on a real broker; and that the page
leaves out no type, code, field, header or topic."""

import os
import re
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]

# The module, not its class, which would be collected and run here again.
import scenario_test  # noqa: E402
from harness import KafkaTest, VARIABLES  # noqa: E402

ROOT = os.path.join(HERE, "..", "..")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def examples():
    return re.findall(r"^```scenario\n(.*?)^```$", read("docs/wire.md"), re.S | re.M)


class WireExamplesTest(KafkaTest):
    feed = scenario_test.ScenarioBrokerTest.feed
    play = scenario_test.ScenarioBrokerTest.play

    def test_examples(self):
        blocks = examples()
        self.assertGreaterEqual(len(blocks), 6)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("".join(blocks))
            file.flush()
            self.play(file.name)


class WireWordsTest(unittest.TestCase):
    """Each word of the code stands on the page, as `word`."""

    def check(self, path, pattern, at_least, known=()):
        words = set(re.findall(pattern, read(path), re.M))
        self.assertGreaterEqual(len(words), at_least, f"{path}: the pattern finds too little")
        self.assertLessEqual(set(known), words, path)
        prose = re.sub(r"^```.*?^```$", "", read("docs/wire.md"), flags=re.S | re.M)
        # In tables bodies stand as `{a, b}`.
        told = set(re.findall(r"\w[\w.-]*", " ".join(re.findall(r"`([^`\n]+)`", prose))))
        self.assertEqual(sorted(words - told), [], f"{path}: not on the page")

    def test_commands(self):
        self.check("serde/wire_decoder.cc", r'type == "([A-Z_]+)"', 5,
                   ["CREATE", "JOIN", "LEAVE", "CHANGE_LEADER", "REQUEST_INVITE"])

    def test_character_events(self):
        self.check("serde/wire_decoder.cc", r'\{"([A-Z_]+)", StatusType::', 10,
                   ["LOGIN", "MAP_CHANGED", "DELETED", "GM_CHANGED"])

    def test_invite_events(self):
        self.check("serde/wire_decoder.cc", r'(?:!= |kAccepted = )"([A-Z]+)"', 2, ["PARTY", "ACCEPTED"])

    def test_outputs(self):
        self.check("serde/wire_encoder.cc", r'(?:return |Empty\(|kInviteType = )"([A-Z_]+)"', 12,
                   ["CREATED", "JOINED", "LEFT", "EXPEL", "DISBAND", "CHANGE_LEADER", "ERROR",
                    "LOGIN", "LOGOUT", "LEVEL_CHANGED", "JOB_CHANGED", "NAME_CHANGED", "CREATE"])

    def test_fields_of_outputs(self):
        self.check("serde/wire_encoder.cc", r'(?:Field|Name)\("(\w+)"', 15,
                   ["actorId", "members", "disconnected", "transactionId"])

    def test_fields_of_inputs(self):
        self.check("serde/json_fields.cc", r'\{"(?:body\.)?\w+", "(\w+)"\}', 20,
                   ["actorId", "force", "targetInstance", "newGm"])

    def test_error_codes(self):
        self.check("model/announcement.h", r'return "([A-Z_0-9]+)"', 8, ["ERROR_UNEXPECTED"])

    def test_codes_of_dead_letters(self):
        self.check("serde/fault.h", r'= "([A-Z_]+)"', 9,
                   ["NO_VALUE", "INVALID_JSON", "OUTPUT_REFUSED"])

    def test_headers(self):
        self.check("processors/headers.cc", r'"(\w+)"[,}]', 8, ["TENANT_ID", "baggage"])
        self.check("processors/intake.cc", r'"(__streams\.errors\.\w+)"', 5)

    def test_topics(self):
        self.check("tests/support/harness.py", r': "([A-Z_]+)"', len(VARIABLES),
                   VARIABLES.values())


if __name__ == "__main__":
    unittest.main(verbosity=2)
