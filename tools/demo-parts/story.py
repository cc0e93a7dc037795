"""Feeds the recorded traffic, shows what comes out, and compares it with the record."""

import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

import harness
import scenario
from screen import BOLD, GREEN, RED, Columns, fact, paint, remark, say
from words import Words, show_bytes, tenant_label

PATIENCE_SECONDS = 60
# Short, so that Ctrl-C is heard between two of them.
POLL_SECONDS = 0.2


class Wrong(Exception):
    """Something was not as the demo promises; its text says what."""


class Watcher:
    """Reads the outputs as they are committed."""

    def __init__(self, topics):
        self.names = {topics[name]: name for name in harness.OUTPUTS}
        self.consumer = Consumer({
            "bootstrap.servers": harness.BOOTSTRAP, "group.id": f"watcher-{uuid.uuid4()}",
            "isolation.level": "read_committed", "enable.auto.commit": False,
            "fetch.wait.max.ms": 100, "log_level": 0})
        self.consumer.assign([TopicPartition(topic, 0, 0) for topic in self.names])

    def take(self, count, worker, seen):
        """Calls seen(topic, record, when it came) for the next `count` outputs, in the order of their
        causes where several have come together."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while count:
            messages = self.consumer.consume(count, POLL_SECONDS)
            now = time.monotonic()
            for message in messages:
                if message.error():
                    raise KafkaException(message.error())
            for message in sorted(messages, key=lambda one: one.timestamp()[1]):
                seen(self.names[message.topic()], harness.Record(message), now)
            count -= len(messages)
            # A killed one has left what is taken.
            if count and worker.process and not worker.running():
                raise Wrong(f"the worker has ended by itself, see {worker.log_path}")
            if count and time.monotonic() > limit:
                raise Wrong(f"{count} outputs have not come within {PATIENCE_SECONDS} s, "
                            f"see {worker.log_path}")

    def close(self):
        self.consumer.close()


class Sender:
    def __init__(self, topics):
        self.topics = topics
        self.producer = Producer({"bootstrap.servers": harness.BOOTSTRAP, "acks": "all",
                                  "enable.idempotence": True, "linger.ms": 0, "log_level": 0})
        # Else the first record to each topic waits up to a second until the client knows it.
        self.producer.list_topics(timeout=15)

    def send(self, record):
        """Acknowledged when this returns."""
        self.producer.produce(self.topics[record.topic], partition=0, key=record.key,
                              value=record.value, headers=list(record.headers),
                              timestamp=record.timestamp)
        limit = time.monotonic() + PATIENCE_SECONDS
        while self.producer.flush(POLL_SECONDS):
            if time.monotonic() > limit:
                raise Wrong(f"Kafka at {harness.BOOTSTRAP} does not take the traffic")


def chapters(steps):
    """The steps under their remarks: [(text, steps)]."""
    found = []
    for step in steps:
        if isinstance(step, scenario.Remark):
            found.append((step.text, []))
        else:
            found[-1][1].append(step)
    return found


def inputs_of(steps):
    return [step for step in steps if isinstance(step, scenario.Input)]


def outputs_of(steps):
    return [output for step in inputs_of(steps) for output in step.outputs]


class Story:
    def __init__(self, path, topics, worker, fast):
        self.steps = scenario.read_scenario(path)
        self.path, self.topics, self.worker = path, topics, worker
        self.columns, self.words = Columns(fast), Words()
        self.sender, self.watcher = Sender(topics), Watcher(topics)
        self.shown_in_full = False
        self.starts = self.seen = 0
        self.last = None  # the output seen last

    def close(self):
        self.watcher.close()

    # ------------------------------------------------------------------- the worker

    def start_worker(self):
        began = time.monotonic()
        self.worker.start()
        self.starts += 1
        self.worker.wait_log("running plan", self.starts)
        say(f"the worker runs: process {self.worker.process.pid}, ready after "
            f"{time.monotonic() - began:.1f} s")

    # -------------------------------------------------------------------- the story

    def tell(self):
        for text, steps in chapters(self.steps):
            remark(text)
            if any(isinstance(step, scenario.Restart) for step in steps):
                self._tell_the_kill(steps)
                continue
            for step in inputs_of(steps):
                began = time.monotonic()
                self._send(step)
                self._take(len(step.outputs), began)
                self.columns.pause()
                if step.outputs and not self.shown_in_full:
                    self._show_in_full(step, self.last)

    def _send(self, step):
        self.sender.send(step)
        self._show_input(step)

    def _show_input(self, step):
        kind, words = self.words.of(step.topic, step)
        self.columns.input(tenant_label(step), step.topic, kind, words)

    def _take(self, count, began=None):
        """Shows the next outputs, and how long after `began` they came."""
        def show(topic, record, now):
            kind, words = self.words.of(topic, record)
            elapsed = None if began is None else 1000 * (now - began)
            self.columns.output(tenant_label(record), elapsed, topic, kind, words)
            self.columns.pause()
            self.last = record

        self.watcher.take(count, self.worker, show)
        self.seen += count

    def _show_in_full(self, cause, output):
        """Once, what this looks like to a program."""
        self.shown_in_full = True
        for name, record in (("in", cause), ("out", output)):
            fact(name, "key", show_bytes(record.key))
            fact("", "value", show_bytes(record.value))
            if record is not cause and list(record.headers) == list(cause.headers):
                fact("", "headers", "the same, byte for byte")
                continue
            said = "headers"
            for header, value in record.headers:
                fact("", said, f"{header}={show_bytes(value)}")
                said = ""

    def _tell_the_kill(self, steps):
        """The inputs before the restart are sent as fast as can be, and the worker is hit
        while it works on them; those behind the restart find it dead."""
        at = next(i for i, step in enumerate(steps) if isinstance(step, scenario.Restart))
        rush, late = inputs_of(steps[:at]), inputs_of(steps[at:])
        before = self.seen
        self._rush_and_kill(rush)
        committed = sum(map(len, self._read_all().values())) - before
        say(f"{len(rush)} inputs had been sent; of their {len(outputs_of(rush))} outputs, "
            f"{committed} were committed:")
        self._take(committed - (self.seen - before))
        say()
        say("While it is dead, the players go on:")
        for step in late:
            self._send(step)
            self.columns.pause()
        say()
        began = time.monotonic()
        self.start_worker()
        owed = len(outputs_of(rush + late)) - committed
        say(f"and sends the {owed} outputs that it owes, counted from its start:")
        self._take(owed, began)

    def _rush_and_kill(self, rush):
        half = len(rush) // 2
        for step in rush[:half]:
            self._send(step)
        # It is in the middle of it: something has come out, and more is going in.
        self._take(1)
        for step in rush[half:]:
            self.sender.send(step)
        pid = self.worker.process.pid
        self.worker.kill()
        for step in rush[half:]:
            self._show_input(step)
        say()
        say(f"kill -9 {pid}", RED, BOLD)

    def _read_all(self, isolation="read_committed"):
        return harness.read_topics(list(self.watcher.names), isolation)

    # ----------------------------------------------------------------- what it shows

    def check(self, good, text):
        say(f"{paint('ok   ', GREEN) if good else paint('WRONG', RED, BOLD)} {text}")
        return good

    def verify_outputs(self):
        """Reads all outputs again from their beginnings; the order of each topic counts."""
        found = self._read_all()
        say(f"{len(inputs_of(self.steps))} inputs went in, with a kill -9 among them. What came "
            "out, read again, against the record:")
        good = True
        for topic, name in self.watcher.names.items():
            expected = [one.as_written(self.topics)
                        for one in outputs_of(self.steps) if one.topic == name]
            records = [(r.key, r.value, [tuple(h) for h in r.headers], r.timestamp)
                       for r in found[topic]]
            verdict = "each once, in order, the same in every byte" if records == expected \
                else self._difference(records, expected)
            good &= self.check(records == expected, f"{name:<8} {len(records):>3} of "
                                                    f"{len(expected):>2} outputs: {verdict}")
        aborted = sum(map(len, self._read_all("read_uncommitted").values())) - \
            sum(map(len, found.values()))
        if aborted:
            say(f"      ({aborted} more lie there aborted, from when it was killed: no committed "
                "reader sees them)")
        return good

    @staticmethod
    def _difference(found, expected):
        parts = ("key", "value", "headers", "timestamp")
        for number, pair in enumerate(zip(found, expected), 1):
            for part, one, other in zip(parts, *pair):
                if one != other:
                    return f"the {part} of number {number} is {one}, expected was {other}"
        return "those that both have are the same"

    def verify_state(self):
        expected = [line for step in self.steps if isinstance(step, scenario.State)
                    for line in step.entries]
        found = self.worker.dump()
        different = [line for line in found if line not in expected] + \
            [f"missing: {line}" for line in expected if line not in found]
        verdict = "\n      ".join(["not the same", *different]) if found != expected else "the same"
        return self.check(found == expected, f"state    {len(found):>3} of {len(expected):>2} "
                          f"entries: {verdict}")
