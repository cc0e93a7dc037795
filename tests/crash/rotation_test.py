#!/usr/bin/python3
"""Two workers under load, and whatever can befall their processes, at random: kill -9, a
stop, standing still for shorter and longer than a session, the disk lost. ROTATION_SECONDS
says for how long (60; and on until each has befallen one), ROTATION_SEED what befalls whom; how
far a worker has come by then is for the machine to say."""

import os
import random
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import wait_for  # noqa: E402
from crash import CrashTest  # noqa: E402

SECONDS = float(os.environ.get("ROTATION_SECONDS", "60"))
SEED = int(os.environ.get("ROTATION_SEED") or random.randrange(1_000_000))


class RotationTest(CrashTest):
    def rotate(self, label):
        # Before anything can go wrong.
        print(f"\nROTATION_SEED={SEED} ROTATION_SECONDS={SECONDS:g}", flush=True)
        dice = random.Random(SEED)
        workers = [self.crashing(label, directory=f"{label}-{one}", checkpoint_interval_ms=100)
                   for one in "ab"]
        self.count = dict.fromkeys(("killed at work", "killed", "disk kept", "wiped", "stopped",
                                    "stood still"), 0)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or not self.has_had_enough():
            if dice.random() < 0.7:  # else it may be hit while it starts, or takes over
                self.wait_for_one_at_work(workers)
            time.sleep(dice.choice((0, 0.2, 2)) * dice.random())
            at_work = [worker for worker in workers if self.works(worker)]
            self.befall(dice.choice(at_work * 3 + workers), dice)
        for worker in workers:
            if worker.process is None:
                worker.start()
        print(self.count)
        return workers

    def has_had_enough(self):
        return (self.count["killed at work"] > SECONDS / 20 and
                all(times for what, times in self.count.items() if what != "killed"))

    def wait_for_one_at_work(self, workers):
        for worker in workers:
            if worker.process is None:
                worker.start()
        wait_for(lambda: any(self.works(worker) for worker in workers), "one to work")

    def befall(self, worker, dice):
        if worker.process is None:
            worker.start()
            return
        if not worker.running():
            self.start_again_after_library_fault(worker)
            return
        kind = dice.random()
        if kind < 0.6:
            self.count["killed at work" if self.works(worker) else "killed"] += 1
            worker.kill()
            if dice.random() < 0.2 and self.has_instance(worker):
                self.keep_disk(worker)
                kept = self.kept[worker.application_id][-1]
                # With a checkpoint, which can be looked at.
                self.count["disk kept"] += worker.on_disk(kept) != []
            if dice.random() < 0.15:
                self.count["wiped"] += 1
                worker.wipe()
            if dice.random() < 0.7:
                worker.start()
        elif kind < 0.75:
            self.count["stopped"] += 1
            self.stop_when_it_hears(worker)
        else:
            self.count["stood still"] += 1
            worker.process.send_signal(signal.SIGSTOP)
            time.sleep(dice.choice((0.2, 0.2, 1, 8)))
            worker.process.send_signal(signal.SIGCONT)

    def stop_when_it_hears(self, worker):
        """One that has just started would be killed by the signal."""
        wait_for(lambda: " party-worker " in worker.log_since_start() or not worker.running(),
                 "the worker to begin")
        self.assertEqual(worker.stop(), 0)

    @staticmethod
    def has_instance(worker):
        """Else it was killed before it had a directory."""
        return os.path.exists(os.path.join(worker.state_dir, worker.application_id, "instance"))

    def works(self, worker):
        """Whether it has come to run, as its log says, and has not lost it since."""
        if worker.process is None:
            return False
        said = worker.log_since_start()
        return said.rfind(" running plan=") > max(
            said.rfind(text) for text in (" assigned ", " revoked", " lost", " anew "))

    def test_rotation(self):
        def run(label):
            last, other = self.rotate(label)
            self.stop_when_it_hears(other)
            return last
        self.under_load({"rotating": run}, seed=SEED)


if __name__ == "__main__":
    unittest.main(verbosity=2)
