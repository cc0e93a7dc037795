#!/usr/bin/python3
"""Every stop: what does not fit is named, with the flag that decides, and nothing is
changed; then that flag does it, and processing goes on right."""

import json
import os
import re
import shutil
import sys
import unittest

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import ConfigResource, NewTopic

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import (BOOTSTRAP, COMMANDS, INPUTS, KafkaTest, Feeder, PARTY,  # noqa: E402
                     STATUS, read_topics, wait_for)
from kafka_admin import OperatorError, delete_group, delete_records  # noqa: E402

STORES = ("characters", "parties", "party-sequence")
CHANGELOG = {"cleanup.policy": "compact", "delete.retention.ms": "604800000",
             "message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}
FIRST_PARTY = 1_000_000_000


def message_of(log):
    """What the last stop says, without the quoting of the log's line."""
    found = re.findall(r' error stopped why="(.*)"', log)
    return found[-1].replace('\\"', '"') if found else ""


class StopsTest(KafkaTest):
    # ------------------------------------------------------------- the operator's hands

    def changelog(self, worker, store):
        return f"{worker.application_id}-{store}-changelog"

    def repartition(self, worker):
        return f"{worker.application_id}-by-tenant-repartition"

    def create(self, topic, partitions=1, **config):
        config = {name.replace("_", "."): value for name, value in config.items()}
        self.admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result()
        wait_for(lambda: topic in self.admin.list_topics(timeout=10).topics, f"topic {topic}")

    def delete(self, *topics):
        for future in self.admin.delete_topics(list(topics)).values():
            future.result()
        wait_for(lambda: not set(topics) & set(self.admin.list_topics(timeout=10).topics),
                 f"the end of {topics}")

    def set_topic(self, topic, **config):
        """All settings of the topic: those that are not named fall back."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic,
                                  set_config={k.replace("_", "."): v for k, v in config.items()})
        self.admin.alter_configs([resource])[resource].result()

    def commit(self, worker, offsets):
        """Sets offsets of a group without members, as kafka-consumer-groups does."""
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": worker.application_id})
        try:
            consumer.commit(offsets=[TopicPartition(self.inputs[name], 0, offset)
                                     for name, offset in offsets.items()], asynchronous=False)
        finally:
            consumer.close()

    def delete_group(self, worker):
        def try_it():
            try:
                delete_group(BOOTSTRAP, worker.application_id)
            except OperatorError as error:
                if "not empty" in str(error):  # a member's session has not ended yet
                    return False
                raise
            return True
        wait_for(try_it, "the group to be empty")

    # ------------------------------------------------------------------ what there is

    def committed(self, worker):
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": worker.application_id})
        try:
            partitions = [TopicPartition(self.inputs[name], 0) for name in INPUTS]
            return {one.topic: one.offset
                    for one in consumer.committed(partitions, timeout=20)}
        finally:
            consumer.close()

    def ends(self, consumer, topic, partition):
        def ask():
            try:
                return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
            except KafkaException:
                return None  # just made: its leader does not know yet
        return wait_for(ask, f"the ends of {topic}")

    def everything(self, worker):
        """Topics, their ends, the group's offsets, and the local state."""
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "nobody"})
        try:
            listed = self.admin.list_topics(timeout=10).topics
            ends = {f"{name}-{p}": self.ends(consumer, name, p)
                    for name, topic in listed.items() if name.startswith(self.name)
                    for p in topic.partitions}
        finally:
            consumer.close()
        local = os.path.join(worker.state_dir, worker.application_id)
        state = worker.dump("--offline") if os.path.exists(local) else []
        return {"topics": ends, "group": self.committed(worker), "state": state}

    # -------------------------------------------------------------------- the course

    def processed_worker(self, **settings):
        """A stopped worker that has processed something: a party of two."""
        settings = {"on_stop": "leave", "session_timeout_ms": 6000, **settings}
        worker = self.worker("w", **settings).start()
        feeder = Feeder(self.inputs)
        worker.wait_log("running plan")
        for character in (1, 2, 3):
            feeder.character(character)
        feeder.flush()
        self.wait_processed(worker, feeder)  # else a command may come before its character
        feeder.command(1, "CREATE")
        feeder.command(2, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assertEqual(worker.stop(), 0)
        return worker, feeder

    def assert_stops(self, worker, *flags, names, changes=False, **settings):
        """It ends with status 1, names all of `names`, and leaves all as it was."""
        before = None if changes else self.everything(worker)
        worker.start(*flags, **settings)
        self.assertEqual(worker.wait_exit(), 1)
        message = message_of(worker.log())
        for name in names:
            self.assertIn(name, message)
        if before is not None:
            self.assertEqual(before, self.everything(worker))

    def assert_goes_on(self, worker, feeder, *flags, members=(1, 2, 3), events=3):
        """With the flags it runs, and the third character's JOIN is announced. `events`:
        how many party events there are then."""
        count = worker.log().count("running plan")
        worker.start(*flags)
        worker.wait_log("running plan", count + 1)
        feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.wait_processed(worker, feeder)
        party = self.outputs(worker)[PARTY]
        self.assertEqual([json.loads(record.value)["type"] for record in party][-1], "JOINED")
        self.assertEqual(len(party), events)
        self.assert_members(worker, members)
        # Without the flag from now on.
        self.assertEqual(worker.stop(), 0)
        worker.start()
        worker.wait_log("running plan", count + 2)
        self.assert_members(worker, members)
        self.assertEqual(worker.stop(), 0)

    def assert_members(self, worker, members):
        lines = [json.loads(line) for line in worker.dump()]
        parties = {line["id"]: line["value"]["members"]
                   for line in lines if line["store"] == "parties"}
        self.assertEqual(parties, {FIRST_PARTY: list(members)})


class InputStopsTest(StopsTest):
    def test_inputs_deleted_before_they_were_processed(self):
        worker, feeder = self.processed_worker()
        for _ in range(3):
            feeder.command(1, "CREATE")  # an error each, that nobody will see
        feeder.flush()
        delete_records(BOOTSTRAP, self.inputs[COMMANDS], 4)
        self.assert_stops(worker, names=[f"{self.inputs[COMMANDS]}-0", "from offset 2 to 3",
                                         "from offset 4", "--lost_inputs=skip"])
        # One of the three is left: its error is the third event.
        self.assert_goes_on(worker, feeder, "--lost_inputs=skip", events=4)

    def test_input_made_anew(self):
        worker, feeder = self.processed_worker()
        self.delete(self.inputs[COMMANDS])
        self.create(self.inputs[COMMANDS])
        feeder.count[COMMANDS] = 0
        self.assert_stops(worker, names=[f"{self.inputs[COMMANDS]}-0", "--offsets="])
        self.assert_stops(worker, "--offsets=from-state",
                          names=[f"{self.inputs[COMMANDS]}-0", "ends at offset 0", "up to 2",
                                 "--lost_inputs=skip"])
        self.assert_goes_on(worker, feeder, "--offsets=from-state", "--lost_inputs=skip")

    def test_group_offsets_deleted(self):
        worker, feeder = self.processed_worker()
        self.delete_group(worker)
        self.assert_stops(worker, names=[f"{self.inputs[STATUS]}-0", "is none", "up to 12",
                                         "--offsets=from-state", "--offsets=from-group"])
        self.assert_goes_on(worker, feeder, "--offsets=from-state")

    def test_group_offsets_reset(self):
        worker, feeder = self.processed_worker()
        self.commit(worker, {COMMANDS: 1})
        self.assert_stops(worker, names=[f"{self.inputs[COMMANDS]}-0", "offset is 1", "up to 2",
                                         "--offsets=from-state", "--offsets=from-group"])
        # The JOIN comes again, and is answered by an error.
        self.assert_goes_on(worker, feeder, "--offsets=from-group", events=4)

    def test_group_offsets_reset_and_the_state_decides(self):
        worker, feeder = self.processed_worker()
        self.commit(worker, {name: 0 for name in INPUTS})
        self.assert_stops(worker, names=["offset is 0", "--offsets=from-state"])
        self.assert_goes_on(worker, feeder, "--offsets=from-state")

    def test_inputs_of_two_partitions(self):
        for name in INPUTS:
            self.create(self.inputs[name], partitions=2 if name == COMMANDS else 1)
        worker = self.worker("w")
        # The outputs are made, as the flag in the harness says; nothing of its own is.
        self.assert_stops(worker, names=[self.inputs[COMMANDS], "2 partitions", "fused plan"],
                          changes=True)
        self.assertEqual([topic for topic in self.admin.list_topics(timeout=10).topics
                          if topic.startswith(worker.application_id + "-")
                          and topic.endswith(("-changelog", "-repartition"))], [])


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
        elsewhere = self.worker("w", directory="elsewhere", on_stop="leave",
                                session_timeout_ms=6000).start()
        elsewhere.wait_log("running plan")
        self.wait_processed(elsewhere, feeder)
        self.assertEqual(elsewhere.stop(), 0)
        self.assert_stops(worker, names=[self.changelog(worker, "characters") + "-0", "identity",
                                         "--changelogs=from-log"])
        self.assert_goes_on(worker, feeder, "--changelogs=from-log", events=5)

    def test_changelogs_from_an_old_backup(self):
        worker, feeder = self.processed_worker()
        self.assert_goes_on(worker, feeder)
        topics = [self.changelog(worker, store) for store in STORES]
        kept = read_topics(topics)
        ends = {topic: len(kept[topic]) for topic in topics}
        self.delete(*topics)
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all"})
        for topic in topics:
            self.create(topic, **CHANGELOG)
            # The first transaction founds the state, the next ones fill it; the last are lost.
            for record in kept[topic][:ends[topic] // 2 + 1]:
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
        worker = self.worker("w", on_stop="leave", session_timeout_ms=6000)
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
        worker = self.worker("w", on_stop="leave", session_timeout_ms=6000)
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
        delete_records(BOOTSTRAP, topic, 1)
        self.assert_goes_on(worker, feeder)


class DirectoryStopsTest(StopsTest):
    def test_directory_of_another_application(self):
        worker, feeder = self.processed_worker()
        own = os.path.join(worker.state_dir, worker.application_id)
        stranger = self.worker("stranger", directory="w")
        theirs = os.path.join(worker.state_dir, stranger.application_id)
        os.rename(own, theirs)
        before = self.admin.list_topics(timeout=10).topics.keys()
        stranger.start()
        self.assertEqual(stranger.wait_exit(), 1)
        message = message_of(stranger.log())
        for name in (theirs, worker.application_id, stranger.application_id):
            self.assertIn(name, message)
        self.assertEqual(before, self.admin.list_topics(timeout=10).topics.keys())
        os.rename(theirs, own)
        self.assert_goes_on(worker, feeder)

    def test_second_process_on_one_directory(self):
        worker, feeder = self.processed_worker()
        worker.start()
        worker.wait_log("running plan", 2)
        second = self.worker("w", directory="w", on_stop="leave", session_timeout_ms=6000)
        second.log_path += ".second"
        second.start()
        self.assertEqual(second.wait_exit(), 1)
        message = message_of(second.log())
        self.assertIn(f"in use by process {worker.process.pid}.", message)
        self.assertIn("STATE_DIR", message)
        feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.wait_processed(worker, feeder)
        self.assert_members(worker, [1, 2, 3])
        self.assertEqual(worker.stop(), 0)

    def test_copied_directory_at_the_same_time(self):
        worker, feeder = self.processed_worker(on_stop="stay")
        copy = self.worker("w", directory="copy", on_stop="stay", session_timeout_ms=6000)
        shutil.copytree(worker.state_dir, copy.state_dir)
        worker.start()
        worker.wait_log("running plan", 2)
        copy.start()
        both = [worker, copy]
        wait_for(lambda: not all(one.running() for one in both), "one of the two to stop")
        stopped = worker if not worker.running() else copy
        other = copy if stopped is worker else worker
        self.assertEqual(stopped.wait_exit(), 1)
        self.assertIn("another process runs as member 0-", message_of(stopped.log()))
        self.assertIn("copy", message_of(stopped.log()))
        feeder.command(3, "JOIN", partyId=FIRST_PARTY)
        feeder.flush()
        self.wait_processed(other, feeder)
        self.assert_members(other, [1, 2, 3])
        self.assertEqual(len(self.outputs(other)[PARTY]), 3)
        self.assertEqual(other.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
