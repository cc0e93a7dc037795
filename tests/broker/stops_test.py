#!/usr/bin/python3
"""The stops for what is wrong with inputs, offsets and directories: what does not fit is
named, with the flag that decides, and nothing is changed; then that flag does it, and
processing goes on right."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from confluent_kafka.admin import NewPartitions  # noqa: E402

from crash import CRASHING_WORKER  # noqa: E402
from harness import (BUILD, COMMANDS, Feeder, INPUTS, PARTY, STATUS, STORES,  # noqa: E402
                     read_topics, wait_for)
from stops import FIRST_PARTY, StopsTest, message_of  # noqa: E402

EDIT = os.path.join(BUILD, "tests", "edit_store")


class InputStopsTest(StopsTest):
    def test_inputs_deleted_before_they_were_processed(self):
        worker, feeder = self.processed_worker()
        for _ in range(3):
            feeder.command(1, "CREATE")  # an error each, that nobody will see
        feeder.flush()
        self.delete_records(self.inputs[COMMANDS], 4)
        self.assert_stops(worker, names=[f"{self.inputs[COMMANDS]}-0", "from offset 2 to 3",
                                         "from offset 4", "--lost_inputs=skip"])
        # One of the three is left: its error is the third event.
        self.assert_goes_on(worker, feeder, "--lost_inputs=skip", events=4)

    def test_inputs_deleted_under_a_running_worker(self):
        """Fetched records precede the gap: the worker must let go of them, and say why."""
        worker, feeder = self.processed_worker()
        backlog = 300_000
        for _ in range(backlog):
            feeder.command(7, "CREATE")
        feeder.flush()
        worker.program = CRASHING_WORKER
        worker.start(party_worker_stop_at="fetched")
        worker.wait_stands_still()
        self.delete_records(self.inputs[COMMANDS], backlog - 5)
        worker.process.send_signal(signal.SIGCONT)
        self.assertEqual(worker.wait_exit(), 1)
        for text in (f"{self.inputs[COMMANDS]}-0", "deleted before they were processed",
                     f"from offset {backlog - 5}", "--lost_inputs=skip"):
            self.assertIn(text, message_of(worker.log()))

    def test_input_made_anew(self):
        worker, feeder = self.processed_worker()
        self.delete(self.inputs[COMMANDS])
        self.create(self.inputs[COMMANDS])
        feeder.count[COMMANDS] = 0
        self.assert_stops(worker, names=[f"{self.inputs[COMMANDS]}-0", "--offsets="])
        self.assert_stops(worker, "--offsets=from-state",
                          names=[f"{self.inputs[COMMANDS]}-0", "ends at offset 0", "up to 2",
                                 "--lost_inputs=skip"])
        self.assert_goes_on(worker, feeder, "--offsets=from-state", "--lost_inputs=skip")

    def test_group_offsets_deleted(self):
        worker, feeder = self.processed_worker()
        self.delete_group(worker)
        self.assert_stops(worker, names=[f"{self.inputs[STATUS]}-0", "is none", "up to 12",
                                         "--offsets=from-state", "--offsets=from-group"])
        self.assert_goes_on(worker, feeder, "--offsets=from-state")

    def test_group_offsets_reset(self):
        worker, feeder = self.processed_worker()
        self.commit(worker, {COMMANDS: 1})
        self.assert_stops(worker, names=[f"{self.inputs[COMMANDS]}-0", "offset is 1", "up to 2",
                                         "--offsets=from-state", "--offsets=from-group"])
        # The JOIN comes again, and is answered by an error.
        self.assert_goes_on(worker, feeder, "--offsets=from-group", events=4)

    def test_group_offsets_reset_and_the_state_decides(self):
        worker, feeder = self.processed_worker()
        self.commit(worker, {name: 0 for name in INPUTS})
        self.assert_stops(worker, names=["offset is 0", "--offsets=from-state"])
        self.assert_goes_on(worker, feeder, "--offsets=from-state")

    def test_inputs_of_two_partitions(self):
        for name in INPUTS:
            self.create(self.inputs[name], partitions=2 if name == COMMANDS else 1)
        worker = self.worker("w")
        # The outputs are made, as the flag in the harness says; nothing of its own is.
        self.assert_stops(worker, names=[self.inputs[COMMANDS], "2 partitions", "fused plan"],
                          changes=True)
        self.assertEqual([topic for topic in self.admin.list_topics(timeout=10).topics
                          if topic.startswith(worker.application_id + "-")
                          and topic.endswith(("-changelog", "-repartition"))], [])

    def test_partitions_added_to_an_input_of_a_running_worker(self):
        worker = self.worker("w", kafka="topic.metadata.refresh.interval.ms=500").start()
        feeder = Feeder(self.inputs)
        worker.wait_log("running plan")
        added = self.admin.create_partitions([NewPartitions(self.inputs[COMMANDS], 2)])
        added[self.inputs[COMMANDS]].result()
        feeder.character(1)
        feeder.flush()
        self.assertEqual(worker.wait_exit(), 1)
        for name in (self.inputs[COMMANDS], "a partition 1", "fused plan"):
            self.assertIn(name, message_of(worker.log()))


class DirectoryStopsTest(StopsTest):
    def test_directory_of_another_application(self):
        worker, feeder = self.processed_worker()
        own = os.path.join(worker.state_dir, worker.application_id)
        stranger = self.worker("stranger", directory="w")
        theirs = os.path.join(worker.state_dir, stranger.application_id)
        os.rename(own, theirs)
        before = self.own_topics()
        stranger.start()
        self.assertEqual(stranger.wait_exit(), 1)
        message = message_of(stranger.log())
        for name in (theirs, worker.application_id, stranger.application_id):
            self.assertIn(name, message)
        self.assertEqual(before, self.own_topics())
        os.rename(theirs, own)
        self.assert_goes_on(worker, feeder)

    def test_stores_of_another_partition(self):
        worker, feeder = self.processed_worker()
        for store, changelog in zip(STORES, worker.changelogs()):
            first = read_topics([changelog])[changelog][0]
            self.assertEqual(first.key, b"identity")
            # docs/state-format.md: the envelope, an id, the partition.
            theirs = first.value[:2] + bytes(16) + struct.pack("<i", 1) + first.value[22:]
            subprocess.run([EDIT, os.path.join(worker.state_dir, worker.application_id, "stores", "0"),
                            store, first.key.hex(), theirs.hex()], check=True, timeout=60)
        self.assert_stops(worker, names=[
            f"{worker.changelogs()[0]}-0 is of application {worker.application_id}",
            "store characters, partition 0", "store characters, partition 1", "moved or copied",
            "--changelogs=from-log"])
        self.assert_goes_on(worker, feeder, "--changelogs=from-log")

    def test_directory_of_a_newer_format(self):
        worker, feeder = self.processed_worker()
        path = os.path.join(worker.state_dir, worker.application_id, "instance")
        with open(path, encoding="utf-8") as file:
            ours = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(ours.replace("format=1", "format=2"))
        worker.start()
        self.assertEqual(worker.wait_exit(), 1)
        for name in (path, 'format "2"', "knows 1"):
            self.assertIn(name, message_of(worker.log()))
        with open(path, "w", encoding="utf-8") as file:
            file.write(ours)
        self.assert_goes_on(worker, feeder)

    def test_second_process_on_one_directory(self):
        worker, feeder = self.processed_worker()
        worker.start()
        worker.wait_log("running plan", 2)
        second = self.worker("w", directory="w", session_timeout_ms=6000)
        second.log_path += ".second"
        second.start()
        self.assertEqual(second.wait_exit(), 1)
        message = message_of(second.log())
        self.assertIn(f"in use by process {worker.process.pid}.", message)
        self.assertIn("STATE_DIR", message)
        feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [1, 2, 3])
        self.assertEqual(worker.stop(), 0)

    def test_copied_directory_at_the_same_time(self):
        worker, feeder = self.processed_worker()
        copy = self.worker("w", directory="copy", session_timeout_ms=6000)
        shutil.copytree(worker.state_dir, copy.state_dir)
        worker.start()
        worker.wait_log("running plan", 2)
        copy.start()
        both = [worker, copy]
        wait_for(lambda: not all(one.running() for one in both), "one of the two to stop")
        stopped = worker if not worker.running() else copy
        other = copy if stopped is worker else worker
        self.assertEqual(stopped.wait_exit(), 1)
        self.assertIn("another process runs as member 0-", message_of(stopped.log()))
        self.assertIn("copy", message_of(stopped.log()))
        feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.wait_processed(other, feeder)
        self.assert_members(other, [1, 2, 3])
        self.assertEqual(len(self.outputs(other)[PARTY]), 3)
        self.assertEqual(other.stop(), 0)

if __name__ == "__main__":
    unittest.main(verbosity=2)
