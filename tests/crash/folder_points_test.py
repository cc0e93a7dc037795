#!/usr/bin/python3
"""kill -9 in a restore into a new folder, and where that takes the old one's place."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CrashTest, courses  # noqa: E402


class NewFolderTest(CrashTest):
    def course(self, point, flag="--changelogs=from-log"):
        """The operator's flag has the state restored into a new folder."""
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
            return self.crashing(label, directory=f"{label}-other").start()
        return run

    def test_while_it_is_filled(self):
        self.under_load(courses(self.course, "aside-opened", "restore-record:2", "aside-applied",
                                "aside-flushed"), seed=23)

    def test_while_it_takes_the_old_ones_place(self):
        self.under_load(courses(self.course, "replace-called", "replace-counts",
                                "replace-old-away", "replace-new-placed", "replaced"), seed=24)

    def test_while_it_is_rebuilt(self):
        """The old folder is kept beside: between that and the rest of it there is none."""
        self.under_load(courses(lambda point: self.course(point, "--rebuild"), "aside-flushed",
                                "replace-called", "replaced", "replace-counts",
                                "replace-new-placed"), seed=25)


if __name__ == "__main__":
    unittest.main(verbosity=2)
