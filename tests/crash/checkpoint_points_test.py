#!/usr/bin/python3
"""kill -9 in a checkpoint: what is on disk is the last one or this one, never between."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import STATUS  # noqa: E402
from crash import CrashTest  # noqa: E402


class CheckpointPointsTest(CrashTest):
    def course(self, point, counts, **settings):
        def run(label):
            worker = self.crashing(label, **settings)
            for count in counts:
                self.die_at(f"{point}:{count}", worker)
            worker.wipe()
            self.die_at(f"{point}:{counts[-1]}", worker)
            return self.crashing(label, directory=f"{label}-other", **settings).start()
        return run

    def test_small_ones(self):
        """Through memtables and an atomic flush: the 6 syncs of one are hit one by one."""
        courses = {point: self.course(point, (1, 2, 5), checkpoint_interval_ms=50) for point in
                   ("checkpoint-begun", "checkpoint-applied", "checkpoint-flushed")}
        courses["flush-sync"] = self.course("flush-sync", (1, 2, 3, 4, 5, 6, 7, 20),
                                            checkpoint_interval_ms=50)
        self.under_load(courses, seed=31)
        self.assertGreater(self.partial, 0)

    def test_large_ones(self):
        """By sorted files that are taken in."""
        for character in range(1000, 6500):
            self.feeder.status(character, "LOGIN", channelId=1, mapId=100000000)
        self.feeder.flush()
        settings = {"checkpoint_keys": 5000, "checkpoint_interval_ms": 600_000}
        self.under_load({
            "apply-sync": self.course("apply-sync", (1, 2, 3, 4, 5, 6), **settings),
            "checkpoint-applied": self.course("checkpoint-applied", (1, 1), **settings),
            "checkpoint-flushed": self.course("checkpoint-flushed", (1,), **settings),
        }, seed=32)


if __name__ == "__main__":
    unittest.main(verbosity=2)
