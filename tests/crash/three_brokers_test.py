#!/usr/bin/python3
"""Three brokers, of which those that matter are killed under load, one after another: the
leader of the inputs, the coordinator of the transactions, the coordinator of the group. Then
two at once, so that no write has enough replicas. Outputs and state are as those of a worker
that nobody disturbed."""

import os
import re
import subprocess
import sys
import unittest

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import BUILD, Feeder, INPUTS, PARTY, wait_for  # noqa: E402
from own_broker import OwnBrokerTest  # noqa: E402
from traffic import Load  # noqa: E402


LOG_PARTITIONS = 4  # of both coordinators' logs, by tools/kafka


def partition_of(name):
    """Of a coordinator's log: Java's hashCode, and Kafka's Utils.abs of it."""
    value = 0
    for letter in name:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    value = value - (1 << 32) if value >= 1 << 31 else value
    return (0 if value == -(1 << 31) else abs(value)) % LOG_PARTITIONS


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
        return self.leader(log, partition_of(name))

    def is_whole(self):
        try:
            topics = self.admin.list_topics(timeout=20).topics.values()
        except KafkaException:
            return False
        return all(len(partition.isrs) == 3 for topic in topics
                   for partition in topic.partitions.values())

    def wait_goes_on(self, worker, load):
        before = wait_for(lambda: self.committed_end(worker), "a leader of the outputs")
        wait_for(lambda: load.check() and self.committed_end(worker) > before + 20 or
                 not worker.running(), "more outputs", seconds=120)
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

    def lose_two(self, worker):
        """What is left may not take a write; it has the outputs, so that they can be read."""
        probe = f"{self.name}-probe"
        self.admin.create_topics([NewTopic(probe, 1, 3)])[probe].result()
        left = wait_for(lambda: max(0, self.leader(worker.topics[PARTY])), "who has the outputs")
        for node in {1, 2, 3} - {left}:
            self.broker.kill(node)
        end = wait_for(lambda: self.committed_end(worker), "the end of the outputs")
        self.assert_takes_no_write(probe)
        self.assertEqual(wait_for(lambda: self.committed_end(worker), "their end"), end)
        self.assertTrue(worker.running())
        self.broker.start()

    def assert_takes_no_write(self, topic):
        """For so long that the cluster would have found another leader, if it could."""
        told = []
        producer = Producer({"bootstrap.servers": self.bootstrap, "acks": "all",
                             "message.timeout.ms": 15000})
        producer.produce(topic, b"", on_delivery=lambda error, _: told.append(error))
        wait_for(lambda: producer.flush(1) == 0, "the write to be given up")
        self.assertIsNotNone(told[0])

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
        with Load(feeder, 41) as load:
            self.wait_goes_on(worker, load)
            for what, where in find.items():
                wait_for(self.is_whole, "all replicas", seconds=120)
                node = wait_for(lambda: max(0, where()), what)
                print(f"killing broker {node}: {what}", flush=True)
                self.broker.kill(node)
                wait_for(lambda: where() not in (node, -1), f"another {what}")
                self.wait_goes_on(worker, load)
                self.broker.start()
            wait_for(self.is_whole, "all replicas", seconds=120)
            self.lose_two(worker)
            self.wait_goes_on(worker, load)
        wait_for(self.is_whole, "all replicas", seconds=120)  # no leader moves any more
        self.wait_processed(worker, feeder)
        calm = self.worker("calm", replication_factor=3).start()
        self.wait_processed(calm, feeder)
        self.assert_same_outputs(self.outputs(calm), self.outputs(worker))
        self.assertEqual(calm.dump(), worker.dump())
        self.assertEqual(worker.stop(), 0)

    def test_an_operators_question_finds_a_leader_that_has_moved(self):
        """As `reset --to_datetime` asks: without the topic as an object of the library's."""
        wait_for(self.is_whole, "all replicas", seconds=120)
        topic = f"{self.name}-asked"
        self.admin.create_topics([NewTopic(topic, 1, 3)])[topic].result()
        leader = wait_for(lambda: max(0, self.leader(topic)), "a leader")
        asking = subprocess.Popen([os.path.join(BUILD, "tests", "offsets_at"), self.bootstrap,
                                   topic], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            def ask():
                asking.stdin.write(b"\n")
                asking.stdin.flush()
                return asking.stdout.readline().decode()
            wait_for(lambda: ask() == "offset 0\n", "a first answer")
            self.broker.kill(leader)
            wait_for(lambda: self.leader(topic) not in (leader, -1), "another leader")
            self.assertEqual(ask(), "offset 0\n")
        finally:
            asking.kill()
            asking.communicate()
            self.broker.start()


if __name__ == "__main__":
    unittest.main(verbosity=2)
