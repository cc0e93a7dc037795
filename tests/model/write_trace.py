#!/usr/bin/python3
"""Writes random records and what the plain model says that they cause, for model_test.

Lines of words between blanks; bytes are percent-encoded, `%` alone is null, `*` is any text
that is not empty:

    h NAME=VALUE ...               the next set of headers, numbered from 0
    > TOPIC KEY TIMESTAMP H VALUE  an input, with set H
    < TOPIC KEY TIMESTAMP H VALUE  an output that it causes
    c N                            skipped, and of another environment, so far
    = {...}                        at the end: the state, as state-dump prints it
"""

import argparse
import sys
from urllib.parse import quote_from_bytes

from plain_model import ANYTHING, Model
from random_records import RandomRecords

SAFE = "{}[]\":,'/()!$&;@"
WORDS = (  # every word of the contract's tables that an output can have
    "CREATED", "JOINED", "LEFT", "EXPEL", "DISBAND", "CHANGE_LEADER", "ERROR", "LOGIN", "LOGOUT",
    "LEVEL_CHANGED", "JOB_CHANGED", "NAME_CHANGED", "CREATE", "ERROR_UNEXPECTED",
    "ALREADY_HAVE_JOINED_A_PARTY_1", "ALREADY_HAVE_JOINED_A_PARTY_2",
    "A_BEGINNER_CANT_CREATE_A_PARTY", "AS_A_GM_YOURE_FORBIDDEN_FROM_CREATING_A_PARTY",
    "THE_PARTY_YOURE_TRYING_TO_JOIN_IS_ALREADY_IN_FULL_CAPACITY",
    "YOU_MAY_ONLY_CHANGE_WITH_THE_PARTY_MEMBER_THATS_ON_THE_SAME_CHANNEL",
    "UNABLE_TO_HAND_OVER_THE_LEADERSHIP_POST_NO_PARTY_MEMBER_IS_CURRENTLY_WITHIN_THE")


def shown(value):
    if value is None:
        return "%"
    return "*" if value is ANYTHING else quote_from_bytes(value, SAFE)


class Trace:
    def __init__(self, out):
        self.out, self.sets = out, {}

    def header_set(self, headers):
        line = "".join(f" {quote_from_bytes(name.encode(), SAFE)}={shown(value)}"
                       for name, value in headers)
        if line not in self.sets:
            self.sets[line] = len(self.sets)
            self.out.write(f"h{line}\n")
        return self.sets[line]

    def record(self, mark, record):
        index = self.header_set(record.headers)
        self.out.write(f"{mark} {record.topic} {shown(record.key)} {record.timestamp} {index} "
                       f"{shown(record.value)}\n")


def missing_words(seen, least):
    """The words of the contract that came up too seldom."""
    return [word for word in WORDS if seen.get(word, 0) < least]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--now", type=int, required=True)
    parser.add_argument("--environment", default="")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    model = Model(options.now, options.environment)
    records = RandomRecords(options.seed, model, strange_times=True)
    seen = {}
    with open(options.out, "w", encoding="ascii") as out:
        trace = Trace(out)
        for _ in range(options.records):
            record = records.one()
            trace.record(">", record)
            for output in model.process(record):
                trace.record("<", output)
                if output.topic != "dead":
                    for word in output.value.decode().split('"type":"')[1:]:
                        word = word.split('"', 1)[0]
                        seen[word] = seen.get(word, 0) + 1
        out.write(f"c {model.counts['skipped']} {model.counts['other environment']}\n")
        for line in model.state_lines():
            out.write(f"= {quote_from_bytes(line.encode(), SAFE)}\n")
    missing = missing_words(seen, options.records // 2000)
    if missing:
        sys.exit(f"the records say too little: {missing} of {seen}")


if __name__ == "__main__":
    main()
