#!/usr/bin/python3
"""kill -9 where the partitions are given up: in a revocation, and at the stop; and at the
very beginning of an application."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CrashTest, courses  # noqa: E402


class RevocationPointsTest(CrashTest):
    def course(self, point):
        """Two workers die by turns: each when the other joins. One of them loses its disk."""
        def run(label):
            owner = self.crashing(label)
            other = self.crashing(label, directory=f"{label}-other")
            owner.start(party_worker_crash_at=point)
            for turn in range(4):
                self.wait_at_work(owner)
                # The last lives: the session of the one before it ends in a revocation, too.
                other.start(**({"party_worker_crash_at": point} if turn < 3 else {}))
                self.assert_dies(point, owner)
                if turn == 1:
                    owner.wipe()
                owner, other = other, owner
            self.wait_at_work(owner)
            return owner
        return run

    def test_in_a_revocation(self):
        points = ("revoked", "revoke-offsets-sent", "revoke-committed", "unassigned")
        self.under_load(courses(self.course, *points), seed=41)


class StopPointsTest(CrashTest):
    def course(self, point, **settings):
        def run(label):
            worker = self.crashing(label, **settings)
            for _ in range(3):
                self.stop_and_die_at(point, worker)
            worker.wipe()
            self.stop_and_die_at(point, worker)
            return self.crashing(label, directory=f"{label}-other", **settings).start()
        return run

    def stop_and_die_at(self, point, worker):
        worker.start(party_worker_crash_at=point)
        self.wait_at_work(worker)
        worker.process.send_signal(signal.SIGTERM)
        self.assert_dies(point, worker)

    def test_at_the_stop(self):
        points = ("last-offsets-sent", "last-committed", "closing")
        def with_one_checkpoint(point):
            return self.course(point, checkpoint_interval_ms=600_000)
        self.under_load({**courses(self.course, *points),
                         **courses(with_one_checkpoint, "checkpoint-applied", "flush-sync:3")},
                        seed=42)


class FoundingPointsTest(CrashTest):
    leaves_checkpoints = False

    def course(self, point):
        """A first start, that dies, and once more where the next one gets there again; then it
        starts on its disk, without it, or another does."""
        def run(label):
            worker = self.crashing(label)
            self.die_at(point, worker)
            # The second start finds the topics that the first has made.
            again = {"topics-making:2": "topics-making:1", "topics-made:2": None}.get(point, point)
            if again:
                self.die_at(again, worker)
            if label.endswith("-taken-over"):
                return self.crashing(label, directory=f"{label}-other").start()
            if label.endswith("-wiped"):
                worker.wipe()
            return worker.start()
        return run

    def test_the_first_start(self):
        points = ("topics-making:1", "topics-making:2", "topics-made:2", "store-opened",
                  "written", "commit-in-flight")
        self.under_load({label + how: course for how in ("", "-wiped", "-taken-over")
                         for label, course in courses(self.course, *points).items()}, seed=43)


if __name__ == "__main__":
    unittest.main(verbosity=2)
