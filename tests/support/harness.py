"""What the tests on a real broker share: topics of their own, a worker as a process,
feeding inputs, reading outputs back, and dumping state.

Every wait is for a condition, with a limit that is an error when it passes.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

BOOTSTRAP = os.environ.get("BOOTSTRAP_SERVERS", "127.0.0.1:9092")
BUILD = os.environ.get(
    "BUILD_DIR", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
WORKER = os.path.join(BUILD, "tools", "party-worker")
DUMP = os.path.join(BUILD, "tools", "state-dump")

TENANT = "083839c6-c47c-42a6-9585-76492795d123"
STATUS, INVITE_STATUS, COMMANDS = "status", "invite-status", "commands"
PARTY, MEMBER, INVITES, DEAD = "party", "member", "invites", "dead"
INPUTS = (STATUS, INVITE_STATUS, COMMANDS)
OUTPUTS = (PARTY, MEMBER, INVITES, DEAD)
VARIABLES = {
    STATUS: "EVENT_TOPIC_CHARACTER_STATUS", INVITE_STATUS: "EVENT_TOPIC_INVITE_STATUS",
    COMMANDS: "COMMAND_TOPIC_PARTY", PARTY: "EVENT_TOPIC_PARTY_STATUS",
    MEMBER: "EVENT_TOPIC_PARTY_MEMBER_STATUS", INVITES: "COMMAND_TOPIC_INVITE",
    DEAD: "DEAD_LETTER_TOPIC",
}
STORES = ("characters", "parties", "party-sequence")
PATIENCE_SECONDS = 60
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"  # of headers()

# confluent_kafka 1.7 gives away a reference to None with each null header that it reads,
# until Python ends with "deallocating None".
for _ in range(100_000):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))


def wait_for(condition, what, seconds=PATIENCE_SECONDS):
    """Returns condition()'s first true value."""
    limit = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > limit:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def headers(tenant=TENANT):
    return [("TENANT_ID", tenant.encode()), ("REGION", b"GMS"),
            ("MAJOR_VERSION", struct.pack(">H", 83)), ("MINOR_VERSION", struct.pack(">H", 1)),
            ("traceparent", f"00-{TRACE_ID}-b7ad6b7169203331-01".encode())]


def key(entity):
    return struct.pack("<II", entity, 0)


class Feeder:
    """Writes inputs with timestamps that grow, in order, acknowledged."""

    def __init__(self, topics, first_timestamp=1_700_000_000_000, bootstrap=BOOTSTRAP):
        self.topics = topics
        self.timestamp = first_timestamp
        # Its topics may be made later, by the worker.
        self.producer = Producer({"bootstrap.servers": bootstrap, "acks": "all",
                                  "enable.idempotence": True, "linger.ms": 0,
                                  "topic.metadata.propagation.max.ms": 1000 * PATIENCE_SECONDS})
        # Else the first record to each topic waits for metadata, for a second.
        self.producer.list_topics(timeout=PATIENCE_SECONDS)
        self.count = dict.fromkeys(INPUTS, 0)
        self.refused = None

    def send(self, name, entity, value, tenant=TENANT, record_headers=None, raw=None):
        self.timestamp += 1
        payload = raw if raw is not None else json.dumps(value, separators=(",", ":")).encode()
        self.producer.produce(self.topics[name], partition=0, key=key(entity), value=payload,
                              headers=record_headers or headers(tenant), timestamp=self.timestamp,
                              on_delivery=self.delivered)
        self.count[name] += 1
        self.producer.poll(0)

    def delivered(self, error, _):
        self.refused = self.refused or error

    def flush(self):
        if self.producer.flush(PATIENCE_SECONDS) or self.refused:
            raise AssertionError(f"the broker did not take the inputs: {self.refused}")

    # ---- the messages
    def command(self, actor, kind, **body):
        self.send(COMMANDS, actor, {"actorId": actor, "type": kind, "body": body})

    def status(self, character, kind, world=0, **body):
        self.send(STATUS, character,
                  {"worldId": world, "characterId": character, "type": kind, "body": body})

    def character(self, character, name=None, job=100, level=30):
        self.status(character, "CREATED", name=name or f"N{character}")
        self.status(character, "JOB_CHANGED", jobId=job)
        self.status(character, "LEVEL_CHANGED", current=level, amount=1)
        self.status(character, "LOGIN", channelId=1, mapId=100000000)


class Record:
    """An output as it is compared: all but its offset."""

    def __init__(self, message):
        self.key, self.value = message.key(), message.value()
        self.headers, self.timestamp = message.headers() or [], message.timestamp()[1]

    def _all(self):
        return (self.key, self.value, self.headers, self.timestamp)

    def __eq__(self, other):
        return self._all() == other._all()

    def __repr__(self):
        return f"{self.key!r} {self.value!r} @{self.timestamp}"


def ends_of(topics, bootstrap=BOOTSTRAP, isolation="read_uncommitted"):
    """Of those who read committed records it is where they are held up, if they are."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"reader-{uuid.uuid4()}",
                         "isolation.level": isolation})
    try:
        return {topic: consumer.get_watermark_offsets(TopicPartition(topic, 0),
                                                      timeout=PATIENCE_SECONDS)[1]
                for topic in topics}
    finally:
        consumer.close()


def wait_markers(topics, bootstrap=BOOTSTRAP):
    """Until readers of committed records see all that is there now: a transaction's markers
    come later than the commit, each when it comes."""
    def ends(isolation):
        try:
            return ends_of(topics, bootstrap, isolation)
        except KafkaException:
            return {}  # one has no leader just now
    now = wait_for(lambda: ends("read_uncommitted"), f"the ends of {topics}")
    def arrived():
        committed = ends("read_committed")
        return committed and all(committed[topic] >= now[topic] for topic in topics)
    wait_for(arrived, f"the markers in {topics}")


def read_topics(topics, isolation="read_committed", bootstrap=BOOTSTRAP):
    """All records of each topic (one partition), up to its end.

    A transaction's offsets can be seen before its records: each partition's marker comes
    when it comes. So what is there uncommitted is waited for.
    """
    ends = ends_of(topics, bootstrap)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"reader-{uuid.uuid4()}",
                         "enable.partition.eof": True, "isolation.level": isolation,
                         "enable.auto.commit": False})
    found = {topic: [] for topic in topics}
    try:
        consumer.assign([TopicPartition(topic, 0, 0) for topic in topics])
        ended = set()
        limit = time.monotonic() + PATIENCE_SECONDS
        while len(ended) < len(found):
            message = consumer.poll(1)
            if time.monotonic() > limit:
                raise AssertionError(f"could not read {set(found) - ended} to the end")
            if message is None:
                continue
            if message.error():
                if message.error().name() == "_PARTITION_EOF":
                    if message.offset() >= ends[message.topic()]:
                        ended.add(message.topic())
                    continue
                raise KafkaException(message.error())
            found[message.topic()].append(Record(message))
    finally:
        consumer.close()
    return found


def committed_inputs(worker):
    """How many records of each input the worker's group has committed; None: that cannot be told
    now."""
    consumer = Consumer({"bootstrap.servers": worker.settings["bootstrap_servers"],
                         "group.id": worker.application_id})
    try:
        partitions = [TopicPartition(worker.topics[name], 0) for name in INPUTS]
        found = consumer.committed(partitions, timeout=PATIENCE_SECONDS)
        return {name: max(0, one.offset) for name, one in zip(INPUTS, found)}
    except KafkaException:
        return None  # an open transaction holds the offsets back
    finally:
        consumer.close()


def wait_committed_more(worker, records):
    """Until its group has committed so many records more than now, or it has ended."""
    before = sum(wait_for(lambda: committed_inputs(worker), "the group's offsets").values())

    def there():
        now = committed_inputs(worker)
        return now and sum(now.values()) >= before + records or not worker.running()
    wait_for(there, "progress")


class Worker:
    """A worker process, its settings, and its state directory."""

    program = WORKER

    def __init__(self, application_id, topics, state_dir, log_path, **settings):
        self.application_id, self.topics = application_id, topics
        self.state_dir, self.log_path = state_dir, log_path
        self.settings = settings
        self.process = None
        self.started_at = 0

    def environment(self, **more):
        environment = {k: v for k, v in os.environ.items() if k not in VARIABLES.values()}
        environment.update({VARIABLES[name]: topic for name, topic in self.topics.items()})
        environment.update(BOOTSTRAP_SERVERS=BOOTSTRAP, APPLICATION_ID=self.application_id,
                           STATE_DIR=self.state_dir, LOG_LEVEL="info",
                           HTTP_ADDRESS="127.0.0.1:0")
        environment.update({k.upper(): str(v) for k, v in {**self.settings, **more}.items()})
        return environment

    def start(self, *flags, **more):
        assert self.process is None
        self.started_at = len(self.log())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, "--create_topics", *flags], stdout=log,
                                            stderr=log, env=self.environment(**more))
        return self

    def changelogs(self):
        return [f"{self.application_id}-{store}-changelog" for store in STORES]

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_SECONDS)
        self.process = None
        return status

    def wait_exit(self, seconds=PATIENCE_SECONDS):
        status = self.process.wait(seconds)
        self.process = None
        return status

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def log_since_start(self):
        return self.log()[self.started_at:]

    def http(self):
        """Where it shows metrics and health, of the last start: "http://host:port"."""
        self.wait_log("metrics and health are shown")
        return re.findall(r"metrics and health are shown at=(\S+)/\n", self.log())[-1]

    def wait_log(self, text, count=1):
        wait_for(lambda: self.log().count(text) >= count or not self.running(),
                 f"{text!r} in the log")
        if self.log().count(text) < count:
            raise AssertionError(f"the worker ended without {text!r}:\n{self.log()}")

    def wipe(self):
        """What there is: it may have died before it made its directory."""
        folder = os.path.join(self.state_dir, self.application_id)
        if os.path.exists(folder):
            shutil.rmtree(folder)

    def dump(self, *flags, **more):
        done = subprocess.run([DUMP, "--format", "json", *flags], env=self.environment(**more),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=PATIENCE_SECONDS)
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return done.stdout.decode().split("\n")[:-1]  # names may have other line ends

    def on_disk(self, state_dir=None):
        """What the last checkpoint holds: nothing, where there is no store yet."""
        state_dir = state_dir or self.state_dir
        store = os.path.join(state_dir, self.application_id, "stores", "0", "CURRENT")
        return self.dump("--offline", state_dir=state_dir) if os.path.exists(store) else []

    def counted(self, name, of=""):
        """The sum of a counter, as logged at the stop, over those whose labels hold `of`."""
        return sum(int(value) for labels, value in re.findall(
            rf' count name={name} of="(.*)" value=(\d+)$', self.log(), re.M) if of in labels)

    def wait_stands_still(self):
        """Until it has stopped itself, as PARTY_WORKER_STOP_AT says."""
        def state():
            with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0]
        wait_for(lambda: state() == "T" or not self.running(), "the worker to stand still")
        if not self.running():
            raise AssertionError(f"the worker ended:\n{self.log()}")

    def verify(self, **more):
        """Holds the local store against the changelogs: nothing differs, and what was checked
        is returned (state-dump's last line). Beside a running worker or without one."""
        done = subprocess.run([DUMP, "--verify", "--format", "json"],
                              env=self.environment(**more),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=PATIENCE_SECONDS)
        if done.returncode:
            raise AssertionError(done.stdout.decode() + done.stderr.decode())
        return json.loads(done.stdout.decode().splitlines()[-1])["verified"]


def has_failed(test):
    """In tearDown: whether the test itself has."""
    result = test._outcome.result
    return any(getattr(one, "test_case", one) is test
               for one, _ in result.failures + result.errors)


class KafkaTest(unittest.TestCase):
    """Topics and directories of its own for each test; both are removed with it."""

    bootstrap = BOOTSTRAP

    def setUp(self):
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.directory = tempfile.mkdtemp(prefix="party-test-")
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap})
        self.workers = []
        self.inputs = {name: f"{self.name}-{name}" for name in INPUTS}

    def tearDown(self):
        for worker in self.workers:
            if worker.running():
                worker.kill()
        if has_failed(self):
            for worker in self.workers:
                print(f"---- log of {worker.application_id}\n{worker.log()[-6000:]}")
        listed = self.admin.list_topics(timeout=PATIENCE_SECONDS).topics
        mine = [topic for topic in listed if topic.startswith(self.name)]
        if mine:
            for future in self.admin.delete_topics(mine).values():
                future.result()
        shutil.rmtree(self.directory, ignore_errors=True)

    def worker(self, label, directory=None, kind=Worker, **settings):
        """A worker over this test's inputs, with outputs of its own for each label."""
        application = f"{self.name}-{label}"
        outputs = {name: f"{application}-{name}" for name in OUTPUTS}
        worker = kind(application, {**self.inputs, **outputs},
                      os.path.join(self.directory, directory or label),
                      os.path.join(self.directory, f"{directory or label}.log"),
                      **{"bootstrap_servers": self.bootstrap, **settings})
        self.workers.append(worker)
        return worker

    def outputs(self, worker, isolation="read_committed"):
        read = read_topics([worker.topics[name] for name in OUTPUTS], isolation, self.bootstrap)
        return {name: read[worker.topics[name]] for name in OUTPUTS}

    def processed(self, worker, feeder):
        """Whether the group has committed all that the feeder has written."""
        committed = committed_inputs(worker)
        return bool(committed) and all(committed[name] >= feeder.count[name] for name in INPUTS)

    def wait_processed(self, worker, feeder):
        wait_for(lambda: self.processed(worker, feeder) or not worker.running(),
                 "the inputs to be processed")
        if not worker.running():
            raise AssertionError(f"the worker ended:\n{worker.log()}")
        wait_markers(worker.changelogs(), self.bootstrap)  # for what reads these

    def stop(self, worker):
        self.assertEqual(worker.stop(), 0)
        wait_markers(worker.changelogs(), self.bootstrap)

    def die_behind_checkpoint(self, worker, feeder, change):
        """Starts the stopped worker; what `change` writes is processed, and not on its disk."""
        worker.start()
        wait_for(lambda: "running plan" in worker.log_since_start() or not worker.running(),
                 "the worker to run")
        change()
        feeder.flush()
        self.wait_processed(worker, feeder)
        worker.kill()

    def assert_same_outputs(self, expected, found):
        for name in OUTPUTS:
            for i, (a, b) in enumerate(zip(expected[name], found[name])):
                self.assertEqual(a, b, f"{name} record {i}")
            self.assertEqual(len(expected[name]), len(found[name]), f"records in {name}")
