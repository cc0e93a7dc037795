#!/usr/bin/python3
"""kill -9 at each step of a transaction, under load: on the same disk, with the disk lost,
and with another worker taking over."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CrashTest  # noqa: E402


class TransactionPointsTest(CrashTest):
    def course(self, point, counts, **settings):
        """Dies at the point, at several of its hits; the disk is lost; another takes over."""
        def run(label):
            worker = self.crashing(label, **settings)
            for count in counts:
                self.die_at(f"{point}:{count}", worker)
            worker.wipe()
            self.die_at(f"{point}:{counts[0]}", worker)
            other = self.crashing(label, directory=f"{label}-other", **settings).start()
            other.wait_log("running plan")
            return other
        return run

    def test_before_the_commit(self):
        self.under_load({point: self.course(point, counts) for point, counts in {
            "fetched": (1, 2, 9),
            "processed": (2, 3, 9),
            "output-produced": (1, 2, 9),
            "changelog-produced": (5, 8, 21),
        }.items()}, seed=11)

    def test_in_the_commit(self):
        # The first commit of each process is the one without records.
        self.under_load({point: self.course(point, counts) for point, counts in {
            "offsets-sent": (1, 2, 9),
            "commit-called": (1, 2, 9),
            "written": (1, 2, 9),
            "commit-in-flight": (1, 2, 9),
            "committed": (1, 2, 9),
        }.items()}, seed=12)


if __name__ == "__main__":
    unittest.main(verbosity=2)
