#!/usr/bin/python3
"""Random traffic through a worker on a real broker that is killed now and then, against
the plain model: outputs as bytes, and the state."""

import os
import random
import sys
import time
import unittest

from confluent_kafka.admin import NewTopic

TESTS = os.path.join(os.path.dirname(__file__), "..")
sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "model")]

from harness import Feeder, KafkaTest, OUTPUTS, ends_of  # noqa: E402
from plain_model import ANYTHING, Model  # noqa: E402
from random_records import RandomRecords  # noqa: E402

RECORDS = int(os.environ.get("MODEL_RECORDS", "12000"))
SEED = int(os.environ.get("MODEL_SEED", "3"))
LATER_THAN_ALL = 10 ** 15


class ModelTest(KafkaTest):
    def make_inputs(self):
        topics = [NewTopic(topic, 1, 1) for topic in self.inputs.values()]
        for future in self.admin.create_topics(topics).values():
            future.result()

    def feed(self, feeder, record):
        while True:
            try:
                feeder.producer.produce(self.inputs[record.topic], partition=0, key=record.key,
                                        value=record.value, headers=list(record.headers),
                                        timestamp=record.timestamp)
                break
            except BufferError:
                feeder.producer.poll(1)
        feeder.count[record.topic] += 1

    def compare(self, name, found, expected):
        for i, (one, wanted) in enumerate(zip(found, expected)):
            where = f"{name} record {i}, seed {SEED}"
            self.assertEqual((one.key, one.value, one.timestamp),
                             (wanted.key, wanted.value, wanted.timestamp), where)
            headers = [tuple(header) for header in one.headers]
            self.assertEqual([name for name, _ in headers], [name for name, _ in wanted.headers],
                             where)
            for (header, value), (_, want) in zip(headers, wanted.headers):
                if want is ANYTHING:
                    self.assertTrue(value, f"{where}: {header}")
                else:
                    self.assertEqual(value, want, f"{where}: {header}")
        self.assertEqual(len(found), len(expected), f"records in {name}")

    def compare_with_rewinds(self, name, found, expected, most):
        """At least once: each, in order; after a kill some come again, from further back. Some
        are equal to others: so the fewest goings back that explain what was found count."""
        places = {}  # in what was expected
        for place, one in enumerate(expected):
            places.setdefault((one.key, one.value, one.timestamp), []).append(place)
        rewinds = {0: 0}  # by where the next may be expected
        for i, one in enumerate(found):
            following = {}
            for place in places.get((one.key, one.value, one.timestamp), ()):
                ways = [count + (at > place) for at, count in rewinds.items() if at >= place]
                if ways:
                    following[place + 1] = min(ways)
            rewinds = following
            self.assertTrue(rewinds, f"{name} record {i}, seed {SEED}: {one}")
        self.assertIn(len(expected), rewinds, f"records in {name}")
        self.assertLessEqual(rewinds[len(expected)], most, name)

    def run_against_model(self, records, kills, environment="", compare=None, **settings):
        dice = random.Random(SEED)
        model = Model(LATER_THAN_ALL, environment, self.inputs)
        traffic = RandomRecords(SEED, model)
        feeder = Feeder(self.inputs)
        expected = {name: [] for name in OUTPUTS}
        worker = self.worker("model", environment=environment, **settings)
        self.make_inputs()
        for run in range(kills + 1):
            # The worker is down: what it finds it must take in the order of the timestamps.
            for _ in range(records // (kills + 1)):
                record = traffic.one()
                self.feed(feeder, record)
                for output in model.process(record):
                    expected[output.topic].append(output)
            feeder.flush()
            worker.start()
            worker.wait_log("running plan", run + 1)
            if run < kills:
                time.sleep(dice.uniform(0, 0.15))
                worker.kill()
        self.wait_processed(worker, feeder)
        found = self.outputs(worker)
        for name in OUTPUTS:
            self.assertGreater(len(expected[name]), records // 200, name)
            (compare or self.compare)(name, found[name], expected[name])
        self.assertEqual(worker.dump(), model.state_lines())
        self.assertEqual(worker.stop(), 0)
        return worker, model

    def test_killed_now_and_then(self):
        self.run_against_model(RECORDS, kills=2)

    def test_one_environment_of_several_and_the_counters_at_stop(self):
        worker, model = self.run_against_model(RECORDS // 4, kills=0, environment="blue")
        skipped = worker.counted("records_skipped_total")
        of_others = worker.counted("records_skipped_total", "type=other_environment")
        self.assertEqual(of_others, model.counts["other environment"])
        self.assertEqual(skipped - of_others, model.counts["skipped"])
        self.assertGreater(worker.counted("records_dead_lettered_total"), 10)

    def test_at_least_once_writes_outputs_without_markers(self):
        worker, _ = self.run_against_model(RECORDS // 4, kills=0, output_guarantee="at_least_once")
        found = self.outputs(worker, isolation="read_uncommitted")
        ends = ends_of(worker.topics[name] for name in OUTPUTS)
        for name in OUTPUTS:
            self.assertEqual(ends[worker.topics[name]], len(found[name]), name)

    def test_at_least_once_misses_nothing_after_a_kill(self):
        kills = 3
        self.run_against_model(
            RECORDS // 2, kills=kills, output_guarantee="at_least_once", commit_interval_ms=20,
            compare=lambda name, found, expected: self.compare_with_rewinds(
                name, found, expected, most=kills))


if __name__ == "__main__":
    unittest.main(verbosity=2)
