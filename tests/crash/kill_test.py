#!/usr/bin/python3
"""kill -9 under load: outputs and state are exactly as without the kill."""

import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import KafkaTest, Feeder  # noqa: E402
from traffic import Traffic  # noqa: E402

CHUNK = 40
CHUNKS = 100


class KillTest(KafkaTest):
    def run_killed(self, seed, kills, wipe, **settings):
        """Feeds traffic while a worker is killed and started again; then lets another one,
        undisturbed, do the same, and compares."""
        dice = random.Random(seed)
        feeder = Feeder(self.inputs)
        traffic = Traffic(seed)
        killed = self.worker("killed", **settings).start()
        killed.wait_log("running plan")
        kill_at = set(dice.sample(range(5, CHUNKS), kills))
        starts = 1
        for chunk in range(CHUNKS):
            for _ in range(CHUNK):
                traffic.one(feeder)
                feeder.flush()
            if chunk in kill_at:
                killed.wait_log("running plan", count=starts)  # it is at work when it is hit
                killed.kill()
                if wipe:
                    killed.wipe()
                killed.start()
                starts += 1
        # The dead one may have processed all: then there is nothing left to wait for but this.
        killed.wait_log("running plan", count=starts)
        self.wait_processed(killed, feeder)
        self.assertEqual(killed.log().count("running plan"), starts)
        self.assertEqual(starts, kills + 1)
        return feeder, killed

    def compare_with_undisturbed(self, feeder, killed):
        calm = self.worker("calm").start()
        self.wait_processed(calm, feeder)
        expected, found = self.outputs(calm), self.outputs(killed)
        self.assertGreater(len(expected["party"]), 100)
        self.assert_same_outputs(expected, found)
        self.assertEqual(calm.dump(), killed.dump())
        self.stop(calm)
        self.stop(killed)
        # And what the stop has put down is all of it.
        self.assertEqual(calm.dump("--offline"), killed.dump("--offline"))
        self.assertEqual(calm.dump("--offline"), calm.dump())
        for worker in (calm, killed):
            verified = worker.verify()
            self.assertEqual((verified["superseded"], verified["not_checked"]), (0, []))
            self.assertGreater(verified["right"], 40)

    def test_same_disk(self):
        self.compare_with_undisturbed(*self.run_killed(seed=1, kills=12, wipe=False))

    def test_same_disk_with_many_checkpoints(self):
        self.compare_with_undisturbed(
            *self.run_killed(seed=2, kills=12, wipe=False, checkpoint_interval_ms=20))

    def test_disk_lost(self):
        # A new directory is a new member: the dead one's session must end first.
        self.compare_with_undisturbed(
            *self.run_killed(seed=3, kills=2, wipe=True, session_timeout_ms=6000))


if __name__ == "__main__":
    unittest.main(verbosity=2)
