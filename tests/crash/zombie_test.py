#!/usr/bin/python3
"""A worker that stands still (SIGSTOP) in the middle of something until another has taken
over, and then goes on: it commits nothing, its disk stays a prefix, and it joins again."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import wait_for  # noqa: E402
from crash import CrashTest, courses, reached  # noqa: E402


class ZombieTest(CrashTest):
    def course(self, point, **settings):
        def run(label):
            zombie = self.crashing(label, **settings)
            self.work(zombie)
            self.stand_still_at(point, zombie)
            self.keep_disk(zombie)
            successor = self.crashing(label, directory=f"{label}-successor", **settings).start()
            self.wait_at_work(successor, records=50)
            self.wake(zombie)
            # At the stop it puts down all that it takes for committed.
            self.assertEqual(zombie.stop(), 0)
            self.keep_disk(zombie)
            return successor
        return run

    def stand_still_at(self, point, worker):
        worker.start(party_worker_stop_at=point)
        worker.wait_stands_still()
        self.assertIn(reached(point, "stop"), worker.log_since_start())

    def wake(self, zombie):
        """It finds out that it has been replaced, and becomes a member again; or it is ended by
        its library, and becomes one by a start."""
        asleep = len(zombie.log())
        zombie.process.send_signal(signal.SIGCONT)
        def joined():
            said = zombie.log()[asleep:]
            found_out = max(said.rfind(text) for text in ("partitions lost", "this thread anew"))
            return -1 < found_out < said.rfind(" assigned ")
        wait_for(lambda: joined() or not zombie.running(), "the zombie to join again")
        if not zombie.running():
            before = zombie.log().count(" assigned ")
            self.start_again_after_library_fault(zombie)
            zombie.wait_log(" assigned ", count=before + 1)

    def test_in_a_transaction(self):
        points = ("processed:30", "offsets-sent:30", "commit-called:30", "written:30",
                  "commit-in-flight:30")
        self.under_load(courses(self.course, *points), seed=51)

    def test_in_a_checkpoint(self):
        points = ("checkpoint-begun:2", "checkpoint-applied:2", "flush-sync:8")
        self.under_load(courses(lambda point: self.course(point, checkpoint_interval_ms=50),
                                *points), seed=52)

    def test_in_a_start(self):
        points = ("assigned", "offsets-read", "ranges-read:2", "store-opened", "restored",
                  "inputs-assigned")
        self.under_load(courses(self.course, *points), seed=53)


if __name__ == "__main__":
    unittest.main(verbosity=2)
