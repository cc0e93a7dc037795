#!/usr/bin/python3
"""The scenario files, through a worker on a real broker: outputs and state as bytes."""

import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import Feeder, KafkaTest, OUTPUTS  # noqa: E402
from scenario import Input, Restart, State, read_scenario  # noqa: E402

SCENARIOS = os.path.join(os.path.dirname(__file__), "..", "scenario", "scenarios", "*.txt")


class ScenarioBrokerTest(KafkaTest):
    def feed(self, feeder, step):
        feeder.producer.produce(self.inputs[step.topic], partition=0, key=step.key,
                                value=step.value, headers=list(step.headers),
                                timestamp=step.timestamp)
        feeder.count[step.topic] += 1
        feeder.flush()

    def play(self, path):
        worker = self.worker("scenario").start()
        feeder = Feeder(self.inputs)
        expected = {name: [] for name in OUTPUTS}
        worker.wait_log("running plan")
        starts = 1
        for step in read_scenario(path):
            if isinstance(step, Input):
                self.feed(feeder, step)
                for output in step.outputs:
                    expected[output.topic].append(output.as_written(self.inputs))
            elif isinstance(step, Restart):
                self.wait_processed(worker, feeder)
                self.assertEqual(worker.stop(), 0)
                worker.start()
                starts += 1
                worker.wait_log("running plan", starts)
            elif isinstance(step, State):
                self.wait_processed(worker, feeder)
                self.assertEqual(worker.dump(), step.entries)
        self.wait_processed(worker, feeder)
        found = self.outputs(worker)
        for name in OUTPUTS:
            self.assertEqual(
                [(r.key, r.value, [tuple(h) for h in r.headers], r.timestamp)
                 for r in found[name]], expected[name], name)
        self.assertEqual(worker.stop(), 0)


def add_tests():
    for path in sorted(glob.glob(SCENARIOS)):
        name = os.path.basename(path)[:-4].replace("-", "_")
        setattr(ScenarioBrokerTest, f"test_{name}", lambda self, path=path: self.play(path))


add_tests()

if __name__ == "__main__":
    unittest.main(verbosity=2)
