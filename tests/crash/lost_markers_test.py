#!/usr/bin/python3
"""A broker that has forgotten the markers of a decided transaction (KAFKA-20734), and a
worker that supplies them: docs/decisions/0014-lost-markers.md.

The broker does so where it is killed within some milliseconds. Here a transaction that a
death of the worker has left open is written down as decided, behind the broker's back: with
all of its markers written, or with those of some partitions.
"""

import os
import signal
import struct
import sys
import time
import unittest

from confluent_kafka import Consumer, Producer, TopicPartition

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from crash import CRASHING_WORKER  # noqa: E402
from harness import Feeder, PARTY, wait_for  # noqa: E402
from own_broker import OwnBrokerTest  # noqa: E402
from traffic import Traffic  # noqa: E402

LOG = "__transaction_state"
OFFSETS_PARTITIONS = 4  # by tools/kafka
ONGOING, PREPARE_COMMIT, COMPLETE_COMMIT = 1, 2, 4


def java_abs_hash(text):
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return abs(value - (1 << 32) if value >= 1 << 31 else value)


class LostMarkersTest(OwnBrokerTest):
    def setUp(self):
        super().setUp()
        self.feeder = Feeder(self.inputs, bootstrap=self.bootstrap)
        self.worker_ = self.worker("w", session_timeout_ms=30000)
        self.worker_.program = CRASHING_WORKER

    # ------------------------------------------------------- the transactions' log

    def last_state(self):
        """Partition, key and value of the log's last record of the worker's producer."""
        instance = self.worker_.log().split("instance_id=")[1].split()[0]
        transactional_id = f"{self.worker_.application_id}-0-{instance}"
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "nobody",
                             "isolation.level": "read_uncommitted",
                             "enable.partition.eof": True})
        last = None
        try:
            for partition in self.admin.list_topics(LOG, timeout=10).topics[LOG].partitions:
                for key, value in self.read_log(consumer, partition):
                    if key.endswith(transactional_id.encode()):
                        last = (partition, key, value)
        finally:
            consumer.close()
        return last

    def read_log(self, consumer, partition):
        consumer.assign([TopicPartition(LOG, partition, 0)])
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            message = consumer.poll(1)
            if message is None:
                continue
            if not message.error():
                yield message.key(), message.value()
            elif message.error().name() == "_PARTITION_EOF":
                return
        self.fail("the transactions' log cannot be read")

    def state(self):
        return struct.unpack_from(">hqhib", self.last_state()[2])[4]

    def write_down(self, state, marker_is_to_come=()):
        """That the open transaction is decided. The broker that starts then writes the markers
        of these partitions, and of no others."""
        self.assertEqual(self.state(), ONGOING)
        partition, key, value = self.last_state()
        _, producer_id, epoch, timeout = struct.unpack_from(">hqhi", value)
        body = struct.pack(">hqhibi", 0, producer_id, epoch, timeout, state,
                           len(marker_is_to_come))
        for topic, number in marker_is_to_come:
            body += struct.pack(">h", len(topic)) + topic.encode()
            body += struct.pack(">ii", 1, number)
        now = int(time.time() * 1000)
        # The broker takes this of nobody else.
        producer = Producer({"bootstrap.servers": self.bootstrap, "client.id": "__admin_client"})
        refused = []
        producer.produce(LOG, partition=partition, key=key,
                         on_delivery=lambda error, _: refused.append(error) if error else None,
                         value=body + struct.pack(">qq", now, now))
        self.assertEqual(producer.flush(10), 0)
        self.assertEqual(refused, [])
        self.broker.tool("stop")
        self.broker.start()
        wait_for(lambda: self.state() == COMPLETE_COMMIT, "the broker to be done with it")

    # ------------------------------------------------------------------ the course

    def die_written(self, commit, feed):
        """The worker dies when all of that commit is written, before it asks for the end."""
        self.worker_.start(party_worker_crash_at=f"written:{commit}")
        if commit > 1:
            wait_for(lambda: "running plan" in self.worker_.log_since_start(), "the worker")
        feed()
        self.feeder.flush()
        self.assertEqual(self.worker_.wait_exit(), -signal.SIGKILL)

    def found_a_party_and_die(self):
        self.worker_.start()
        self.worker_.wait_log("running plan")
        self.feeder.character(1)
        self.feeder.flush()
        self.wait_processed(self.worker_, self.feeder)
        self.assertEqual(self.worker_.stop(), 0)
        # The first commit of a process is the one without records.
        self.die_written(2, lambda: self.feeder.command(1, "CREATE"))

    def changelog(self, store):
        return f"{self.worker_.application_id}-{store}-changelog"

    def assert_as_undisturbed(self):
        traffic = Traffic(11)
        for _ in range(200):  # for each output's partition: what waits there comes with it
            traffic.one(self.feeder)
            self.feeder.flush()  # else two workers might merge the inputs differently
        self.wait_processed(self.worker_, self.feeder)
        calm = self.worker("calm").start()
        self.wait_processed(calm, self.feeder)
        expected = self.outputs(calm)
        self.assertGreater(len(expected[PARTY]), 10)
        self.assert_same_outputs(expected, self.outputs(self.worker_))
        state = calm.dump()
        self.assertEqual(state, self.worker_.dump())
        self.stop(self.worker_)
        self.worker_.verify()

    def test_what_is_committed_and_has_no_marker_is_completed(self):
        self.found_a_party_and_die()
        self.write_down(COMPLETE_COMMIT)
        self.worker_.start()
        self.worker_.wait_log("completing what the broker left without an end")
        self.assertIn("end=commit", self.worker_.log_since_start())
        self.assert_as_undisturbed()

    def test_a_founding_without_markers_is_completed(self):
        self.die_written(1, lambda: None)
        self.write_down(COMPLETE_COMMIT)
        self.worker_.start()
        self.worker_.wait_log("completing what the broker left without an end")
        self.assert_as_undisturbed()

    def test_where_one_changelog_lacks_its_marker_the_operator_decides(self):
        self.found_a_party_and_die()
        group = java_abs_hash(self.worker_.application_id) % OFFSETS_PARTITIONS
        self.write_down(PREPARE_COMMIT, [
            (self.changelog("characters"), 0), (self.changelog("party-sequence"), 0),
            (self.worker_.topics[PARTY], 0), ("__consumer_offsets", group)])
        # It is looked at for the second time when this has passed, and all that twice.
        self.worker_.start(party_worker_undecided="6s")
        self.assertEqual(self.worker_.wait_exit(240), 1)
        stop = self.worker_.log_since_start().splitlines()[-1]
        for named in (self.changelog("parties") + "-0", "--lost_markers=commit", "find-hanging"):
            self.assertIn(named, stop)
        self.worker_.start("--lost_markers=commit")
        self.worker_.wait_log("completing what the broker left without an end")
        self.assert_as_undisturbed()


if __name__ == "__main__":
    unittest.main(verbosity=2)
