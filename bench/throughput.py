"""Records a second and CPU for each million of them, catching up, beside a bare loop."""

import os
import time

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import NewTopic

import harness
from stage import say
from worker_log import Log

MILLION = 1_000_000


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


class Throughput:
    def __init__(self, stage, report):
        self.stage, self.report = stage, report
        self.worker = stage.worker("worker")
        self.inputs = [stage.topics[name] for name in harness.INPUTS]
        self.outputs = [stage.topics[name] for name in harness.OUTPUTS]
        self.bare = [f"{stage.name}-bare-{kind}" for kind in ("outputs", "changes")]

    def prepare(self, characters):
        made = self.stage.admin.create_topics([NewTopic(topic, 1, -1) for topic in self.bare])
        for future in made.values():
            future.result()
        self.worker.start()
        self.stage.feed("fill", 1, characters)
        self.stage.wait_processed(self.worker)
        self.worker.stop()

    def written(self):
        """How many outputs and changelog records there are."""
        return [int(self.stage.program("bench-read-logs", *topics)[0])
                for topics in (self.outputs, self.stage.changelogs())]

    def measure_worker(self, case, records):
        log = Log(self.worker)
        self.worker.start()
        began, _ = log.wait("running")
        self.stage.wait_processed(self.worker)
        seconds, pid = time.time() - began, self.worker.process.pid
        cpu = cpu_seconds(pid) * MILLION / records
        self.add(case, records / seconds, cpu, peak_mib(pid))
        self.worker.stop()
        return cpu

    def measure_bare(self, case, records, outputs, changes):
        seconds, cpu, mib = map(float, self.stage.program(
            "bench-bare-loop", records, outputs, changes, self.stage.name + "-bare",
            *self.bare, *self.inputs))
        cpu *= MILLION / records
        self.add(case, records / seconds, cpu, mib)
        return cpu

    def add(self, case, rate, cpu, mib):
        self.report.add(case, "catching up", rate, "records/s")
        self.report.add(case, "CPU", cpu, "s a million records")
        self.report.add(case, "largest memory", mib, "MiB")

    def bare_begins_here(self):
        ends = self.stage.ends(self.inputs)
        consumer = Consumer({"bootstrap.servers": harness.BOOTSTRAP,
                             "group.id": self.stage.name + "-bare"})
        consumer.commit(offsets=[TopicPartition(topic, 0, end) for topic, end in ends.items()],
                        asynchronous=False)
        consumer.close()

    def once(self, arguments):
        self.bare_begins_here()
        before = self.written()
        records = self.stage.feed("mix", arguments.records, arguments.characters)
        worker = self.measure_worker("worker", records)
        outputs, changes = (now - then for now, then in zip(self.written(), before))
        bare = self.measure_bare("bare loop", records, outputs, changes)
        self.report.add("mix", "outputs", outputs, "records")
        self.report.add("mix", "changelog records", changes, "records")
        self.report.add("worker : bare loop", "CPU", worker / bare, "")
        say(f"CPU s a million records: worker {worker:.2f}, bare loop {bare:.2f}")


def run(stage, arguments, report):
    throughput = Throughput(stage, report)
    throughput.prepare(arguments.characters)
    for _ in range(arguments.runs):
        throughput.once(arguments)
