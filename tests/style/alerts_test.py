#!/usr/bin/python3
"""Each alert of deploy/alerts.yaml fires when it should and not when it should not, by
promtool and the cases of alerts.yaml, whose series are those of docs/metrics.md."""

import os
import re
import subprocess
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
CASES = os.path.join(HERE, "alerts.yaml")
# What Prometheus adds by itself, to all and of its own.
TARGET = {"job", "instance"}
OF_PROMETHEUS = {"up": set()}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def documented():
    """{name: its labels}"""
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \| .* \|$",
                      read(os.path.join(ROOT, "docs", "metrics.md")), re.M)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


class AlertsTest(unittest.TestCase):
    def test_they_fire_when_they_should_and_not_when_they_should_not(self):
        done = subprocess.run(["promtool", "test", "rules", CASES], check=False, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_each_is_provoked_and_each_has_something_like_it(self):
        alerts = re.findall(r"^ +- alert: (\w+)$",
                            read(os.path.join(ROOT, "deploy", "alerts.yaml")), re.M)
        self.assertGreater(len(alerts), 10)
        cases = read(CASES).split("  - name: ")[1:]
        provoked = [case for case in cases if "exp_labels" in case]
        for alert in alerts:
            self.assertTrue([case for case in provoked if f"alertname: {alert}\n" in case], alert)
            self.assertTrue([case for case in cases if case not in provoked and
                             f"alertname: {alert}," in case], alert)

    def test_the_series_are_a_workers(self):
        known = {**documented(), **OF_PROMETHEUS}
        series = re.findall(r"^ +- series: '(\w+)\{(.*)\}'$", read(CASES), re.M)
        self.assertGreater(len(series), 30)
        for name, labels in series:
            self.assertEqual(set(re.findall(r'(\w+)="', labels)), known[name] | TARGET, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
