"""kill -9 to the first new output: same disk, empty disk, another worker."""

import random
import re
import threading
import time

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

import harness
from stage import Failed, say
from worker_log import Log

TRAFFIC_SECONDS = 2
TRAFFIC_PER_SECOND = 1000
PATIENCE_SECONDS = 180
FILL_SECONDS = 3600
# What a start logs, and what it has done by then.
PHASES = (("joining the group", "process and topics"), ("assigned", "joining"),
          ("running", "restore, and the dead one's transaction"))


class Reader:
    """Notes when committed answers to each actor come."""

    def __init__(self, topic):
        self.seen = {}  # actor: when its first answer came
        self.consumer = Consumer({"bootstrap.servers": harness.BOOTSTRAP, "group.id": "bench",
                                  "isolation.level": "read_committed", "fetch.wait.max.ms": 10})
        self.consumer.assign([TopicPartition(topic, 0, OFFSET_END)])
        self.ending = False
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while not self.ending:
            message = self.consumer.poll(0.05)
            if message is not None and not message.error():
                actor = int(re.search(rb'"actorId":(\d+)', message.value())[1])
                self.seen.setdefault(actor, time.time())
        self.consumer.close()

    def close(self):
        self.ending = True
        self.thread.join()


class Traffic:
    """Levels of random characters and, each fourth, a leader who hands over to itself."""

    def __init__(self, topics, characters):
        self.feeder = harness.Feeder(topics, first_timestamp=int(time.time() * 1000))
        self.characters = characters
        self.sent = 0
        self.ending = False
        self.thread = threading.Thread(target=self._write)
        self.thread.start()

    def _write(self):
        began = time.monotonic()
        while not self.ending:
            while self.sent < (time.monotonic() - began) * TRAFFIC_PER_SECOND:
                self._one()
            time.sleep(0.002)
        self.feeder.flush()

    def _one(self):
        self.sent += 1
        group = self.sent * 7919 % (self.characters // 10)
        if self.sent % 4:
            self.feeder.status(10 * group + self.sent % 10 + 1, "LEVEL_CHANGED",
                               amount=1, current=random.randint(1, 200))
        else:
            self.feeder.command(10 * group + 1, "CHANGE_LEADER",
                                partyId=1_000_000_000 + group, leaderId=10 * group + 1)

    def close(self):
        self.ending = True
        self.thread.join()


class Recovery:
    def __init__(self, stage, report, runs):
        self.stage, self.report, self.runs = stage, report, runs
        self.worker = stage.worker("first")
        # As no static member it is the last that the group gives something to.
        self.other = stage.worker("other", on_stop="leave")
        self.characters = 0
        self.markers = 0
        self.other_log = None

    def fill(self, characters):
        """Through the worker, which then stops and so has all of it on disk."""
        began = time.monotonic()
        self.worker.start()
        self.stage.feed("fill", self.characters + 1, characters - self.characters)
        self.stage.wait_processed(self.worker, FILL_SECONDS)
        self.worker.stop()
        self.characters = characters
        say(f"filled with {characters:,} characters in {time.monotonic() - began:.0f} s")

    def start(self):
        log = Log(self.worker)
        self.worker.start()
        log.wait("running")

    def marker(self):
        """One who has not asked for anything yet."""
        self.markers += 1
        return 10 * self.markers + 5

    def crash(self, recover):
        """Kills the worker under traffic. `recover` brings one to work and returns its log.
        Returns (the kill, the first new answer, the log)."""
        reader = Reader(self.stage.topics[harness.PARTY])
        traffic = Traffic(self.stage.topics, self.characters)
        try:
            harness.wait_for(lambda: reader.seen, "the first answer")
            time.sleep(TRAFFIC_SECONDS)
            killed = time.time()
            self.worker.kill()
            log = recover()
            traffic.close()
            marker = self.marker()
            traffic.feeder.command(marker, "CREATE")
            traffic.feeder.flush()
            harness.wait_for(lambda: marker in reader.seen or not log.worker.running(),
                             "the first new output", PATIENCE_SECONDS)
            if not log.worker.running():
                raise Failed(f"the worker ended:\n{log.worker.log()[-2000:]}")
            return killed, reader.seen[marker], log
        finally:
            traffic.close()
            reader.close()

    def restart(self):
        log = Log(self.worker)
        self.worker.start()
        return log

    def restart_without_disk(self):
        self.worker.wipe()
        return self.restart()

    # ---- the cases

    def same_disk(self):
        case = f"same disk, {self.characters:,} characters"
        for run in range(self.runs):
            self.start()
            killed, answered, log = self.crash(self.restart)
            self.report.add(case, "kill -9 to first new output", answered - killed, "s")
            last = killed
            for event, what in PHASES:
                at = log.wait(event)[0]
                self.report.add(case, f"of that, {what}", at - last, "s")
                last = at
            self.report.add(case, "of that, the answer", answered - last, "s")
            restored = log.find("restored")
            self.report.add(case, "records that the disk lacked",
                            int(restored[1]["records"]) if restored else 0, "")
            self.worker.stop()
            say(f"{case}: run {run + 1}: {answered - killed:.2f} s")

    def lost_disk(self, case, recover, end):
        case = f"{case}, {self.characters:,} characters"
        for run in range(self.runs):
            self.start()
            if recover == self.take_over:
                self.let_the_other_wait()
            killed, answered, log = self.crash(recover)
            assigned = self.assigned(log, killed)
            self.report.add(case, "kill -9 to first new output", answered - killed, "s")
            self.report.add(case, "of that, until the dead one's session had ended",
                            assigned - killed, "s")
            self.report.add(case, "of that, the rest", answered - assigned, "s")
            self.restored(case, log)
            end()
            say(f"{case}: run {run + 1}: {answered - assigned:.2f} s beyond the session")

    @staticmethod
    def assigned(log, killed):
        """When it was given the partitions: nothing, while the dead one was still a member."""
        at, fields = log.find("assigned", killed)
        while fields["partitions"].startswith('"none'):
            at, fields = log.find("assigned", at + 0.001)
        return at

    def restored(self, case, log):
        fields = log.find("restored")[1]
        rate = float(fields["records"]) / max(0.005, float(fields["seconds"]))  # told as 0.00
        records, seconds = self.stage.program("bench-read-logs", *self.stage.changelogs())
        bare = float(records) / float(seconds)
        self.report.add(case, "restored", int(fields["records"]), "records")
        self.report.add(case, "restore", rate, "records/s")
        self.report.add(case, "a bare consumer", bare, "records/s")
        self.report.add(case, "restore : bare consumer, time", bare / rate, "")

    def let_the_other_wait(self):
        log, self.other_log = Log(self.worker), Log(self.other)
        self.other.start()
        self.other_log.wait("assigned")
        log.wait("running")  # again, as the group has changed

    def take_over(self):
        return self.other_log

    def end_of_take_over(self):
        self.other.stop()
        self.other.wipe()


def run(stage, arguments, report):
    recovery = Recovery(stage, report, arguments.runs)
    recovery.fill(arguments.characters)
    recovery.same_disk()
    recovery.lost_disk("empty disk", recovery.restart_without_disk, recovery.worker.stop)
    recovery.lost_disk("another worker", recovery.take_over, recovery.end_of_take_over)
    if arguments.larger > 1:
        recovery.fill(arguments.characters * arguments.larger)
        recovery.same_disk()
