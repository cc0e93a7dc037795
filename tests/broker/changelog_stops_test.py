#!/usr/bin/python3
"""The stops for what is wrong with changelogs and the other internal topics; see
stops_test.py."""

import os
import sys
import unittest

from confluent_kafka import Producer

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import BOOTSTRAP, PARTY, STORES, read_topics  # noqa: E402
from stops import CHANGELOG, StopsTest  # noqa: E402


class ChangelogStopsTest(StopsTest):
    def test_all_changelogs_missing(self):
        worker, feeder = self.processed_worker()
        self.delete(*(self.changelog(worker, store) for store in STORES))
        self.assert_stops(worker, names=[self.changelog(worker, "parties"), "local state",
                                         "committed offsets", "--changelogs=from-log",
                                         "--offsets=from-group"])
        # With one flag, the other is asked for; the local state stands until both are there.
        self.assert_stops(worker, "--changelogs=from-log", changes=True,
                          names=["--offsets=from-state", "--offsets=from-group"])
        self.assertEqual(len(worker.dump("--offline")), 5)
        # The stores are empty now: nobody is known.
        worker.start("--changelogs=from-log", "--offsets=from-group")
        worker.wait_log("running plan", 2)
        self.assertEqual(worker.dump(), [])
        feeder.character(3)
        feeder.flush()
        self.wait_processed(worker, feeder)
        feeder.command(3, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [3])
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(len(self.outputs(worker)[PARTY]), 3)
        self.assertEqual(worker.dump("--offline"), worker.dump())

    def test_one_changelog_missing(self):
        worker, _ = self.processed_worker()
        topic = self.changelog(worker, "party-sequence")
        self.delete(topic)
        self.assert_stops(worker, names=[topic, "committed offsets", "backup"])
        # The others hold what refers to it: no flag makes that right.
        self.assert_stops(worker, "--changelogs=from-log", names=[topic, "backup"])

    def test_one_changelog_made_anew(self):
        worker, _ = self.processed_worker()
        topic = self.changelog(worker, "parties")
        self.delete(topic)
        self.create(topic, **CHANGELOG)
        for flags in ((), ("--changelogs=from-log", "--offsets=from-group")):
            self.assert_stops(worker, *flags, names=[topic + "-0", "empty", "backup"])

    def test_head_of_a_changelog_trimmed(self):
        worker, feeder = self.processed_worker()
        topic = self.changelog(worker, "characters")
        self.set_topic(topic, **{**CHANGELOG, "cleanup.policy": "delete"})
        self.delete_records(topic, 3)
        self.set_topic(topic, **CHANGELOG)
        for flags in ((), ("--changelogs=from-log", "--offsets=from-group")):
            self.assert_stops(worker, *flags, names=[topic + "-0", "identity", "backup"])

    def test_all_changelogs_made_anew(self):
        worker, feeder = self.processed_worker()
        topics = [self.changelog(worker, store) for store in STORES]
        self.delete(*topics)
        for topic in topics:
            self.create(topic, **CHANGELOG)
        self.assert_stops(worker, names=[f"{topics[0]}-0", "empty", "--changelogs=from-log"])
        worker.wipe()
        # Without local state the group's offsets are the sign that there was some.
        self.assert_stops(worker, names=[f"{topics[0]}-0", "empty", "committed offsets",
                                         "--changelogs=from-log", "--offsets=from-group"],
                          changes=True)
        worker.start("--changelogs=from-log", "--offsets=from-group")
        worker.wait_log("running plan", 2)
        feeder.character(3)
        feeder.flush()
        self.wait_processed(worker, feeder)
        feeder.command(3, "CREATE")
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [3])
        self.assertEqual(worker.stop(), 0)

    def test_changelogs_of_another_founding(self):
        worker, feeder = self.processed_worker()
        self.delete_group(worker)
        self.delete(self.repartition(worker), *(self.changelog(worker, s) for s in STORES))
        elsewhere = self.worker("w", directory="elsewhere", session_timeout_ms=6000).start()
        elsewhere.wait_log("running plan")
        self.wait_processed(elsewhere, feeder)
        self.assertEqual(elsewhere.stop(), 0)
        self.assert_stops(worker, names=[self.changelog(worker, "characters") + "-0", "identity",
                                         "--changelogs=from-log"])
        self.assert_goes_on(worker, feeder, "--changelogs=from-log", events=5)

    def test_changelogs_from_an_old_backup(self):
        worker, feeder = self.processed_worker()
        topics = [self.changelog(worker, store) for store in STORES]
        kept = read_topics(topics)
        self.assert_goes_on(worker, feeder)
        self.delete(*topics)
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all"})
        for topic in topics:
            self.create(topic, **CHANGELOG)
            for record in kept[topic]:
                producer.produce(topic, partition=0, key=record.key, value=record.value)
        self.assertEqual(producer.flush(30), 0)
        self.assert_stops(worker, names=[topics[0] + "-0", "ends at offset", "stands at",
                                         "lost its tail", "--changelogs=from-log"])
        self.assert_stops(worker, "--changelogs=from-log",
                          names=["the group's committed offset", "--offsets=from-state"])
        worker.start("--changelogs=from-log", "--offsets=from-state")
        worker.wait_log("running plan", 4)
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [1, 2, 3])
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(worker.dump("--offline"), worker.dump())


class InternalTopicStopsTest(StopsTest):
    def assert_refused_setting(self, worker, topic, wrong, right, names):
        self.set_topic(topic, **wrong)
        self.assert_stops(worker, names=[topic, *names])
        self.set_topic(topic, **right)

    def test_settings_that_would_lose_state(self):
        worker, feeder = self.processed_worker()
        changelog, repartition = self.changelog(worker, "parties"), self.repartition(worker)
        right = dict(CHANGELOG)
        for wrong, names in (
                ({"cleanup.policy": "delete"}, ["cleanup.policy is delete", "compact"]),
                ({"cleanup.policy": "compact,delete"}, ["cleanup.policy is compact,delete"]),
                ({"delete.retention.ms": "1000"}, ["delete.retention.ms is 1000", "3600000"]),
                ({"min.insync.replicas": "2"}, ["min.insync.replicas is 2", "at most"])):
            with self.subTest(wrong=wrong):
                self.assert_refused_setting(worker, changelog, {**right, **wrong}, right, names)
        right = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
        for wrong, names in (
                ({"cleanup.policy": "compact"}, ["cleanup.policy is compact", "delete"]),
                ({"retention.ms": "86400000"}, ["retention.ms is 86400000", "-1"]),
                ({"retention.bytes": "1000000"}, ["retention.bytes is 1000000", "-1"])):
            with self.subTest(wrong=wrong):
                self.assert_refused_setting(worker, repartition, {**right, **wrong}, right, names)
        self.assert_goes_on(worker, feeder)

    def test_topics_that_are_there_before_the_first_start(self):
        worker = self.worker("w", session_timeout_ms=6000)
        wrong = self.changelog(worker, "parties")
        self.create(wrong, cleanup_policy="delete")
        for topic in worker.topics.values():
            self.create(topic)
        # Nothing is made beside it before it is right.
        self.assert_stops(worker, names=[wrong, "cleanup.policy is delete", "compact"])
        self.set_topic(wrong, **CHANGELOG)
        worker.start()
        worker.wait_log("running plan")
        self.assertEqual(worker.stop(), 0)

    def test_partition_counts(self):
        worker = self.worker("w", session_timeout_ms=6000)
        changelog, repartition = self.changelog(worker, "parties"), self.repartition(worker)
        for topic in worker.topics.values():
            self.create(topic)
        self.create(repartition, partitions=2, cleanup_policy="delete", retention_ms="-1",
                    retention_bytes="-1")
        self.assert_stops(worker, names=[repartition, "2 partitions", "the state has 1"])
        self.delete(repartition)
        self.create(changelog, partitions=2, **CHANGELOG)
        self.assert_stops(worker, names=["the state has 2", "fused plan"])
        self.assert_stops(worker, state_partitions=1, names=[changelog, "has 2 partitions",
                                                             "STATE_PARTITIONS"])
        # One of them agrees with the inputs, the other does not.
        self.create(self.changelog(worker, "characters"), **CHANGELOG)
        self.assert_stops(worker, names=[changelog, "2 partitions", "the state has 1"])

    def test_repartition_topic_with_unprocessed_records(self):
        worker, feeder = self.processed_worker()
        topic = self.repartition(worker)
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all"})
        producer.produce(topic, value=b"of another plan", partition=0)
        self.assertEqual(producer.flush(30), 0)
        self.assert_stops(worker, names=[topic + "-0", "up to offset 1", "fused plan"])
        self.delete_records(topic, 1)
        self.assert_goes_on(worker, feeder)

if __name__ == "__main__":
    unittest.main(verbosity=2)
