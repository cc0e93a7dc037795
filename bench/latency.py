"""From a command until a reader of committed records has its answer, at a steady rate."""

import re
import statistics
import threading
import time

from confluent_kafka import Consumer, TopicPartition

import harness
from stage import Failed

WARM_UP_SECONDS = 3


class Answers:
    """Takes the time from each actor's command to its answer."""

    def __init__(self, topic, end):
        self.asked = {}
        self.seconds = []
        self.ending = False
        self.consumer = Consumer({"bootstrap.servers": harness.BOOTSTRAP, "group.id": "bench",
                                  "isolation.level": "read_committed"})
        self.consumer.assign([TopicPartition(topic, 0, end)])
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while not self.ending:
            message = self.consumer.poll(0.05)
            if message is None or message.error():
                continue
            asked = self.asked.pop(int(re.search(rb'"actorId":(\d+)', message.value())[1]), None)
            if asked is not None:
                self.seconds.append(time.monotonic() - asked)
        self.consumer.close()

    def close(self):
        self.ending = True
        self.thread.join()


def ask(feeder, answers, groups, rate, seconds):
    """Each leader in turn hands over to itself, which is announced."""
    began = time.monotonic()
    for number in range(rate * seconds):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        group = number % groups
        leader = 10 * group + 1
        answers.asked[leader] = time.monotonic()
        feeder.command(leader, "CHANGE_LEADER", partyId=1_000_000_000 + group, leaderId=leader)
    feeder.flush()
    harness.wait_for(lambda: not answers.asked, "the answers")


def run(stage, arguments, report):
    worker = stage.worker("worker")
    worker.start()
    stage.feed("fill", 1, arguments.characters)
    stage.wait_processed(worker)
    feeder = harness.Feeder(stage.topics, first_timestamp=int(time.time() * 1000))
    topic = stage.topics[harness.PARTY]
    answers = Answers(topic, stage.ends([topic])[topic])
    groups = arguments.characters // 10
    try:
        ask(feeder, answers, groups, arguments.rate, WARM_UP_SECONDS)
        answers.seconds.clear()
        ask(feeder, answers, groups, arguments.rate, arguments.seconds)
    finally:
        answers.close()
    if worker.stop():
        raise Failed(f"the worker ended:\n{worker.log()[-2000:]}")
    case = f"{arguments.rate} commands/s"
    milliseconds = sorted(1000 * one for one in answers.seconds)
    report.add(case, "answered", len(milliseconds), "commands")
    report.add(case, "p50", statistics.median(milliseconds), "ms")
    report.add(case, "p99", milliseconds[len(milliseconds) * 99 // 100], "ms")
    report.add(case, "longest", milliseconds[-1], "ms")
