#!/usr/bin/python3
"""kill -9 in a checkpoint: what is on disk is the last one or this one, never between."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CrashTest, courses  # noqa: E402


class CheckpointPointsTest(CrashTest):
    def test_small_ones(self):
        """Through memtables and an atomic flush: the 6 syncs of one are hit one by one."""
        small = {point: self.dies_each_time(point, (1, 2, 5), checkpoint_interval_ms=50)
                 for point in ("checkpoint-begun", "checkpoint-applied", "checkpoint-flushed")}
        small["flush-sync"] = self.dies_each_time(
            "flush-sync", (1, 2, 3, 4, 5, 6, 7, 20), checkpoint_interval_ms=50)
        self.under_load(small, seed=31)
        self.assertTrue(self.partial)

    def large(self, point):
        """What is taken in is durable at once: the point comes again where the disk was lost
        and all is restored."""
        def run(label):
            settings = {"checkpoint_keys": 5000, "checkpoint_interval_ms": 600_000}
            worker = self.crashing(label, **settings)
            self.die_at(point, worker)
            self.work(worker)
            for _ in range(2):
                worker.wipe()
                self.die_at(point, worker)
            return self.crashing(label, directory=f"{label}-other", **settings).start()
        return run

    def test_large_ones(self):
        """By sorted files that are taken in."""
        def many_characters(feeder):
            for character in range(1000, 6500):
                feeder.status(character, "LOGIN", channelId=1, mapId=100000000)
        self.under_load({**courses(self.large, "apply-sync:1", "apply-sync:3", "apply-sync:5",
                                   "apply-sync:6"),
                         "large-checkpoint-applied": self.large("checkpoint-applied")},
                        seed=32, first=many_characters)


if __name__ == "__main__":
    unittest.main(verbosity=2)
