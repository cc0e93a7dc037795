#!/usr/bin/python3
"""Dead letters on a real broker: whole where they fit their topic, cut where they do not,
many at once, and the worker goes on."""

import os
import random
import sys
import unittest

from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import BOOTSTRAP, Feeder, KafkaTest, TENANT, headers  # noqa: E402

ERRORS = "__streams.errors."


def noise(size):
    """Bytes that no compression makes fewer."""
    return random.Random(1).randbytes(size)


class DeadLetterTest(KafkaTest):
    def start(self, largest_dead_letter=None):
        worker = self.worker("dead")
        topics = [NewTopic(topic, 1, 1, config={"max.message.bytes": "2000000"})
                  for topic in self.inputs.values()]
        if largest_dead_letter is not None:
            topics.append(NewTopic(worker.topics["dead"], 1, 1, config={
                "max.message.bytes": str(largest_dead_letter)}))
        for future in self.admin.create_topics(topics).values():
            future.result()
        worker.start()
        worker.wait_log("running plan")
        feeder = Feeder(self.inputs)
        feeder.producer = Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all",
                                    "enable.idempotence": True, "linger.ms": 0,
                                    "message.max.bytes": 2_000_000})
        return worker, feeder

    def send(self, feeder, key=b"key", value=b"bad", more_headers=()):
        feeder.timestamp += 1
        feeder.producer.produce(self.inputs["commands"], partition=0, key=key, value=value,
                                headers=headers() + list(more_headers),
                                timestamp=feeder.timestamp)
        feeder.count["commands"] += 1
        feeder.flush()

    def finish(self, worker, feeder):
        """What is dead; and that the worker is alive."""
        feeder.command(1, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        found = self.outputs(worker)
        self.assertEqual(len(found["party"]), 1)
        self.assertEqual(worker.stop(), 0)
        return found["dead"]

    def test_whole_where_it_fits(self):
        worker, feeder = self.start()
        large = noise(1_000_000)
        self.send(feeder, value=large)
        self.send(feeder, value=None, more_headers=[("h", large[:900_000]), ("n", None)])
        self.send(feeder, key=large[:900_000])
        dead = self.finish(worker, feeder)
        self.assertEqual([len(one.value or b"") for one in dead], [1_000_000, 0, 3])
        self.assertEqual([len(one.key) for one in dead], [3, 3, 900_000])
        self.assertIn(("h", large[:900_000]), dead[1].headers)
        for one in dead:
            self.assertNotIn(b"cut", dict(one.headers)[ERRORS + "message"])

    def check_cut(self, largest, takes):
        worker, feeder = self.start(largest)
        large = noise(1_060_000)
        self.send(feeder, value=large)
        self.send(feeder, more_headers=[("h", large)])
        self.send(feeder, key=large)
        self.send(feeder, key=large[:600_000], value=large[:600_000],
                  more_headers=[("h", large[:600_000])])
        dead = self.finish(worker, feeder)
        self.assertEqual(len(dead), 4)
        for i, one in enumerate(dead):
            told = dict(one.headers)
            self.assertIn(b"cut", told[ERRORS + "message"])
            self.assertEqual(told[ERRORS + "topic"], self.inputs["commands"].encode())
            self.assertEqual(told[ERRORS + "offset"], str(i).encode())
            self.assertEqual(told["TENANT_ID"], TENANT.encode())
            self.assertEqual(one.timestamp, feeder.timestamp - 4 + i)
        self.assertGreater(len(dead[0].value), takes - 5_000)
        self.assertEqual(large[:len(dead[0].value)], dead[0].value)
        self.assertEqual(dead[1].value, b"bad")
        self.assertGreater(len(dead[3].value), takes // 3)

    def test_cut_where_it_is_larger_than_topics_take_by_default(self):
        self.check_cut(None, 1_048_588)

    def test_cut_where_it_is_larger_than_this_topic_takes(self):
        self.check_cut(20_000, 20_000)

    # The producer puts several records into one batch, and the topic's limit is on batches.
    def test_many_at_once_in_a_topic_of_small_records(self):
        worker, feeder = self.start(largest_dead_letter=20_000)
        for _ in range(300):
            feeder.timestamp += 1
            feeder.producer.produce(self.inputs["commands"], partition=0, key=b"k",
                                    value=noise(15_000), headers=headers(),
                                    timestamp=feeder.timestamp)
            feeder.count["commands"] += 1
        feeder.flush()
        dead = self.finish(worker, feeder)
        self.assertEqual([len(one.value) for one in dead], [15_000] * 300)


if __name__ == "__main__":
    unittest.main(verbosity=2)
