#!/usr/bin/python3
"""kill -9 at each step of a transaction, under load: on the same disk, with the disk lost,
and with another worker taking over."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import OUTPUTS, PARTY  # noqa: E402
from crash import CrashTest  # noqa: E402


class TransactionPointsTest(CrashTest):
    def courses(self, points, **settings):
        return {point: self.dies_each_time(point, counts, **settings)
                for point, counts in points.items()}

    def test_before_the_commit(self):
        self.under_load(self.courses({
            "fetched": (1, 2, 60),
            "processed": (2, 3, 60),
            "output-produced": (1, 2, 60),
            "changelog-produced": (5, 8, 120),
        }), seed=11)
        self.assertTrue(self.partial)

    def test_in_the_commit(self):
        # The first commit of each process is the one without records, which in a new state
        # is the one that founds it.
        self.under_load(self.courses({
            "offsets-sent": (1, 2, 60),
            "commit-called": (1, 2, 60),
            "written": (1, 2, 60),
            "commit-in-flight": (1, 2, 60),
            "committed": (1, 2, 60),
        }), seed=12)
        self.assertTrue(self.partial)


class AtLeastOnceTest(CrashTest):
    def compare_outputs(self, expected, found):
        """Nothing is missing, nothing is in another order where it comes first, and what came
        again did not come once more for nothing."""
        again = 0
        for name in OUTPUTS:
            unique, seen = [], set()
            for record in found[name]:
                if repr(record) not in seen:
                    unique.append(record)
                seen.add(repr(record))
            again += len(found[name]) - len(unique)
            self.assertEqual(unique, expected[name], name)
        self.assertGreater(again, 0)  # so it was hit where it was meant to be

    def test_outputs_written_and_not_committed(self):
        self.under_load({"outputs-flushed": self.dies_each_time(
            "outputs-flushed", (1, 2, 60), output_guarantee="at_least_once")}, seed=13)


class OutcomeTest(CrashTest):
    """Of one command, whose commit is hit: how it ended is told by the outputs."""

    def setUp(self):
        super().setUp()
        self.worker = self.crashing("w").start()
        self.worker.wait_log("running plan")
        self.feeder.character(1)
        self.feeder.flush()
        self.wait_processed(self.worker, self.feeder)
        self.assertEqual(self.worker.stop(), 0)

    def found_a_party_and_die_at(self, point):
        self.worker.start(party_worker_crash_at=f"{point}:2")
        self.worker.wait_log("running plan", 2)
        self.feeder.command(1, "CREATE")
        self.feeder.flush()
        self.assert_dies(point, self.worker)

    def announced(self, isolation):
        return len(self.outputs(self.worker, isolation)[PARTY])

    def assert_goes_on(self):
        self.worker.start()
        self.wait_processed(self.worker, self.feeder)
        self.assertEqual(self.announced("read_committed"), 1)
        self.assertEqual(self.worker.stop(), 0)

    def test_written_and_not_committed(self):
        self.found_a_party_and_die_at("written")
        self.assertEqual(self.announced("read_uncommitted"), 1)
        self.assert_goes_on()
        self.assertEqual(self.announced("read_uncommitted"), 2)

    def test_committed_unheard(self):
        self.found_a_party_and_die_at("commit-in-flight")
        self.assertEqual(self.announced("read_committed"), 1)
        self.assert_goes_on()
        self.assertEqual(self.announced("read_uncommitted"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
