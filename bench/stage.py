"""What a benchmark runs on: a Kafka, topics, workers, and the programs of this folder."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BUILD = os.environ.get("BUILD_DIR", os.path.join(ROOT, "build"))


class Failed(Exception):
    """The benchmark cannot go on; its text says why."""


def say(text):
    """How far it is: not a part of the result."""
    print(text, file=sys.stderr, flush=True)


class Stage:
    def __init__(self, arguments):
        self.settings = arguments.set
        self.name = f"party-bench-{uuid.uuid4().hex[:8]}"
        self.directory = arguments.dir
        self.made_directory = not arguments.dir
        self.kafka_of_its_own = not os.environ.get("BOOTSTRAP_SERVERS")
        self.workers = []
        self.topics = self.admin = None

    # ---- coming and going

    def __enter__(self):
        if self.made_directory:
            self.directory = tempfile.mkdtemp(prefix="party-bench-")
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self):
        os.makedirs(self.directory, exist_ok=True)
        if self.kafka_of_its_own:
            import ports
            say("starting Kafka")
            started = self._kafka("start", "--port", str(ports.free_for_a_broker()))
            os.environ["BOOTSTRAP_SERVERS"] = started.split()[-1]
        import harness  # reads the environment
        self.topics = {name: f"{self.name}-{name}" for name in harness.VARIABLES}
        self.admin = AdminClient({"bootstrap.servers": harness.BOOTSTRAP})

    def close(self):
        for worker in self.workers:
            if worker.running():
                worker.kill()
        if self.kafka_of_its_own:
            self._kafka("wipe")
        elif self.admin:
            listed = self.admin.list_topics(timeout=30).topics
            mine = [topic for topic in listed if topic.startswith(self.name)]
            for future in (self.admin.delete_topics(mine) if mine else {}).values():
                future.result()
        if self.made_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _kafka(self, command, *flags):
        done = subprocess.run([os.path.join(ROOT, "tools", "kafka"), command, "--dir",
                               os.path.join(self.directory, "kafka"), *flags],
                              stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise Failed(f"tools/kafka {command} failed (see above)")
        return done.stdout.decode()

    # ---- what runs on it

    def worker(self, label, **settings):
        import harness
        worker = harness.Worker(self.name, self.topics, os.path.join(self.directory, label),
                                os.path.join(self.directory, f"{label}.log"),
                                **{**settings, **self.settings})
        self.workers.append(worker)
        return worker

    def program(self, name, *arguments):
        """Runs one of this folder's programs. The words that it prints."""
        import harness
        environment = {**os.environ, "BOOTSTRAP_SERVERS": harness.BOOTSTRAP}
        environment.update({harness.VARIABLES[one]: topic for one, topic in self.topics.items()})
        done = subprocess.run([os.path.join(BUILD, "bench", name), *map(str, arguments)],
                              stdout=subprocess.PIPE, env=environment, check=False)
        if done.returncode:
            raise Failed(f"{name} failed (see above)")
        return done.stdout.decode().split()

    def feed(self, *arguments):
        """How many records of each input were written."""
        return sum(int(word) for word in self.program("bench-feed", *arguments))

    def changelogs(self):
        return [f"{self.name}-{store}-changelog"
                for store in ("characters", "parties", "party-sequence")]

    def ends(self, topics):
        import harness
        return harness.ends_of(topics)

    def wait_processed(self, worker, seconds=600):
        """Until the workers have committed all that is in the inputs."""
        import harness
        ends = self.ends([self.topics[name] for name in harness.INPUTS])
        inputs = [TopicPartition(topic, 0) for topic in ends]
        consumer = Consumer({"bootstrap.servers": harness.BOOTSTRAP, "group.id": self.name,
                             # Asked for what is decided, it would wait for open transactions.
                             "isolation.level": "read_uncommitted"})

        def processed():
            committed = consumer.committed(inputs, timeout=harness.PATIENCE_SECONDS)
            return all(one.offset >= ends[one.topic] for one in committed)

        try:
            harness.wait_for(lambda: processed() or not worker.running(), "the inputs", seconds)
        finally:
            consumer.close()
        if not worker.running():
            raise Failed(f"the worker ended:\n{worker.log()[-2000:]}")
