#!/usr/bin/python3
"""A state directory on a disk that is full, and has room again later.

Wants root, and a system that lets it mount; elsewhere the tests are skipped."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import Feeder, KafkaTest, wait_for  # noqa: E402
from traffic import Traffic  # noqa: E402

DISK_MEGABYTES = 16
FAILED = "error checkpoint failed, will be tried again"


class FullDiskTest(KafkaTest):
    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.directory, "disk")
        os.mkdir(self.disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m",
                                  "tmpfs", self.disk], stderr=subprocess.PIPE, check=False)
        if mounted.returncode:
            self.skipTest(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)

    def fill(self):
        with open(os.path.join(self.disk, "filler"), "ab", buffering=0) as filler:
            for size in (1 << 16, 1):
                try:
                    while filler.write(b"\0" * size):
                        pass
                except OSError:
                    pass  # full

    def fill_until_it_fails(self, worker, times):
        """What the store gives free, as of a checkpoint that went on meanwhile, is filled, too."""
        def failed():
            self.fill()
            return worker.log_since_start().count(FAILED) >= times
        wait_for(failed, "a checkpoint to fail")

    def empty(self):
        os.remove(os.path.join(self.disk, "filler"))

    def worker_on_the_disk(self):
        worker = self.worker("w", checkpoint_interval_ms=100)
        worker.state_dir = os.path.join(self.disk, "w")  # its log is elsewhere
        return worker

    def feed(self, feeder, traffic, records):
        for _ in range(records):
            traffic.one(feeder)
            feeder.flush()  # else two workers might merge the inputs differently

    def compare_with_undisturbed(self, worker, feeder):
        calm = self.worker("calm").start()
        self.wait_processed(calm, feeder)
        expected = self.outputs(calm)
        self.assertGreater(len(expected["party"]), 100)
        self.assert_same_outputs(expected, self.outputs(worker))
        self.assertEqual(calm.dump(), worker.dump())

    def on_disk(self, worker):
        return len(worker.dump("--offline"))

    def test_it_processes_on_and_checkpoints_when_there_is_room(self):
        worker = self.worker_on_the_disk().start()
        worker.wait_log("running plan")
        feeder, traffic = Feeder(self.inputs), Traffic(21, characters=300)
        self.feed(feeder, traffic, 500)
        self.wait_processed(worker, feeder)
        self.fill()
        self.feed(feeder, traffic, 1000)
        self.wait_processed(worker, feeder)  # the disk does not hold it up
        self.fill_until_it_fails(worker, times=2)
        self.assertRegex(worker.log(), FAILED + r' why="[^"]*[Nn]o space left on device[^"]*'
                                                r'" pending_keys=\d+')
        self.empty()
        # By itself: the same process writes down what has gathered.
        wait_for(lambda: self.on_disk(worker) == len(worker.dump()), "a checkpoint")
        self.feed(feeder, traffic, 500)
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.log().count("running plan"), 1)
        self.compare_with_undisturbed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(worker.dump("--offline"), worker.dump())

    def test_stopped_or_killed_with_a_full_disk_it_loses_nothing(self):
        worker = self.worker_on_the_disk().start()
        worker.wait_log("running plan")
        feeder, traffic = Feeder(self.inputs), Traffic(22, characters=300)
        self.feed(feeder, traffic, 500)
        self.wait_processed(worker, feeder)
        self.fill()
        self.feed(feeder, traffic, 1000)
        self.wait_processed(worker, feeder)
        self.fill_until_it_fails(worker, times=1)
        self.assertEqual(worker.stop(), 0)
        self.assertIn("error the last checkpoint failed; the next start reads more", worker.log())

        # Where it cannot even open its stores, it says so and ends.
        worker.start()
        wait_for(lambda: not worker.running() or worker.log().count("running plan") == 2,
                 "an end or a start")
        if worker.running():
            worker.kill()
        else:
            self.assertEqual(worker.wait_exit(), 1)
            self.assertTrue(re.search(r"error stopped why=.*[Nn]o space left", worker.log()))
        self.empty()
        runs = worker.log().count("running plan")
        worker.start()
        worker.wait_log("running plan", runs + 1)
        self.feed(feeder, traffic, 300)
        self.wait_processed(worker, feeder)
        self.compare_with_undisturbed(worker, feeder)


if __name__ == "__main__":
    unittest.main(verbosity=2)
