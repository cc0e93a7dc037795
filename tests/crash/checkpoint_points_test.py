#!/usr/bin/python3
"""kill -9 in a checkpoint: what is on disk is the last one or this one, never between."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CrashTest  # noqa: E402


class CheckpointPointsTest(CrashTest):
    def test_small_ones(self):
        """Through memtables and an atomic flush: the 6 syncs of one are hit one by one."""
        courses = {point: self.dies_each_time(point, (1, 2, 5), checkpoint_interval_ms=50)
                   for point in ("checkpoint-begun", "checkpoint-applied", "checkpoint-flushed")}
        courses["flush-sync"] = self.dies_each_time(
            "flush-sync", (1, 2, 3, 4, 5, 6, 7, 20), checkpoint_interval_ms=50)
        self.under_load(courses, seed=31)
        self.assertTrue(self.partial)

    def test_large_ones(self):
        """By sorted files that are taken in; what is taken in is durable at once. So each dies
        once on its disk, and once more where the disk was lost and all is restored."""
        def many_characters(feeder):
            for character in range(1000, 6500):
                feeder.status(character, "LOGIN", channelId=1, mapId=100000000)
        settings = {"checkpoint_keys": 5000, "checkpoint_interval_ms": 600_000}
        courses = {f"apply-sync-{count}": self.dies_each_time("apply-sync", (count,), **settings)
                   for count in (1, 3, 5, 6)}
        courses["checkpoint-applied"] = self.dies_each_time("checkpoint-applied", (1,), **settings)
        self.under_load(courses, seed=32, first=many_characters)


if __name__ == "__main__":
    unittest.main(verbosity=2)
