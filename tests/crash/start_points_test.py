#!/usr/bin/python3
"""kill -9 between the steps of a start, and in its restore."""

import os
import re
import struct
import sys
import unittest

from confluent_kafka import Producer

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import BOOTSTRAP  # noqa: E402
from crash import CrashTest, courses  # noqa: E402


class StartPointsTest(CrashTest):
    def course(self, point):
        """Dies there again and again on its disk, and with the disk lost; another that takes
        over dies there, too."""
        # Who comes back to its disk has no predecessor; one that has lost it keeps it until it
        # has committed.
        has_predecessor = point == "predecessor-ended"
        def run(label):
            # Without checkpoints the restore has more than one record for certain.
            settings = {"checkpoint_interval_ms": 600_000} if point == "restore-record:4" else {}
            worker = self.crashing(label, **settings)
            other = self.crashing(label, directory=f"{label}-other", **settings)
            if not settings:
                self.leave_checkpoint(worker)
            self.work(worker)
            if has_predecessor:
                worker.wipe()
            self.die_at(point, worker)
            self.die_at(point, worker)
            if not has_predecessor:
                self.work(worker)
                self.die_at(point, worker)
            worker.wipe()
            self.die_at(point, worker)
            if not has_predecessor:
                self.work(worker)
                self.die_at(point, worker)
            self.die_at(point, other)
            return other.start()
        return run

    def test_before_the_restore(self):
        self.under_load(courses(self.course, "initialized", "assigned", "predecessor-ended",
                                "offsets-read", "ranges-read:1", "ranges-read:2"), seed=21)

    def test_in_the_restore(self):
        self.under_load(courses(self.course, "store-opening", "store-opened", "restore-record:1",
                                "restore-record:4", "restored", "inputs-assigned"), seed=22)


class RestoreInPartsTest(CrashTest):
    """A restore puts down what has gathered when it reaches 256 MiB, and goes on from there."""

    RECORDS, BYTES = 320, 900_000

    def changelog_grows(self, worker):
        """By two parts, of which the second waits for the first to be put down; what it grows by
        is deleted in its end, which is read later: the state is as it was."""
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "compression.type": "lz4"})
        def write(numbers, value):
            for number in numbers:
                producer.produce(f"{worker.application_id}-characters-changelog", partition=0,
                                 key=b"junk" * 4 + struct.pack(">I", number), value=value)
                producer.poll(0)
            self.assertEqual(producer.flush(60), 0)
        for fill in (b"x", b"y"):
            write(range(self.RECORDS), fill * self.BYTES)
            write(range(self.RECORDS, self.RECORDS + 10_000), None)  # more than one poll brings
        write(range(self.RECORDS), None)

    def to_restore(self, worker):
        return int(re.search(r" restoring state_partition=0 offsets=(\d+)",
                             worker.log_since_start())[1])

    def test_goes_on_from_where_it_stands(self):
        worker = self.crashing("w", checkpoint_interval_ms=600_000).start()
        worker.wait_log("running plan")
        for character in range(1, 20):
            self.feeder.character(character)
        self.feeder.flush()
        self.wait_processed(worker, self.feeder)
        state = worker.dump()
        self.assertEqual(len(state), 19)
        self.assertEqual(worker.stop(), 0)
        self.changelog_grows(worker)
        worker.wipe()
        self.die_at("checkpoint-flushed", worker)
        self.assertNotIn("running plan", worker.log_since_start())
        whole = self.to_restore(worker)
        worker.start()
        worker.wait_log("running plan", 2)
        self.assertLess(self.to_restore(worker), whole - 256 * 1024 * 1024 // self.BYTES)
        self.assertEqual(worker.dump(), state)
        self.assertEqual(worker.stop(), 0)
        kept = worker.verify(state_dir=self.kept[worker.application_id][0])
        self.assertGreater(kept["right"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
