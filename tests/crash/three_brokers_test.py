#!/usr/bin/python3
"""Three brokers, of which those that matter are killed under load, one after another: the
leader of the inputs, the coordinator of the transactions, the coordinator of the group. Then
two at once, so that no write has enough replicas. Outputs and state are as those of a worker
that nobody disturbed."""

import os
import re
import sys
import unittest

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from broker_outage_test import Load  # noqa: E402
from harness import Feeder, INPUTS, PARTY, wait_for  # noqa: E402
from own_broker import OwnBrokerTest  # noqa: E402


LOG_PARTITIONS = 4  # of both coordinators' logs, by tools/kafka


def java_hash(text):
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return (value - (1 << 32) if value >= 1 << 31 else value) & 0x7FFFFFFF


class ThreeBrokersTest(OwnBrokerTest):
    brokers = 3

    def leader(self, topic, partition=0):
        """-1: nobody knows just now."""
        try:
            found = self.admin.list_topics(topic, timeout=20).topics[topic].partitions
        except KafkaException:
            return -1
        return found[partition].leader if partition in found else -1

    def coordinator(self, log, name):
        return self.leader(log, java_hash(name) % LOG_PARTITIONS)

    def in_sync(self, topic):
        try:
            return len(self.admin.list_topics(topic, timeout=20).topics[topic].partitions[0].isrs)
        except KafkaException:
            return 0

    def wait_whole(self, worker):
        topics = [*worker.topics.values(), "__consumer_offsets", "__transaction_state"]
        wait_for(lambda: all(self.in_sync(topic) == 3 for topic in topics), "all replicas")

    def wait_goes_on(self, worker):
        before = wait_for(lambda: self.committed_end(worker), "a leader of the outputs")
        wait_for(lambda: self.committed_end(worker) > before + 20 or not worker.running(),
                 "more outputs")
        self.assertTrue(worker.running())

    def committed_end(self, worker):
        """0: its leader is not known yet."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "nobody",
                             "isolation.level": "read_committed"})
        try:
            return consumer.get_watermark_offsets(TopicPartition(worker.topics[PARTY], 0),
                                                  timeout=5)[1]
        except KafkaException:
            return 0
        finally:
            consumer.close()

    def test_each_that_matters_is_killed(self):
        worker = self.worker("w", session_timeout_ms=6000, replication_factor=3)
        for topic in worker.topics.values():
            self.admin.create_topics([NewTopic(topic, 1, 3)])[topic].result()
        worker.start()
        worker.wait_log("running plan")
        instance = re.search("instance_id=([^ ]+)", worker.log()).group(1)
        transactional_id = f"{worker.application_id}-0-{instance}"
        feeder = Feeder(self.inputs, bootstrap=self.bootstrap)
        find = {
            "leader": lambda: self.leader(self.inputs[INPUTS[0]]),
            "transactions": lambda: self.coordinator("__transaction_state", transactional_id),
            "group": lambda: self.coordinator("__consumer_offsets", worker.application_id),
        }
        load = Load(feeder, 41)
        try:
            for what, where in find.items():
                with self.subTest(killed=what):
                    self.wait_whole(worker)
                    node = wait_for(lambda: max(0, where()), what)
                    self.broker.kill(node)
                    wait_for(lambda: where() not in (node, -1), f"another {what}")
                    self.wait_goes_on(worker)
                    self.broker.start()
            self.wait_whole(worker)

            # Two at once: what is left may not take a write.
            first = self.leader(self.inputs[INPUTS[0]])
            down = [node for node in (1, 2, 3) if node != first]
            for node in down:
                self.broker.kill(node)
            worker.wait_log("warning broker is not reachable")
            self.broker.start()
            self.wait_goes_on(worker)
        finally:
            load.end()
        self.wait_processed(worker, feeder)
        calm = self.worker("calm", replication_factor=3).start()
        self.wait_processed(calm, feeder)
        self.assert_same_outputs(self.outputs(calm), self.outputs(worker))
        self.assertEqual(calm.dump(), worker.dump())
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
