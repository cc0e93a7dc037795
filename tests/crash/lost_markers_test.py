#!/usr/bin/python3
"""A broker that has forgotten the markers of a decided transaction (KAFKA-20734), and a
worker that supplies them: docs/decisions/0014-lost-markers.md.

The broker does so where it is killed within some milliseconds. Here a transaction that a
kill of the worker has left open is written down as completed, behind the broker's back.
"""

import os
import struct
import sys
import unittest

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import Feeder, INPUTS, wait_for  # noqa: E402
from own_broker import OwnBrokerTest  # noqa: E402
from traffic import Traffic  # noqa: E402

LOG = "__transaction_state"
ONGOING, COMPLETE_COMMIT = 1, 4
MOST_KILLS = 60


class LostMarkersTest(OwnBrokerTest):
    def offsets_are_held(self, worker):
        """By a transaction that has sent some and not ended."""
        def ask():
            try:
                consumer.committed([TopicPartition(self.inputs[name], 0) for name in INPUTS],
                                   timeout=2)
            except KafkaException as error:
                # Others: the broker has just been started.
                return "held" if error.args[0].name() == "_TIMED_OUT" else None
            return "told"
        consumer = Consumer({"bootstrap.servers": self.bootstrap,
                             "group.id": worker.application_id})
        try:
            return wait_for(ask, "the group's coordinator") == "held"
        finally:
            consumer.close()

    def last_state(self, transactional_id):
        """Partition, key and value of the transaction log's last record of that id."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "nobody",
                             "isolation.level": "read_uncommitted",
                             "enable.partition.eof": True})
        partitions = self.admin.list_topics(LOG, timeout=10).topics[LOG].partitions
        consumer.assign([TopicPartition(LOG, p, 0) for p in partitions])
        last, ended = None, 0
        try:
            while ended < len(partitions):
                message = consumer.poll(10)
                self.assertIsNotNone(message, "the transaction log cannot be read")
                if message.error():
                    ended += 1
                elif message.key().endswith(transactional_id.encode()):
                    last = (message.partition(), message.key(), message.value())
        finally:
            consumer.close()
        return last

    def state_of(self, transactional_id):
        return struct.unpack_from(">hqhib", self.last_state(transactional_id)[2])[4]

    def forget_the_markers(self, transactional_id):
        partition, key, value = self.last_state(transactional_id)
        _, producer_id, epoch, timeout = struct.unpack_from(">hqhi", value)
        # The broker takes this of nobody else.
        producer = Producer({"bootstrap.servers": self.bootstrap, "client.id": "__admin_client"})
        refused = []
        producer.produce(LOG, partition=partition, key=key, on_delivery=lambda error, _:
                         refused.append(error) if error else None,
                         value=struct.pack(">hqhibiqq", 0, producer_id, epoch, timeout,
                                           COMPLETE_COMMIT, 0, 1, 1))
        self.assertEqual(producer.flush(10), 0)
        self.assertEqual(refused, [])
        self.broker.tool("stop")
        self.broker.start()

    def test_what_is_committed_and_has_no_marker_is_completed(self):
        feeder, traffic = Feeder(self.inputs, bootstrap=self.bootstrap), Traffic(11)
        worker = self.worker("w", session_timeout_ms=30000)
        for kill in range(1, MOST_KILLS):
            worker.start()
            worker.wait_log("running plan", kill)
            for _ in range(20):
                traffic.one(feeder)
                feeder.flush()
            worker.kill()
            instance = worker.log().split("instance_id=")[1].split()[0]
            transactional_id = f"{worker.application_id}-0-{instance}"
            if self.offsets_are_held(worker) and self.state_of(transactional_id) == ONGOING:
                break
        self.assertEqual(self.state_of(transactional_id), ONGOING, "no kill came within a commit")
        self.forget_the_markers(transactional_id)
        self.assertTrue(self.offsets_are_held(worker), "the restart has ended the transaction")
        self.assertEqual(self.state_of(transactional_id), COMPLETE_COMMIT)

        worker.start()
        worker.wait_log(f"completing what the broker left without an end "
                        f"transactional_id={transactional_id}")
        worker.wait_log("running plan", kill + 1)
        for _ in range(200):  # for each output's partition: what waits there comes with it
            traffic.one(feeder)
        feeder.flush()
        self.wait_processed(worker, feeder)

        calm = self.worker("calm").start()
        self.wait_processed(calm, feeder)
        expected = self.outputs(calm)
        self.assertGreater(len(expected["party"]), 10)
        self.assert_same_outputs(expected, self.outputs(worker))
        self.assertEqual(calm.dump(), worker.dump())
        self.assertEqual(worker.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
