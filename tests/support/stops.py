"""What the tests of the stops share: the hands of an operator who breaks things, and the
check that a stop names what is wrong and has changed nothing."""

import json
import re

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, NewTopic

from harness import BOOTSTRAP, Feeder, INPUTS, KafkaTest, PARTY, PATIENCE_SECONDS, wait_for
from kafka_admin import OperatorError, delete_group, delete_records

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
        # The controller has it; the broker hears of it.
        def arrived():
            found = self.admin.describe_configs([resource])[resource].result()
            return all(found[name].value == value for name, value in resource.set_config_dict.items())
        wait_for(arrived, f"the settings of {topic}")

    def delete_records(self, topic, before):
        """Also where the settings that allow it were made a moment ago."""
        def try_it():
            try:
                delete_records(BOOTSTRAP, topic, before)
            except OperatorError as error:
                if "policy" in str(error).lower():
                    return False
                raise
            return True
        wait_for(try_it, f"the end of records of {topic}")

    def own_topics(self):
        """Other tests make and delete theirs meanwhile."""
        return {topic for topic in self.admin.list_topics(timeout=PATIENCE_SECONDS).topics
                if topic.startswith(self.name)}

    def commit(self, worker, offsets):
        """Sets offsets of a group without members, as kafka-consumer-groups does."""
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": worker.application_id})
        def try_it():
            try:
                consumer.commit(offsets=[TopicPartition(self.inputs[name], 0, offset)
                                         for name, offset in offsets.items()],
                                asynchronous=False)
            except KafkaException as error:
                if error.args[0].name() == "UNKNOWN_MEMBER_ID":
                    return False  # a member's session has not ended yet
                raise
            return True
        try:
            wait_for(try_it, "the group to be empty")
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
                    for one in consumer.committed(partitions, timeout=PATIENCE_SECONDS)}
        finally:
            consumer.close()

    def ends(self, consumers, topic, partition):
        """Once each transaction has its marker: it may come later than the worker's end."""
        def ask():
            try:
                committed, all_ = (
                    consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
                    for consumer in consumers)
            except KafkaException:
                return None  # just made: its leader does not know yet
            return all_ if committed == all_ else None
        return wait_for(ask, f"the ends of {topic}")

    def everything(self, worker):
        """Topics, their ends, the group's offsets, and the local state."""
        consumers = [Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "nobody",
                               "isolation.level": isolation})
                     for isolation in ("read_committed", "read_uncommitted")]
        try:
            listed = self.admin.list_topics(timeout=PATIENCE_SECONDS).topics
            ends = {f"{name}-{p}": self.ends(consumers, name, p)
                    for name, topic in listed.items() if name.startswith(self.name)
                    for p in topic.partitions}
        finally:
            for consumer in consumers:
                consumer.close()
        return {"topics": ends, "group": self.committed(worker), "state": worker.on_disk()}

    # -------------------------------------------------------------------- the course

    def processed_worker(self, **settings):
        """A stopped worker that has processed something: a party of two."""
        worker = self.worker("w", session_timeout_ms=6000, **settings).start()
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
        # Once, and last.
        log = worker.log_since_start()
        self.assertEqual(len(re.findall(" error ", log)), 1, log)
        self.assertEqual(message_of(log.splitlines()[-1]), message)
        self.assertEqual(log.count(log.splitlines()[-1].partition("why=")[2][:60]), 1, log)
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
        def parties():
            lines = [json.loads(line) for line in worker.dump()]
            return {line["id"]: line["value"]["members"]
                    for line in lines if line["store"] == "parties"}
        # A transaction's offsets can be seen before what it wrote elsewhere.
        wait_for(lambda: parties() == {FIRST_PARTY: list(members)}, f"a party of {members}")
