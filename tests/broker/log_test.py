#!/usr/bin/python3
"""The worker's log as an operator and a log collector read it."""

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import Feeder, KafkaTest, TRACE_ID  # noqa: E402

FLOOD = 300


class LogTest(KafkaTest):
    def run_with_bad_input(self, **settings):
        worker = self.worker("log", **settings).start()
        feeder = Feeder(self.inputs)
        for _ in range(FLOOD):
            feeder.send("commands", 1, None, raw=b"no JSON")
        feeder.command(1, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(len(self.outputs(worker)["dead"]), FLOOD)
        return worker.log().splitlines()

    def test_text(self):
        lines = self.run_with_bad_input()
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                                   r"(debug|info|warning|error) \S")
        dead = [line for line in lines if " dead letter " in line]
        self.assertTrue(dead)
        # So many lines in a period; the traffic may last for more than one.
        self.assertLess(len(dead), FLOOD / 2)
        # All are accounted for.
        left_out = sum(int(n) for n in re.findall(r" left_out=(\d+)$", "\n".join(lines), re.M))
        self.assertEqual(len(dead) + left_out, FLOOD)
        for line in dead:
            self.assertIn(f" trace_id={TRACE_ID} code=INVALID_JSON ", line)
            self.assertIn(" warning ", line)

    def test_json(self):
        lines = [json.loads(line) for line in self.run_with_bad_input(log_format="json")]
        for line in lines:
            self.assertEqual(list(line)[:3], ["time", "level", "event"])
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        dead = [line for line in lines if line["event"] == "dead letter"]
        self.assertEqual(dead[0]["trace_id"], TRACE_ID)
        self.assertEqual((dead[0]["partition"], dead[0]["offset"]), (0, 0))
        running = next(line for line in lines if line["event"] == "running")
        self.assertEqual((running["level"], running["plan"]), ("info", "fused"))

    def test_levels(self):
        worker = self.worker("log").start()
        feeder = Feeder(self.inputs)
        feeder.command(1, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        log = worker.log()
        self.assertRegex(log, r" info assigned ")
        self.assertNotRegex(log, r" (warning|error) ")
        worker.kill()
        # A directory that another worker uses is for the operator.
        worker.start()
        worker.wait_log("running plan", count=2)
        second = self.worker("log")
        second.log_path += ".second"
        second.start()
        self.assertEqual(second.wait_exit(), 1)
        self.assertRegex(second.log().splitlines()[-1], r" error stopped why=")
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
