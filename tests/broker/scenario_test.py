#!/usr/bin/python3
"""The scenario files, through a worker on a real broker: outputs and state as bytes."""

import glob
import os
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import (Feeder, KafkaTest, OUTPUTS, wait_for)  # noqa: E402

SCENARIOS = os.path.join(os.path.dirname(__file__), "..", "scenario", "scenarios", "*.txt")


def read_bytes(text):
    if text == "(null)":
        return None
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def read_key(text):
    if text == "(none)":
        return None
    if text == "(empty)":
        return b""
    return struct.pack("<II", int(text[1:]), 0) if text[0] == "#" else read_bytes(text)


class Expected:
    def __init__(self, fields, inherited):
        _, key, timestamp, value = fields
        self.key, self.timestamp, self.value = read_key(key), int(timestamp[1:]), read_bytes(value)
        self.headers, self.inherited = None, inherited

    def add_header(self, line):
        line = line[4:]
        if line == "no headers":
            self.headers = []
            return
        if line.startswith("+ "):
            if self.headers is None:
                self.headers = list(self.inherited)
            line = line[2:]
        elif self.headers is None:
            self.headers = []
        name, value = line.split("=", 1)
        self.headers.append((name, read_bytes(value)))

    def key_value_headers_timestamp(self):
        headers = self.inherited if self.headers is None else self.headers
        return (self.key, self.value, [tuple(h) for h in headers], self.timestamp)


class ScenarioBrokerTest(KafkaTest):
    def play(self, path):
        worker = self.worker("scenario").start()
        feeder = Feeder(self.inputs)
        headers, expected, last = [], {name: [] for name in OUTPUTS}, None
        state, states = [], 0
        worker.wait_log("running plan")
        starts = 1
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for line in lines + [""]:
            if state is not None and not line.startswith("= ") and states:
                self.wait_processed(worker, feeder)
                self.assertEqual(worker.dump(), state)
                states = 0
            if line.startswith("header "):
                name, _, value = line[7:].partition("=")
                headers = [h for h in headers if h[0] != name]
                if "=" in line:
                    headers.append((name, read_bytes(value)))
            elif line.startswith("header+ "):
                name, _, value = line[8:].partition("=")
                headers = headers + [(name, read_bytes(value))]
            elif line.startswith("> "):
                name, key, timestamp, value = line[2:].split(" ", 3)
                feeder.producer.produce(self.inputs[name], partition=0, key=read_key(key),
                                        value=read_bytes(value), headers=list(headers),
                                        timestamp=int(timestamp[1:]))
                feeder.count[name] += 1
                feeder.flush()
            elif line.startswith("< "):
                fields = line[2:].split(" ", 3)
                last = Expected(fields, headers)
                expected[fields[0]].append(last)
            elif line.startswith("    "):
                last.add_header(line)
            elif line == "restart":
                self.wait_processed(worker, feeder)
                self.assertEqual(worker.stop(), 0)
                worker.start()
                starts += 1
                worker.wait_log("running plan", starts)
            elif line == "state":
                state, states = [], 1
            elif line.startswith("= "):
                state.append(line[2:])
        self.wait_processed(worker, feeder)
        found = self.outputs(worker)
        for name in OUTPUTS:
            wanted = [one.key_value_headers_timestamp() for one in expected[name]]
            for i, record in enumerate(wanted):
                # A dead letter tells the name of its topic, which is this test's own.
                wanted[i] = (*record[:2],
                             [(h, self.inputs[v.decode()].encode())
                              if h == "__streams.errors.topic" else (h, v) for h, v in record[2]],
                             record[3])
            self.assertEqual(
                [(r.key, r.value, [tuple(h) for h in r.headers], r.timestamp)
                 for r in found[name]], wanted, name)
        self.assertEqual(worker.stop(), 0)


def add_tests():
    for path in sorted(glob.glob(SCENARIOS)):
        name = os.path.basename(path)[:-4].replace("-", "_")
        setattr(ScenarioBrokerTest, f"test_{name}", lambda self, path=path: self.play(path))


add_tests()

if __name__ == "__main__":
    unittest.main(verbosity=2)
