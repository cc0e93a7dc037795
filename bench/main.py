"""The benchmarks behind tools/bench, which tells what they are."""

import argparse
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "support"))

from report import Report  # noqa: E402
from stage import Failed, Stage  # noqa: E402

DEFAULT_CHARACTERS = {"recovery": 1_000_000, "throughput": 100_000, "latency": 100_000}


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def parse():
    parser = argparse.ArgumentParser(prog="tools/bench", add_help=False)
    parser.add_argument("bench", choices=sorted(DEFAULT_CHARACTERS))
    parser.add_argument("--characters", type=positive)
    parser.add_argument("--larger", type=positive, default=10)
    parser.add_argument("--records", type=positive, default=2_000_000)
    parser.add_argument("--rate", type=positive, default=200)
    parser.add_argument("--seconds", type=positive, default=30)
    parser.add_argument("--runs", type=positive, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--dir")
    parser.add_argument("--set", action="append", default=[], metavar="name=value")
    arguments = parser.parse_args()
    if any("=" not in setting for setting in arguments.set):
        parser.error("--set wants name=value")
    arguments.set = dict(setting.split("=", 1) for setting in arguments.set)
    arguments.characters = arguments.characters or DEFAULT_CHARACTERS[arguments.bench]
    # Of each ten, one founds a party, two join it, and one founds another after a crash.
    if arguments.characters % 10 or arguments.characters < 40 * arguments.runs:
        parser.error("--characters must be a multiple of 10, and 40 or more for each run")
    return arguments


def main():
    arguments = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    report = Report(arguments.json)
    try:
        with Stage(arguments) as stage:
            # They import the tests' harness, which reads the stage's environment.
            if arguments.bench == "recovery":
                import recovery as bench
            elif arguments.bench == "throughput":
                import throughput as bench
            else:
                import latency as bench
            report.machine(stage.kafka_of_its_own)
            bench.run(stage, arguments, report)
            report.finish()
    except (Failed, AssertionError) as error:  # the latter: waited in vain
        print(f"tools/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
