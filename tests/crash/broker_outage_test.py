#!/usr/bin/python3
"""A broker that is killed, or frozen, under load: shorter and longer than the session and the
transaction timeout. And a worker frozen in a transaction until the broker has ended it.
Outputs and state are as those of a worker that nobody disturbed."""

import os
import signal
import sys
import time
import unittest

from confluent_kafka import Consumer, KafkaException, TopicPartition

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

import harness  # noqa: E402
from crash import CRASHING_WORKER  # noqa: E402
from harness import Feeder, wait_for  # noqa: E402
from own_broker import OwnBrokerTest  # noqa: E402
from traffic import Load  # noqa: E402


class OutageTest(OwnBrokerTest):
    def setUp(self):
        super().setUp()
        self.feeder = Feeder(self.inputs, bootstrap=self.bootstrap)

    def outputs_so_far(self, worker):
        """None where the broker has no leader for them yet."""
        try:
            return self.outputs(worker, "read_uncommitted")["party"]
        except KafkaException:
            return []

    def under_load(self, seed, disturb, start=lambda worker: worker.start(), **settings):
        worker = start(self.worker("w", **settings))
        worker.wait_log("running plan")
        with Load(self.feeder, seed, pause=0.001) as load:
            wait_for(lambda: load.check() and len(self.outputs_so_far(worker)) > 20, "outputs")
            disturb(worker)
            before = len(wait_for(lambda: self.outputs_so_far(worker), "the broker"))
            wait_for(lambda: load.check() and
                     len(self.outputs_so_far(worker)) > before + 20 or not worker.running(),
                     "more outputs")
        self.wait_processed(worker, self.feeder)
        calm = self.worker("calm").start()
        self.wait_processed(calm, self.feeder)
        expected = self.outputs(calm)
        self.assertGreater(len(expected["party"]), 40)
        self.assert_same_outputs(expected, self.outputs(worker))
        self.assertEqual(calm.dump(), worker.dump())
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(worker.dump("--offline"), worker.dump())
        return worker

    def freeze_broker(self, seconds):
        os.kill(self.broker.pid(), signal.SIGSTOP)
        time.sleep(seconds)  # this is the length of the fault
        os.kill(self.broker.pid(), signal.SIGCONT)

    def kill_broker(self):
        """A broker that comes back waits for 9 s until the cluster lets it in again."""
        self.broker.kill()
        self.broker.start()

    def kill_broker_until_the_session_has_ended(self, worker):
        self.broker.kill()
        worker.wait_log("group session timed out")
        self.broker.start()

    def test_frozen_for_less_than_the_session(self):
        worker = self.under_load(31, lambda _: self.freeze_broker(3), session_timeout_ms=30000)
        self.assertEqual(worker.log().count("running plan"), 1)  # nothing had to begin anew

    def test_killed_and_back_within_session_and_transaction(self):
        self.under_load(32, lambda _: self.kill_broker(), session_timeout_ms=45000)

    def test_killed_and_away_for_longer_than_both(self):
        worker = self.under_load(33, self.kill_broker_until_the_session_has_ended,
                                 session_timeout_ms=6000)
        # Which of the two the client says is a matter of chance.
        self.assertRegex(worker.log(), "starting this thread anew|partitions lost")

    def test_killed_with_the_worker(self):
        def kill_both(worker):
            self.broker.kill()
            worker.kill()
            self.broker.start()
            worker.start()
            worker.wait_log("running plan", 2)
        self.under_load(34, kill_both, session_timeout_ms=6000)

    def test_worker_frozen_until_its_transaction_has_timed_out(self):
        def start(worker):
            worker.program = CRASHING_WORKER
            return worker.start(party_worker_stop_at="written:100")

        def freeze(worker):
            worker.wait_stands_still()
            # The broker looks for those that have timed out every 10 s.
            wait_for(lambda: not self.is_open(worker), "the broker to end the transaction")
            worker.process.send_signal(signal.SIGCONT)
        worker = self.under_load(35, freeze, start, session_timeout_ms=6000)
        self.assertIn("starting this thread anew", worker.log())

    def is_open(self, worker):
        """Whether readers of committed records are held up: twice, since markers come late."""
        changelog = f"{worker.application_id}-characters-changelog"
        return all(self.stable_end(changelog) < harness.ends_of([changelog], self.bootstrap)
                   [changelog] for _ in range(2))

    def stable_end(self, topic):
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "nobody",
                             "isolation.level": "read_committed"})
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)[1]
        finally:
            consumer.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
