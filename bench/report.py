"""What a benchmark has found: a table of medians, or JSON lines."""

import json
import os
import statistics
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def first_line_with(path, word):
    with open(path, encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith(word)), "")


def commit():
    def git(*arguments):
        return subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False).stdout.decode().strip()
    name = git("rev-parse", "--short", "HEAD") or "unknown"
    return name + (" with changes" if git("status", "--porcelain") else "")


class Report:
    def __init__(self, as_json):
        self.as_json = as_json
        self.rows = {}  # (case, what, unit): values

    def machine(self, kafka_of_its_own):
        kib = int(first_line_with("/proc/meminfo", "MemTotal").split()[0])
        self.facts = {"processors": os.cpu_count(),
                      "model": first_line_with("/proc/cpuinfo", "model name"),
                      "memory_gib": round(kib / 2**20, 1),
                      "commit": commit(),
                      "kafka": "beside it" if kafka_of_its_own else "given",
                      "load_before": os.getloadavg()[0]}

    def add(self, case, what, value, unit):
        self.rows.setdefault((case, what, unit), []).append(value)

    def finish(self):
        self.facts["load_after"] = os.getloadavg()[0]
        if self.as_json:
            print(json.dumps({"machine": self.facts}))
            for (case, what, unit), values in self.rows.items():
                print(json.dumps({"case": case, "what": what, "unit": unit,
                                  "median": statistics.median(values), "values": values}))
            return
        print(" ".join(f"{name}={value!r}" for name, value in self.facts.items()))
        self._table()

    def _table(self):
        header = ("case", "what", "unit", "median", "least", "most", "runs")
        lines = [header]
        for (case, what, unit), values in self.rows.items():
            lines.append((case, what, unit, *(show(value) for value in (
                statistics.median(values), min(values), max(values))), str(len(values))))
        widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
        lines.insert(1, tuple("-" * width for width in widths))
        for line in lines:
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")


def show(value):
    if isinstance(value, int):
        return f"{value:,}"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1 else f"{value:.2f}"
