#!/usr/bin/python3
"""Holds runs of the worker against the plain model, for the simulation.

A line of JSON on standard input for each run, all bytes in it as Latin-1:

    {"now": MS, "inputs": [[TOPIC, OFFSET, KEY, VALUE, [[NAME, VALUE], ...], TIMESTAMP], ...],
     "outputs": {TOPIC: [[KEY, VALUE, HEADERS, TIMESTAMP], ...]}, "state": [LINE, ...]}

A line for each on standard output: empty, or the first thing that is wrong.
"""

import argparse
import json
import sys

from plain_model import ANYTHING, Model, Record


def raw(text):
    return None if text is None else text.encode("latin-1")


def read(headers):
    return [(name, raw(value)) for name, value in headers]


def same_headers(expected, found):
    return len(expected) == len(found) and all(
        name == other and (bool(there) if value is ANYTHING else value == there)
        for (name, value), (other, there) in zip(expected, found))


def same(expected, found):
    return (expected.key == found.key and expected.value == found.value and
            expected.timestamp == found.timestamp and
            same_headers(expected.headers, found.headers))


def different(what, expected, found, is_same=lambda one, other: one == other):
    for index, (one, other) in enumerate(zip(expected, found)):
        if not is_same(one, other):
            return f"{what} {index} is {other} and must be {one}"
    if len(expected) != len(found):
        longer = max(expected, found, key=len)
        return (f"{what} {min(len(expected), len(found))} is "
                f"{'missing' if longer is expected else 'too much'}: "
                f"{longer[min(len(expected), len(found))]}")
    return ""


def judge(run):
    model = Model(run["now"])
    expected = {topic: [] for topic in run["outputs"]}
    for topic, offset, key, value, headers, timestamp in run["inputs"]:
        model.offsets[topic] = offset
        record = Record(topic, raw(key), raw(value), read(headers), timestamp)
        for output in model.process(record):
            expected[output.topic].append(output)
    for topic, outputs in run["outputs"].items():
        found = [Record(topic, raw(key), raw(value), read(headers), timestamp)
                 for key, value, headers, timestamp in outputs]
        wrong = different(f"output of {topic}", expected[topic], found, same)
        if wrong:
            return wrong
    return different("state", model.state_lines(), [raw(line).decode() for line in run["state"]])


def main():
    argparse.ArgumentParser(description=__doc__,
                            formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for line in sys.stdin.buffer:
        print(judge(json.loads(line)).replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
