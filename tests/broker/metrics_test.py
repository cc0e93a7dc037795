#!/usr/bin/python3
"""What a worker shows over HTTP: health, topology, and metrics as a real Prometheus reads
them, with the dashboard's and the alerts' expressions."""

import json
import os
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import COMMANDS, Feeder, KafkaTest, MEMBER, PARTY, STATUS, wait_for  # noqa: E402
from prometheus import Page, Server, check_metrics, check_rules, get  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ALERTS = os.path.join(ROOT, "deploy", "alerts.yaml")
DASHBOARD = os.path.join(ROOT, "deploy", "grafana-dashboard.json")
NAME = r"\b((?:party_worker|process)_[a-z0-9_]+)\b"


def names_in(expression):
    return set(re.findall(NAME, expression))


def dashboard_expressions():
    """As Grafana asks them, with a window that a test fills."""
    with open(DASHBOARD, encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield (panel["title"], target["expr"].replace("$__rate_interval", "15s")
                   .replace("$instance", ".*"))


def metrics_of_page():
    """{name: (kind, labels, help)} as docs/metrics.md tells them."""
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$", file.read(), re.M)
    return {name: (kind, re.findall(r"`(\w+)`", labels), text)
            for name, kind, labels, text in rows}


class Traffic:
    """Some of everything, from now on until it is stopped; at last its counts are right."""

    def __init__(self, topics):
        self.feeder = Feeder(topics, first_timestamp=int(time.time() * 1000))
        self.feeder.character(1)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            self.feeder.timestamp = int(time.time() * 1000)
            self.feeder.command(1, "CREATE")
            self.feeder.command(1, "CREATE")  # refused
            self.feeder.status(1, "LEVEL_CHANGED", current=30, amount=1)
            self.feeder.status(1, "EXPERIENCE_CHANGED", amount=7)
            self.feeder.command(1, "LEAVE", partyId=1_000_000_000, force=False)
            self.feeder.flush()
            self.stopping.wait(0.2)

    def stop(self):
        self.stopping.set()
        self.thread.join()


class PagesTest(KafkaTest):
    def wait_ready(self, worker):
        wait_for(lambda: get(worker.http() + "/health/ready") ==
                 (200, "ready: state partition 0\n"), "the worker to be ready")

    def test_what_a_running_worker_shows(self):
        worker = self.worker("a").start()
        self.wait_ready(worker)
        status, text = get(worker.http() + "/health/live")
        self.assertEqual(status, 200)
        self.assertRegex(text, r"^live: the stream thread's last turn was \d+\.\d s ago\n$")
        status, text = get(worker.http() + "/topology")
        self.assertEqual(status, 200)
        for topic in worker.topics.values():
            self.assertIn(topic, text)
        status, text = get(worker.http() + "/")
        self.assertEqual(status, 200)
        for path in re.findall(r"^(/\S+)  ", text, re.M):
            self.assertEqual(get(worker.http() + path)[0], 200, path)
        self.assertEqual(len(text.split("\n")), 5)
        self.assertEqual(get(worker.http() + "/metric")[0], 404)

    def test_one_that_waits_for_kafka_lives_and_is_not_ready(self):
        worker = self.worker("a").start(BOOTSTRAP_SERVERS="127.0.0.1:1")
        url = worker.http() + "/health/ready"
        wait_for(lambda: "brokers that cannot be reached: 127.0.0.1:1\n" in get(url)[1], "why")
        wait_for(lambda: get(url)[1].startswith("not ready: waiting: "), "what for")
        self.assertEqual(get(url)[0], 503)
        self.assertEqual(get(worker.http() + "/health/live")[0], 200)
        self.assertIn("party_worker_unreachable_brokers 1\n", get(worker.http() + "/metrics")[1])
        self.assertRegex(worker.log(), r" warning broker is not reachable, waiting "
                                       r'broker=127\.0\.0\.1:1 why="Connect to .* failed: '
                                       r'Connection refused"\n')

    def test_a_name_that_is_none_is_told(self):
        worker = self.worker("a").start(BOOTSTRAP_SERVERS="no-such-host.invalid:9092")
        worker.wait_log(' waiting broker=no-such-host.invalid:9092 why="Failed to resolve ')
        self.assertEqual(worker.stop(), 0)

    def test_a_second_worker_is_ready_to_take_over(self):
        first, second = (self.worker("a", directory) for directory in ("one", "two"))
        first.start().wait_log(" running ")
        second.start()
        ready = "another worker has the partitions"
        wait_for(lambda: any(get(one.http() + "/health/ready") == (200, f"ready: {ready}\n")
                             for one in (first, second)), "one of them to have nothing to do")
        running = "ready: state partition 0\n"
        wait_for(lambda: any(get(one.http() + "/health/ready") == (200, running)
                             for one in (first, second)), "the other to run")

    def test_an_address_in_use_is_a_stop_that_names_the_flag(self):
        first = self.worker("a").start()
        address = first.http().split("//")[1]
        second = self.worker("b", http_address=address).start()
        self.assertEqual(second.wait_exit(), 1)
        self.assertRegex(second.log(), rf"stopped why=.*--http_address: cannot listen at {address}: "
                                       r"Address already in use")

    def test_off(self):
        for label, flag in (("a", "--http_address=off"), ("b", "--http_address=")):
            worker = self.worker(label).start(flag)
            worker.wait_log("joining the group")
            self.assertNotIn("metrics and health", worker.log())
            self.assertEqual(worker.stop(), 0)


class MetricsTest(KafkaTest):
    def setUp(self):
        super().setUp()
        self.traffic = self.server = None

    def tearDown(self):
        if self.traffic:
            self.traffic.stop()
        if self.server:
            self.server.stop()
        super().tearDown()

    def page(self, worker):
        status, text = get(worker.http() + "/metrics")
        self.assertEqual(status, 200)
        return Page(text)

    def test_the_page(self):
        worker = self.worker("a", checkpoint_interval_ms=1000).start()
        self.traffic = Traffic(self.inputs)
        # The library's first report comes after five seconds.
        wait_for(lambda: "connection=\"TxnCoordinator\"" in self.page(worker).text
                 and self.page(worker).sum("party_worker_checkpoints_total") > 0,
                 "all that is shown")
        self.traffic.stop()
        self.wait_processed(worker, self.traffic.feeder)
        sent = sum(self.traffic.feeder.count.values())
        page = wait_for(lambda: self.page_when_counted(worker, sent), "all to be counted")

        self.assertEqual(check_metrics(page.text), "")
        self.assertGreater(len(page.samples), 100)
        series = [(name, labels) for name, labels, _ in page.samples]
        self.assertEqual(len(series), len(set(series)), "a series is shown twice")
        shown = {name: (page.kind[name], page.labels()[name], page.help[name])
                 for name in page.kind}
        told = metrics_of_page()
        self.assertEqual(sorted(told), sorted(shown))
        for name, (kind, labels, text) in shown.items():
            self.assertEqual((kind, labels, text),
                             (told[name][0], sorted(told[name][1]), told[name][2]), name)

        self.check_counts(worker, page)

    def page_when_counted(self, worker, sent):
        """None before. The lag is told each second."""
        page = self.page(worker)
        return (page if page.sum("party_worker_records_consumed_total") == sent
                and page.sum("party_worker_input_lag_records") == 0 else None)

    def check_counts(self, worker, page):
        sent = self.traffic.feeder.count
        for topic in (STATUS, COMMANDS):
            self.assertEqual(
                sum(page.sum(f"party_worker_records_{what}_total", topic=self.inputs[topic])
                    for what in ("processed", "skipped", "dead_lettered")), sent[topic])
        rounds = page.sum("party_worker_records_skipped_total", type="EXPERIENCE_CHANGED")
        self.assertEqual(page.sum("party_worker_records_processed_total", type="CREATE"),
                         2 * rounds)
        rejected = page.sum("party_worker_commands_rejected_total")
        self.assertGreater(rejected, rounds - 1)
        self.assertEqual(page.sum("party_worker_records_produced_total", type="ERROR"), rejected)
        outputs = self.outputs(worker)
        self.assertEqual(
            page.sum("party_worker_records_produced_total", topic=worker.topics[PARTY]),
            len(outputs[PARTY]))
        self.assertEqual(page.sum("party_worker_end_to_end_latency_seconds_count"),
                         sent[COMMANDS] + page.sum("party_worker_records_produced_total",
                                                   topic=worker.topics[MEMBER]))
        self.assertEqual(page.sum("party_worker_input_lag_records"), 0)
        self.assertEqual(page.sum("party_worker_tasks_running"), 1)

    def test_dashboard_and_alerts_on_a_real_prometheus(self):
        self.assertEqual(check_rules(ALERTS), "")
        worker = self.worker("a", checkpoint_interval_ms=1000).start()
        self.traffic = Traffic(self.inputs)
        self.server = Server(self.directory, worker.http().split("//")[1], ALERTS)
        count = 0
        for title, expression in dashboard_expressions():
            wait_for(lambda: self.server.query(expression),  # pylint: disable=cell-var-from-loop
                     f"data of {title}: {expression}")
            count += 1
        self.assertGreater(count, 40)

        rules = self.server.rules()
        self.assertGreater(len(rules), 8)
        for rule in rules:
            wait_for(lambda: self.rule(rule["name"])["health"] == "ok",  # pylint: disable=cell-var-from-loop
                     f"{rule['name']} to be evaluated")
            for name in names_in(rule["query"]):
                self.assertTrue(self.server.query(name), f"{name} of {rule['name']}")
        # One scrape may have taken too long.
        wait_for(lambda: self.server.firing() == set(), "no alert to fire")

        self.traffic.feeder.command(1, "DANCE")
        self.wait_firing({"PartyWorkerDeadLetters"})
        worker.kill()
        self.wait_firing({"PartyWorkerDown", "PartyWorkerNobodyRuns"})
        self.assertNotIn("duplicate", self.server.log())

    def rule(self, name):
        return next(rule for rule in self.server.rules() if rule["name"] == name)

    def wait_firing(self, names):
        wait_for(lambda: names <= self.server.firing(), f"{names} to fire")


if __name__ == "__main__":
    unittest.main(verbosity=2)
