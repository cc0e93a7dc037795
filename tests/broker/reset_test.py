#!/usr/bin/python3
"""reset: what it shows, what it refuses, and that a worker starts after it without a flag."""

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import (COMMANDS, INPUTS, INVITE_STATUS, PARTY, STATUS, STORES,  # noqa: E402
                     wait_for)
from programs import RefusesMixin, run, run_on_full_disk  # noqa: E402
from stops import StopsTest  # noqa: E402


class ResetTest(RefusesMixin, StopsTest):
    def stopped_worker(self):
        """Of a party of two; it has left its group."""
        worker, feeder = self.processed_worker(on_stop="leave")
        return worker, feeder

    def reset(self, worker, *flags, **settings):
        return run("reset", worker, *flags, **settings)

    def party_events(self, worker):
        return [json.loads(record.value)["type"] for record in self.outputs(worker)[PARTY]]

    def start(self, worker):
        """Without any flag."""
        count = worker.log().count("running plan")
        worker.start()
        worker.wait_log("running plan", count + 1)

    # ------------------------------------------------------------------ what it shows

    def test_a_dry_run_changes_nothing(self):
        worker, feeder = self.stopped_worker()
        before = self.everything(worker)
        for flags in ((), ("--to_latest",), ("--delete_local_state", "--by_duration=1h")):
            # A variable is no word of the operator's.
            done = self.reset(worker, *flags, execute="true", delete_local_state="true")
            self.assertEqual(done.status, 0, done)
            for name in INPUTS:
                self.assertIn(f"{self.inputs[name]}-0 ", done.out)
            for topic in [self.repartition(worker), *(self.changelog(worker, s) for s in STORES)]:
                self.assertIn(f"{topic}-0 ", done.out)
            self.assertIn(os.path.join(worker.state_dir, worker.application_id), done.out)
            self.assertIn("nothing was changed", done.out)
        self.assertEqual(before, self.everything(worker))
        self.assertIn(f" {feeder.count[STATUS]} ", done.out)
        self.assert_goes_on(worker, feeder)

    def test_what_cannot_be_shown_is_not_done(self):
        worker, feeder = self.stopped_worker()
        before = self.everything(worker)
        self.assert_refused(run_on_full_disk("reset", worker), 1, "cannot write", "No space")
        self.assert_refused(run_on_full_disk("reset", worker, "--execute", "--delete_local_state"),
                            1, "cannot write", "nothing was changed")
        self.assertEqual(before, self.everything(worker))
        self.assert_goes_on(worker, feeder)

    # ---------------------------------------------------------------- what it refuses

    def test_refused_while_a_member_is_alive(self):
        worker, _ = self.stopped_worker()
        self.start(worker)
        with open(os.path.join(worker.state_dir, worker.application_id, "instance"),
                  encoding="utf-8") as file:
            instance = [line for line in file if line.startswith("instance_id=")][0].strip()[12:]
        done = self.reset(worker, "--execute", "--delete_local_state")
        self.assert_refused(done, 1, "has members", "127.0.0.1")
        self.assertIn("refused", self.reset(worker).out)
        self.assert_members(worker, [1, 2])
        self.assertEqual(worker.stop(), 0)
        # A static member counts until its session ends, and is named.
        worker.start(on_stop="stay", session_timeout_ms=120_000)
        worker.wait_log("running plan", 3)
        self.assertEqual(worker.stop(), 0)
        self.assert_refused(self.reset(worker, "--execute", "--delete_local_state"), 1,
                            f"0-{instance}", "session ends")

    def test_refused_with_local_state_left(self):
        worker, feeder = self.stopped_worker()
        before = self.everything(worker)
        self.assert_refused(self.reset(worker, "--execute"), 1, "local state", worker.state_dir,
                            "--delete_local_state")
        self.assertEqual(before, self.everything(worker))
        self.assert_goes_on(worker, feeder)

    def test_wrong_arguments(self):
        worker = self.worker("w")
        positions = ",".join(f"{topic}-0@1" for topic in self.inputs.values())
        for flags, names in (
                (["--to_earliest", "--to_latest"], ["--to_earliest", "--to_latest"]),
                (["--to_datetime=yesterday"], ["--to_datetime", "yesterday", "T10:00:00Z"]),
                (["--to_datetime=latest"], ["--to_datetime", "latest"]),
                (["--by_duration=soon"], ["--by_duration", "soon", "36h"]),
                (["--by_duration=-1h"], ["--by_duration", "-1h"]),
                (["--to_offset=7"], ["--to_offset", "topic-0@12"]),
                (["--to_offset=earliest"], ["--to_offset", "topic-0@12"]),
                (["--to_offset=" + positions + ",x-0@-1"], ["--to_offset"]),
                (["--to_datetime"], ["--to_datetime wants a value"]),
                (["--to_nowhere"], ["--to_nowhere"]),
                (["execute"], ["execute"])):
            with self.subTest(flags=flags):
                done = self.reset(worker, *flags)
                self.assert_refused(done, 2, *names)
                self.assertEqual(done.out, "")
        done = self.reset(worker, "--help")
        self.assertEqual(done.status, 0)
        self.assertIn("--to_datetime", done.out)

    def test_positions_that_are_not_in_the_inputs(self):
        worker, _ = self.stopped_worker()
        before = self.everything(worker)
        status, invites, commands = (self.inputs[n] for n in (STATUS, INVITE_STATUS, COMMANDS))
        for offsets, names in (
                (f"{status}-0@1,{invites}-0@0", [f"no position for input {commands}-0"]),
                (f"{status}-0@1,{invites}-0@0,{commands}-0@0,other-0@0", ["other-0 is none of"]),
                (f"{status}-0@1,{invites}-0@0,{commands}-0@99",
                 [f"{commands}-0 holds offsets 0 to 2", "99"])):
            with self.subTest(offsets=offsets):
                self.assert_refused(self.reset(worker, f"--to_offset={offsets}", "--execute",
                                               "--delete_local_state"), 1, *names)
        self.assert_refused(self.reset(worker, "--command_topic_party=no-such-topic"), 1,
                            "no-such-topic")
        self.assert_refused(self.reset(worker, bootstrap_servers="127.0.0.1:1"), 1,
                            "127.0.0.1:1")
        self.assertEqual(before, self.everything(worker))

    # -------------------------------------------------------------------- what it does

    def assert_reset(self, worker, *flags):
        done = self.reset(worker, "--execute", "--delete_local_state", *flags)
        self.assertEqual(done.status, 0, done)
        self.assertIn("done", done.out)
        # Three changelogs, the repartition topic, the group's offsets, and local state if any.
        steps = [int(n) for n in re.findall(r"^resetting \(steps\): (\d+) in [\d.]+ s, \d+/s$",
                                            done.err, re.M)]
        self.assertEqual(len(steps), 1, done)
        return steps[0]

    def test_an_application_that_is_not_there(self):
        """Its name is wrong, most often."""
        worker = self.stopped_worker()[0]
        before = self.everything(worker)
        unknown = self.name + "-unknown"
        for flags in ([], ["--execute"], ["--execute", "--delete_local_state"]):
            done = self.reset(worker, f"--application_id={unknown}", *flags)
            self.assertEqual(done.status, 0, done)
            self.assertIn(f"there is nothing of application {unknown} ", done.out)
            self.assertNotIn("done", done.out)
        self.assertIn("there was nothing to do", done.out)
        self.assertEqual(before, self.everything(worker))
        self.assertNotIn("there is nothing of", self.reset(worker).out)

    def test_to_the_earliest(self):
        worker, feeder = self.stopped_worker()
        self.assertEqual(self.assert_reset(worker), 6)
        listed = self.admin.list_topics(timeout=10).topics
        self.assertFalse({self.changelog(worker, store) for store in STORES} & set(listed))
        self.assertEqual({offset for offset in self.committed(worker).values()}, {-1001})
        # Nothing is there to reset, and that is no error.
        self.assertEqual(self.assert_reset(worker), 1)
        self.start(worker)
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [1, 2])
        self.assertEqual(self.party_events(worker), ["CREATED", "JOINED"] * 2)
        self.assertEqual(worker.stop(), 0)

    def test_to_the_latest(self):
        worker, feeder = self.stopped_worker()
        self.assert_reset(worker, "--to_latest")
        self.assertEqual(self.committed(worker), {self.inputs[name]: feeder.count[name]
                                                  for name in INPUTS})
        self.start(worker)
        self.assertEqual(worker.dump(), [])
        feeder.character(1)
        feeder.flush()
        self.wait_processed(worker, feeder)
        feeder.command(1, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [1])
        self.assertEqual(self.party_events(worker), ["CREATED", "JOINED", "CREATED"])
        self.assertEqual(worker.stop(), 0)
        self.start(worker)
        self.assert_members(worker, [1])
        self.assertEqual(worker.stop(), 0)

    def test_to_a_time_and_to_offsets(self):
        worker, feeder = self.stopped_worker()
        # The last two inputs are commands; what is before the first of them is left out.
        seconds, milliseconds = divmod(feeder.timestamp - 1, 1000)
        self.assertEqual(seconds, 1_700_000_000)
        self.assert_reset(worker, f"--to_datetime=2023-11-14T22:13:20.{milliseconds:03}Z")
        expected = {self.inputs[STATUS]: feeder.count[STATUS],
                    self.inputs[INVITE_STATUS]: feeder.count[INVITE_STATUS],
                    self.inputs[COMMANDS]: 0}
        self.assertEqual(self.committed(worker), expected)
        self.start(worker)
        self.wait_processed(worker, feeder)
        # Nobody is known: each command is answered by an ERROR.
        self.assertEqual(self.party_events(worker)[2:], ["ERROR", "ERROR"])
        self.assertEqual(worker.stop(), 0)

        offsets = {self.inputs[STATUS]: 8, self.inputs[INVITE_STATUS]: 0, self.inputs[COMMANDS]: 0}
        self.assert_reset(worker, "--to_offset=" + ",".join(f"{topic}-0@{offset}"
                                                            for topic, offset in offsets.items()))
        self.assertEqual(self.committed(worker), offsets)
        self.start(worker)
        self.wait_processed(worker, feeder)
        characters = [json.loads(line)["id"] for line in worker.dump()]
        self.assertEqual(characters, [3])  # the first two were told before
        self.assertEqual(worker.stop(), 0)

    def test_one_that_was_interrupted(self):
        worker, feeder = self.stopped_worker()
        # What is there once the topics are deleted: a worker stops, another reset ends it.
        self.delete(self.repartition(worker), *(self.changelog(worker, s) for s in STORES))
        self.assert_stops(worker, names=["the group", "committed offsets"], changes=True)
        self.assert_reset(worker, "--to_latest")
        self.start(worker)
        self.assertEqual(worker.dump(), [])
        self.assertEqual(worker.stop(), 0)
        wait_for(lambda: self.reset(worker).out.count("no members"), "the group to be empty")


if __name__ == "__main__":
    unittest.main(verbosity=2)
