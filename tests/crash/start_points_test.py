#!/usr/bin/python3
"""kill -9 between the steps of a start: of a restore, of one into a new folder, and where
that folder takes the old one's place."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CrashTest  # noqa: E402


def courses(make, *points):
    return {point.replace(":", "-"): make(point) for point in points}


class StartPointsTest(CrashTest):
    def course(self, point):
        """Dies there twice on its disk, once with the disk lost; another that takes over dies
        there, too."""
        def run(label):
            # Without checkpoints the restore has more than one record for certain.
            settings = {"checkpoint_interval_ms": 600_000} if point == "restore-record:4" else {}
            worker = self.crashing(label, **settings)
            other = self.crashing(label, directory=f"{label}-other", **settings)
            self.work(worker)
            if point != "predecessor-ended":  # there is none before the disk is lost
                self.die_at(point, worker)
                self.die_at(point, worker)
                self.work(worker)
            worker.wipe()
            self.die_at(point, worker)
            self.work(worker)
            self.die_at(point, other)
            return other.start()
        return run

    def test_before_the_restore(self):
        self.under_load(courses(self.course, "initialized", "assigned", "predecessor-ended",
                                "offsets-read", "ranges-read:1", "ranges-read:2"), seed=21)

    def test_in_the_restore(self):
        self.under_load(courses(self.course, "store-opening", "store-opened", "restore-record:1",
                                "restore-record:4", "restored", "inputs-assigned"), seed=22)


class NewFolderTest(CrashTest):
    def course(self, point):
        """The operator's flag has the state restored into a new folder."""
        flag = "--changelogs=from-log"
        def run(label):
            worker = self.crashing(label)
            self.die_at("checkpoint-flushed:2", worker)
            self.die_at(point, worker, flag)
            self.die_at(point, worker, flag)
            # Without the flag: what the death left is put right.
            self.die_at("checkpoint-flushed:2", worker)
            self.die_at(point, worker, flag)
            worker.wipe()
            self.die_at("checkpoint-flushed:2", worker)
            self.die_at(point, worker, flag)
            return worker.start()
        return run

    def test_while_it_is_filled(self):
        self.under_load(courses(self.course, "aside-opened", "restore-record:2", "aside-applied",
                                "aside-flushed"), seed=23)

    def test_while_it_takes_the_old_ones_place(self):
        self.under_load(courses(self.course, "replace-called", "replace-counts",
                                "replace-old-away", "replace-new-placed", "replaced"), seed=24)


if __name__ == "__main__":
    unittest.main(verbosity=2)
