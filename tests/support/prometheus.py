"""Prometheus for tests: its text form, its checker, and a server of its own."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import ports
from harness import wait_for


def get(url):
    """Status and body of a page."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Page:
    """What a page of metrics says."""

    def __init__(self, text):
        self.text = text
        self.help = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
        self.kind = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M))
        self.samples = re.findall(r"^([a-z_]\w*)(?:\{(.*)\})? (\S+)$", text, re.M)

    def family(self, name):
        """A histogram's samples have endings to its name."""
        return name if name in self.kind else re.sub(r"_(bucket|count|sum)$", "", name)

    def labels(self):
        """{name: its labels, but for the bounds of histograms}"""
        found = {name: set() for name in self.kind}
        for name, labels, _ in self.samples:
            found[self.family(name)].update(re.findall(r'(\w+)="', labels))
        return {name: sorted(labels - {"le"}) for name, labels in found.items()}

    def sum(self, name, **labels):
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(float(value) for sample, of, value in self.samples
                   if sample == name and all(label in of for label in wanted))


def check_metrics(text):
    """What promtool finds wrong with a page; "" where it is well."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.stdout.decode() or ("" if done.returncode == 0 else f"status {done.returncode}")


def check_rules(path):
    done = subprocess.run(["promtool", "check", "rules", path], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return "" if done.returncode == 0 else done.stdout.decode()


class Server:
    """Scrapes one target every second, and evaluates rules as often."""

    def __init__(self, directory, target, rules):
        self.directory = directory
        # An alert is to fire as soon as its expression holds.
        with open(rules, encoding="utf-8") as file:
            at_once = re.sub(r"^( +for:) .*$", r"\1 0s", file.read(), flags=re.M)
        with open(os.path.join(directory, "rules.yaml"), "w", encoding="utf-8") as file:
            file.write(at_once)
        with open(os.path.join(directory, "prometheus.yaml"), "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                       "rule_files": ["rules.yaml"],
                       "scrape_configs": [{"job_name": "party-worker",
                                           "static_configs": [{"targets": [target]}]}]}, file)
        self.address = f"127.0.0.1:{ports.free_for_a_broker()}"
        self.log_path = os.path.join(directory, "prometheus.log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={directory}/prometheus.yaml",
                 f"--storage.tsdb.path={directory}/prometheus",
                 f"--web.listen-address={self.address}"], stdout=log, stderr=log)
        wait_for(self.ready, "Prometheus to be ready")

    def ready(self):
        assert self.process.poll() is None, self.log()
        try:
            return get(f"http://{self.address}/-/ready")[0] == 200
        except OSError:
            return False

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, what, **arguments):
        query = f"?{urllib.parse.urlencode(arguments)}" if arguments else ""
        status, text = get(f"http://{self.address}/api/v1/{what}{query}")
        assert status == 200, f"{what} {arguments}: {text}"
        return json.loads(text)["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def rules(self):
        return self.ask("rules")["groups"][0]["rules"]

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"]
                if alert["state"] == "firing"}
