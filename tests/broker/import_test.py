#!/usr/bin/python3
"""import: what was dumped is there again, a worker goes on with it, and wrong lines are named
by number and field, with nothing written."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import (COMMANDS, INPUTS, INVITE_STATUS, PARTY, STATUS, STORES, TENANT,  # noqa: E402
                     Feeder)
from programs import RefusesMixin, run, run_on_full_disk  # noqa: E402
from stops import FIRST_PARTY, StopsTest  # noqa: E402
from traffic import Traffic  # noqa: E402


def line(store, value, **more):
    return json.dumps({"store": store, "tenant": TENANT, **more, "value": value})


def character(number, **value):
    return line("characters", {"online": False, **value}, id=number)


def party(number, leader, *members):
    return line("parties", {"leaderId": leader, "members": members}, id=FIRST_PARTY + number)


def sequence(number):
    return line("party-sequence", {"nextId": FIRST_PARTY + number})


IN_FIRST = {"partyId": FIRST_PARTY}
WHOLE = [character(1, **IN_FIRST), character(2, **IN_FIRST), character(3), party(0, 1, 1, 2),
         sequence(1)]


class ImportTest(RefusesMixin, StopsTest):
    def load(self, worker, lines, *flags, **settings):
        text = "".join(one + "\n" for one in lines).encode()
        return run("import", worker, *flags, stdin=text, **settings)

    def importer(self, label="new"):
        worker = self.worker(label, session_timeout_ms=6000, on_stop="leave")
        worker.topics["dead"] = self.name + "-all-dead"
        return worker

    def make_topics(self, worker):
        for topic in worker.topics.values():
            self.create(topic)

    def test_a_full_disk_is_told_before_anything_is_written(self):
        worker = self.importer()
        text = "".join(one + "\n" for one in WHOLE).encode()
        for flags in (["--check"], ["--start_at=latest"]):
            done = run_on_full_disk("import", worker, *flags, stdin=text)
            self.assert_refused(done, 1, "import: cannot write all of it: No space")
        self.assertEqual([topic for topic in self.admin.list_topics(timeout=10).topics
                          if topic.startswith(worker.application_id)], [])

    # --------------------------------------------------------------------- round trips

    def test_a_dump_comes_back_as_it_was(self):
        old = self.worker("w", session_timeout_ms=6000, on_stop="leave").start()
        old.wait_log("running plan")
        feeder, traffic = Feeder(self.inputs), Traffic(3)
        feeder.status(5, "CREATED", name='N "5"\x1b[1mé\n', world=3)
        for _ in range(800):
            traffic.one(feeder)
        feeder.flush()
        self.wait_processed(old, feeder)
        self.assertEqual(old.stop(), 0)
        dumped = old.dump()
        self.assertGreater(len(dumped), 40)

        new = self.importer()
        done = self.load(new, dumped, "--start_at=latest", "--create_topics")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(self.committed(new), self.committed(old))
        new.start()
        new.wait_log("running plan")
        self.assertEqual(new.dump(), dumped)
        # It goes on: the sequence too.
        before = {one["value"]["nextId"] for one in map(json.loads, dumped)
                  if one["store"] == "party-sequence"}
        feeder.character(77)
        feeder.flush()
        self.wait_processed(new, feeder)
        feeder.command(77, "CREATE")
        feeder.flush()
        self.wait_processed(new, feeder)
        created = json.loads(self.outputs(new)[PARTY][-1].value)
        self.assertEqual((created["type"], {created["partyId"]}), ("CREATED", before))
        self.assertEqual(new.stop(), 0)
        new.start()
        new.wait_log("running plan", 2)
        self.assertEqual(new.stop(), 0)
        self.assertEqual(new.dump("--offline"), new.dump())

    def test_from_a_file_at_positions(self):
        new, feeder = self.importer(), Feeder(self.inputs)
        self.make_topics(new)
        for _ in range(2):  # the first is in the state already
            feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        path = os.path.join(self.directory, "state.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(reversed(WHOLE)) + "\n\n")
        at = {self.inputs[STATUS]: 0, self.inputs[INVITE_STATUS]: 0, self.inputs[COMMANDS]: 1}
        positions = ",".join(f"{topic}-0@{offset}" for topic, offset in at.items())
        done = run("import", new, f"--file={path}", f"--start_at={positions}")
        self.assertEqual(done.status, 0, done)
        self.assertIn("3 characters, 1 parties", done.out)
        self.assertEqual(self.committed(new), at)
        new.start()
        new.wait_log("running plan")
        self.wait_processed(new, feeder)
        self.assert_members(new, [1, 2, 3])
        self.assertEqual([json.loads(record.value)["type"] for record in self.outputs(new)[PARTY]],
                         ["JOINED"])
        self.assertEqual(new.stop(), 0)

    # ------------------------------------------------------------------------- refusals

    def assert_wrong(self, lines, *names):
        worker = self.importer("none")
        done = self.load(worker, lines, "--start_at=earliest", "--create_topics")
        self.assert_refused(done, 1, "nothing was written", *names)
        self.assertEqual(done.out, "")

    def test_wrong_lines_are_named(self):
        for number, wrong, names in (
                (2, character(2, level=256, **IN_FIRST), ["value.level", "256", "0 to 255"]),
                (3, character(3, lvl=2), ["value.lvl", "not known"]),
                (3, character(0), ["field id", "is 0"]),
                (3, character(3, **IN_FIRST), ["value.partyId", "does not have it"]),
                (3, character(3, partyId=FIRST_PARTY + 7), ["value.partyId"]),
                (2, character(2), ["line 4", "value.members", "member 2"]),
                (4, party(0, 3, 1, 2), ["value.leaderId", "led by 3"]),
                (4, party(0, 1, 1), ["line 2", "value.partyId"]),
                (4, party(0, 1, 1, 2, 9), ["value.members", "unknown member 9"]),
                (4, party(0, 1, 1, 2, 3, 4, 5, 6, 7), ["value.members", "7 members"]),
                (4, party(0, 1), ["value.members", "0 members"]),
                (5, sequence(0), ["line 4", "field id", "sequence"]),
                (5, line("pets", {}), ["store", "pets"]),
                (5, "{", ["is no JSON"]),
                (5, WHOLE[0], ["line 1 tells of the same"])):
            with self.subTest(wrong=wrong):
                lines = list(WHOLE)
                lines[number - 1] = wrong
                expected = [name for name in names if name.startswith("line ")] or \
                    [f"line {number}: "]
                self.assert_wrong(lines, *expected, *names)
        # In two parties, by their members.
        self.assert_wrong(WHOLE[:4] + [party(1, 2, 2), sequence(2)], "line 5", "value.members")
        self.assert_wrong([character(0)] * 30, "line 20", "and 10 more", "30 things")
        self.assert_wrong([], "no lines")
        listed = self.admin.list_topics(timeout=10).topics
        self.assertEqual([topic for topic in listed if topic.startswith(self.name)], [])
        done = self.load(self.importer("none"), WHOLE, "--check", bootstrap_servers="127.0.0.1:1")
        self.assertEqual(done.status, 0, done)

    def test_an_application_that_has_something(self):
        worker, feeder = self.processed_worker(on_stop="leave")
        before = self.everything(worker)
        self.assert_refused(self.load(worker, WHOLE, "--start_at=latest"), 1,
                            worker.application_id, "is not new", "reset")
        self.assertEqual(before, self.everything(worker))
        # The local state alone is something, too.
        self.delete_group(worker)
        self.delete(self.repartition(worker), *(self.changelog(worker, s) for s in STORES))
        self.assert_refused(self.load(worker, WHOLE, "--start_at=latest"), 1, "local state",
                            worker.state_dir)
        # After a reset it may.
        self.assertEqual(run("reset", worker, "--execute", "--delete_local_state").status, 0)
        done = self.load(worker, WHOLE, "--start_at=latest")
        self.assertEqual(done.status, 0, done)
        self.assert_goes_on(worker, feeder)

    def test_wrong_arguments(self):
        worker = self.importer()
        for flags, names in (
                ([], ["--start_at", "latest", "earliest"]),
                (["--start_at=now"], ["--start_at", "now"]),
                (["--start_at=latest", "--format=json"], ["--format"])):
            with self.subTest(flags=flags):
                self.assert_refused(self.load(worker, WHOLE, *flags), 2, *names)
        for flags, names in (
                (["--start_at=latest", "--file=/nowhere"], ["--file", "/nowhere"]),
                (["--start_at=latest", f"--file={self.directory}"], ["--file", self.directory]),
                (["--start_at=latest"], [self.name, "--create_topics"])):
            with self.subTest(flags=flags):
                self.assert_refused(self.load(worker, WHOLE, *flags), 1, *names)
        self.assert_refused(
            self.load(worker, WHOLE, "--start_at=latest", bootstrap_servers="127.0.0.1:1"), 1,
            "127.0.0.1:1")
        self.make_topics(worker)
        offsets = ",".join(f"{self.inputs[name]}-0@7" for name in INPUTS)
        self.assert_refused(self.load(worker, WHOLE, f"--start_at={offsets}"), 1, "holds offsets",
                            "7")
        self.assertEqual(run("import", worker, "--help").status, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
