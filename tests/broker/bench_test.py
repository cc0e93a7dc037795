#!/usr/bin/python3
"""The benchmarks, each once and small: that they run, and report what they say they do."""

import json
import os
import subprocess
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LIMIT_SECONDS = 300


@unittest.skipUnless(os.environ.get("BOOTSTRAP_SERVERS"), "BOOTSTRAP_SERVERS names no broker")
class BenchTest(unittest.TestCase):
    def bench(self, *arguments):
        """{(case, what): values}"""
        done = subprocess.run([os.path.join(ROOT, "tools", "bench"), *arguments], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=LIMIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        machine, *lines = map(json.loads, done.stdout.decode().splitlines())
        self.assertGreater(machine["machine"]["processors"], 0)
        self.assertTrue(machine["machine"]["commit"])
        return {(line["case"], line["what"]): line["values"] for line in lines}

    def test_recovery(self):
        found = self.bench("recovery", "--characters", "1000", "--larger", "2", "--runs", "1",
                           "--set", "session_timeout_ms=6000", "--json")
        for case in ("same disk, 1,000 characters", "same disk, 2,000 characters",
                     "empty disk, 1,000 characters", "another worker, 1,000 characters"):
            self.assertEqual(len(found[case, "kill -9 to first new output"]), 1)
            self.assertGreater(found[case, "kill -9 to first new output"][0], 0)
        for case in ("empty disk, 1,000 characters", "another worker, 1,000 characters"):
            # Each character, each of the parties, and what the traffic has changed.
            self.assertGreater(found[case, "restored"][0], 1100)
            self.assertGreater(found[case, "a bare consumer"][0], 0)
        self.assertGreater(found["same disk, 1,000 characters", "records that the disk lacked"][0],
                           0)

    def test_throughput(self):
        found = self.bench("throughput", "--characters", "1000", "--records", "20000", "--runs",
                           "1", "--json")
        for case in ("worker", "bare loop"):
            for what in ("catching up", "CPU", "largest memory"):
                self.assertGreater(found[case, what][0], 0)
        # 30 % are for the worker; of those that announce something, three in ten are in a party.
        self.assertTrue(500 < found["mix", "outputs"][0] < 1500, found)
        self.assertGreater(found["mix", "changelog records"][0], 0)

    def test_latency(self):
        found = self.bench("latency", "--characters", "1000", "--rate", "50", "--seconds", "2",
                           "--json")
        self.assertEqual(found["50 commands/s", "answered"], [100])
        self.assertLessEqual(found["50 commands/s", "p50"], found["50 commands/s", "longest"])

    def test_a_wrong_number_is_refused(self):
        done = subprocess.run([os.path.join(ROOT, "tools", "bench"), "recovery", "--characters",
                               "15"], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=LIMIT_SECONDS)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--characters", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
