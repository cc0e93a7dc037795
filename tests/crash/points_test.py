#!/usr/bin/python3
"""The crash points themselves: each is hit by a test, and a wrong name is no silent run."""

import glob
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import deaths  # noqa: E402
from crash import CRASHING_WORKER  # noqa: E402


def points():
    done = subprocess.run([CRASHING_WORKER, "--list_points"], stdout=subprocess.PIPE, check=True)
    return [line.split()[0] for line in done.stdout.decode().splitlines()]


def start(**environment):
    return subprocess.run([CRASHING_WORKER], env={**os.environ, **environment}, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)


class PointsTest(unittest.TestCase):
    def test_each_is_hit_by_a_test(self):
        named = set()
        for path in glob.glob(os.path.join(HERE, "*_points_test.py")):
            with open(path, encoding="utf-8") as file:
                named |= set(re.findall(r'"([a-z-]+)(?::\d+)?"', file.read()))
        self.assertGreater(len(points()), 30)
        self.assertEqual(set(points()) - named, set())

    def test_each_is_claimed(self):
        """By the page, for the operator; what a test does is held against that by itself."""
        self.assertEqual(sorted(deaths.claims()), sorted(points()))
        for claim in deaths.claims().values():
            self.assertEqual(set(claim), {deaths.ON_ITS_DISK, deaths.DISK_LOST, deaths.TAKEN_OVER})

    def test_a_wrong_one_is_refused(self):
        for variable in ("PARTY_WORKER_CRASH_AT", "PARTY_WORKER_STOP_AT"):
            for value, why in (("commited", "no such point"), ("committed:0", "1 or more"),
                               ("committed:x", "1 or more")):
                done = start(**{variable: value})
                self.assertEqual(done.returncode, 2)
                for text in (variable, value, why):
                    self.assertIn(text, done.stderr.decode())


if __name__ == "__main__":
    unittest.main(verbosity=2)
