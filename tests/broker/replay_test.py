#!/usr/bin/python3
"""replay: the same outputs and state as the worker's, differences where there are some, and a
lost state rebuilt under another id. It touches nothing of the application that it looks at."""

import json
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka import Producer  # noqa: E402

from harness import (BOOTSTRAP, COMMANDS, INPUTS, INVITE_STATUS, OUTPUTS, PARTY,  # noqa: E402
                     STATUS, STORES, Feeder)
from programs import RefusesMixin, run, run_on_full_disk  # noqa: E402
from stops import FIRST_PARTY, StopsTest  # noqa: E402
from traffic import Traffic  # noqa: E402


class ReplayTest(RefusesMixin, StopsTest):
    def busy_worker(self, records=1500):
        """Running, with random traffic behind it, bad input too."""
        worker = self.worker("w", session_timeout_ms=6000, on_stop="leave")
        feeder, traffic = Feeder(self.inputs), Traffic(7)
        worker.start()
        worker.wait_log("running plan")
        self.feed(feeder, traffic, records)
        self.wait_processed(worker, feeder)
        return worker, feeder, traffic

    def feed(self, feeder, traffic, records):
        for _ in range(records):
            traffic.one(feeder)
            # Each acknowledged before the next to another topic: so the order is one.
            feeder.flush()

    def copy_of_state(self, worker):
        copy = os.path.join(self.directory, "copy")
        shutil.copytree(os.path.join(worker.state_dir, worker.application_id), copy)
        return copy

    def assert_equal(self, worker, *flags):
        done = run("replay", worker, "--compare", *flags)
        self.assertEqual(done.status, 0, done)
        self.assertTrue(done.out.endswith("\nequal\n"), done)
        return done

    # ------------------------------------------------------------------- comparing

    def test_a_full_disk_is_told(self):
        worker, _, _ = self.busy_worker(50)
        self.stop(worker)
        done = run_on_full_disk("replay", worker, "--compare")
        self.assert_refused(done, 1, "replay: cannot write all of it: No space")

    def test_all_of_it_is_as_it_was(self):
        worker, feeder, traffic = self.busy_worker()
        self.stop(worker)
        before = self.everything(worker)
        done = self.assert_equal(worker)
        self.assertIn("the checkpoint in", done.out)
        self.assertIn(f"replayed {sum(feeder.count.values())} records", done.out)
        # Without the disk: from the changelogs.
        away = os.path.join(self.directory, "away")
        os.rename(worker.state_dir, away)
        self.assertIn("compared with the changelogs of", self.assert_equal(worker).out)
        os.rename(away, worker.state_dir)
        self.assertEqual(before, self.everything(worker))

        # From a copy of the state on, beside a worker that has gone on and runs.
        copy, lines = self.copy_of_state(worker), os.path.join(self.directory, "lines")
        done = self.assert_equal(worker, f"--start_state={copy}")
        self.assertIn("outputs: not compared: no record", done.out)
        worker.start()
        worker.wait_log("running plan", 2)
        self.feed(feeder, traffic, 300)
        self.wait_processed(worker, feeder)
        self.stop(worker)
        worker.start()
        worker.wait_log("running plan", 3)
        done = self.assert_equal(worker, f"--start_state={copy}")
        self.assertIn("replayed 300 records", done.out)
        # The same from a dump of that state, which does not say where it was taken.
        with open(lines, "w", encoding="utf-8") as file:
            file.write("\n".join(before["state"]) + "\n")
        self.assert_refused(run("replay", worker, f"--start_state={lines}"), 2, "--from")
        done = self.assert_equal(worker, f"--start_state={lines}",
                                 "--from=" + positions(before["group"]))
        self.assertIn("replayed 300 records", done.out)
        # What came after the checkpoint is told, and is no difference.
        self.feed(feeder, traffic, 100)
        self.wait_processed(worker, feeder)
        self.assertIn("live ones come later", self.assert_equal(worker).out)
        self.stop(worker)

    def test_what_differs_is_shown(self):
        worker, feeder, _ = self.busy_worker(300)
        self.stop(worker)
        topic = worker.topics[PARTY]
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all"})
        producer.produce(topic, partition=0, key=b"\xff\x00", value=b"of somebody else",
                         timestamp=feeder.timestamp)
        self.assertEqual(producer.flush(30), 0)
        done = run("replay", worker, "--compare")
        self.assertEqual(done.status, 1, done)
        self.assertIn(f"topic {topic}\n", done.out)
        self.assertIn('- live:     {"timestamp":' + str(feeder.timestamp) + ',"key":"ff00"',
                      done.out)
        self.assertIn("of somebody else", done.out)
        self.assertTrue(done.out.endswith("\ndifferent: 1 differences\n"), done)
        # Without the first half of its inputs another state comes of them.
        at = {self.inputs[name]: feeder.count[name] // 2 for name in INPUTS}
        done = run("replay", worker, "--compare", "--show=1", "--from=" + positions(at))
        self.assertEqual(done.status, 1, done)
        self.assertIn("store characters\n  - live:", done.out)
        self.assertIn("and ", done.out)
        self.assertIn(" more\n", done.out)
        self.assertIn("what came before is missing", done.out)
        # Up to another point the state cannot be compared, the outputs can.
        at = {self.inputs[name]: max(0, feeder.count[name] - 1) for name in INPUTS}
        done = run("replay", worker, "--compare", "--to=" + positions(at))
        self.assertIn("state: not compared", done.out)

    # ----------------------------------------------------------------------- files

    def test_files(self):
        worker, feeder, _ = self.busy_worker(400)
        self.stop(worker)
        before = self.everything(worker)
        out = os.path.join(self.directory, "out")
        done = run("replay", worker, f"--output_dir={out}")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(before, self.everything(worker))
        live = self.outputs(worker)
        for name in OUTPUTS:
            with open(os.path.join(out, worker.topics[name] + ".jsonl"), encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            self.assertEqual([(bytes.fromhex(line["key"]), line["value"], line["timestamp"])
                              for line in lines],
                             [(record.key, record.value.decode(), record.timestamp)
                              for record in live[name]])
            self.assertEqual([header[0] for line in lines for header in line["headers"]],
                             [header[0] for record in live[name] for header in record.headers])
        self.assertGreater(len(lines), 0)  # of dead letters
        state = run("state-dump", worker, "--format=json", "--offline", state_dir=out,
                    application_id=f"{worker.application_id}.replay")
        self.assertEqual(state.out.splitlines(), before["state"])
        # Nothing is overwritten.
        self.assert_refused(run("replay", worker, f"--output_dir={out}"), 1, out, "not empty")
        # A part of it, by time.
        seconds, milliseconds = divmod(feeder.timestamp - 99, 1000)
        self.assertEqual(seconds, 1_700_000_000)
        done = run("replay", worker, f"--from=2023-11-14T22:13:20.{milliseconds:03}Z")
        self.assertIn("replayed 100 records", done.out)

    # ------------------------------------------------------------------------ into

    def lost_worker(self):
        """A party of two; then all of its state is lost, and a third character's JOIN comes."""
        worker, feeder = self.processed_worker(on_stop="leave")
        feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.delete(self.repartition(worker), *(self.changelog(worker, s) for s in STORES))
        worker.wipe()
        return worker, feeder

    def party_events(self, worker):
        return [json.loads(record.value)["type"] for record in self.outputs(worker)[PARTY]]

    def successor(self, worker):
        other = self.worker("next", session_timeout_ms=6000, on_stop="leave")
        other.topics = worker.topics
        return other

    def test_a_lost_state_goes_on_under_another_id(self):
        worker, feeder = self.lost_worker()
        other = self.successor(worker)
        into = f"--into={other.application_id}"
        group = self.committed(worker)
        done = run("replay", worker, into)
        self.assertEqual(done.status, 0, done)
        self.assertIn("done", done.out)
        self.assertEqual(self.party_events(worker), ["CREATED", "JOINED"])
        self.assertEqual(self.committed(worker), group)
        self.assertEqual(self.committed(other), group)
        # Not twice.
        self.assert_refused(run("replay", worker, into), 1, other.application_id, "is not new")

        other.start()
        other.wait_log("running plan")
        self.wait_processed(other, feeder)
        self.assert_members(other, [1, 2, 3])
        self.assertEqual(self.party_events(worker), ["CREATED", "JOINED", "JOINED"])
        self.assert_refused(run("replay", worker, into), 1, "has the member")
        self.stop(other)
        other.start()
        other.wait_log("running plan", 2)
        self.stop(other)
        self.assertEqual(other.dump("--offline"), other.dump())

    def test_what_into_refuses(self):
        worker, feeder = self.lost_worker()
        other = self.successor(worker)
        into = f"--into={other.application_id}"
        # Each sign of an application by itself.
        self.create(self.changelog(other, "parties"))
        self.assert_refused(run("replay", worker, into), 1, self.changelog(other, "parties"))
        self.delete(self.changelog(other, "parties"))
        self.commit(other, {STATUS: 1})
        self.assert_refused(run("replay", worker, into), 1, "committed offset", "reset")
        self.delete_group(other)
        self.assert_refused(run("replay", worker, into, dead_letter_topic=self.name + "-none"), 1,
                            self.name + "-none", "--create_topics")
        # From the middle, or where the beginning is gone.
        at = {self.inputs[STATUS]: 1, self.inputs[INVITE_STATUS]: 0, self.inputs[COMMANDS]: 0}
        self.assert_refused(run("replay", worker, into, "--from=" + positions(at)), 1,
                            self.inputs[STATUS], "--start_state", "--lost_inputs=skip")
        self.delete_records(self.inputs[STATUS], 1)
        self.assert_refused(run("replay", worker, into), 1, "from offset 1", "--lost_inputs=skip")
        # How far it was announced is not known.
        self.delete_group(worker)
        self.assert_refused(run("replay", worker, into, "--lost_inputs=skip"), 1,
                            "no committed offset", "--to")
        done = run("replay", worker, into, "--lost_inputs=skip", "--to=latest")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(self.committed(other),
                         {self.inputs[name]: feeder.count[name] for name in INPUTS})

    def test_wrong_arguments(self):
        worker = self.worker("w")
        for flags, names in (
                (["--from=yesterday"], ["--from", "yesterday", "earliest"]),
                (["--to=7"], ["--to", "\"7\"", "latest"]),
                (["--from=earliest", "--start_state=x"], ["--from", "--start_state"]),
                (["--compare", "--into=x"], ["--compare", "--into"]),
                (["--into=a b"], ["--into", "a b", "letters"]),
                ([f"--into={worker.application_id}"], ["--into", "itself"]),
                (["--show=-1"], ["--show", "-1"]),
                (["--show=x"], ["--show", "whole number"]),
                (["--back"], ["--back"])):
            with self.subTest(flags=flags):
                self.assert_refused(run("replay", worker, *flags), 2, *names)
        self.assertEqual(run("replay", worker, "--help").status, 0)

    def test_what_is_not_there(self):
        worker, _ = self.processed_worker(on_stop="leave")
        before = self.everything(worker)
        self.assert_refused(run("replay", worker, bootstrap_servers="127.0.0.1:1"), 1,
                            "127.0.0.1:1")
        self.assert_refused(run("replay", worker, "--start_state=/nowhere"), 1, "/nowhere",
                            "--start_state")
        path = os.path.join(self.directory, "wrong")
        with open(path, "w", encoding="utf-8") as file:
            file.write("{}\n")
        self.assert_refused(run("replay", worker, f"--start_state={path}", "--from=earliest"), 1,
                            path, "line 1", "field store")
        self.assert_refused(run("replay", worker, "--command_topic_party=none-such"), 1,
                            "none-such")
        at = {self.inputs[STATUS]: 99, self.inputs[INVITE_STATUS]: 0, self.inputs[COMMANDS]: 0}
        self.assert_refused(run("replay", worker, "--to=" + positions(at)), 1, "99",
                            self.inputs[STATUS])
        self.assert_refused(run("replay", worker, "--from=latest", "--to=earliest"), 1,
                            "which is before it")
        self.assert_refused(run("replay", worker, "--compare", application_id=self.name + "-x",
                                dead_letter_topic=worker.topics["dead"]), 1, "APPLICATION_ID")
        self.assertEqual(before, self.everything(worker))


def positions(at):
    return ",".join(f"{topic}-0@{offset}" for topic, offset in at.items())


if __name__ == "__main__":
    unittest.main(verbosity=2)
