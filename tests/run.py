#!/usr/bin/python3
"""Runs test programs and counts their cases.

Each argument is a GoogleTest program, or a unittest file (*.py); `--jobs N` runs N of them
at a time, for those that wait more than they work. Ends with `N passed, N failed`; the exit
status is 1 where any failed. What was skipped is neither; it is said on the line before, where
there was any. A program that ends without telling its counts is one failure."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor


# A program that takes so long hangs. Its group is ended, with the children that it waits for.
LIMIT_SECONDS = 600


def finish(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\nit was ended after {LIMIT_SECONDS} s\n".encode()
    except BaseException:  # Ctrl-C: the group does not hear of it by itself
        os.killpg(process.pid, signal.SIGTERM)
        raise
    return subprocess.CompletedProcess(command, process.returncode, output)


def count_gtest(report):
    """GoogleTest counts what it skipped, or what is disabled, among its tests."""
    total, failed = report["tests"], report["failures"] + report.get("errors", 0)
    skipped = sum(test["result"] != "COMPLETED" for suite in report["testsuites"]
                  for test in suite["testsuite"])
    return total - failed - skipped, failed, skipped


def run_gtest(path):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        done = finish([path, f"--gtest_output=json:{report.name}"])
        try:
            counts = count_gtest(json.load(open(report.name, encoding="utf-8")))
        except (ValueError, KeyError):
            counts = 0, 0, 0
    return counts, done


def count_unittest(text):
    def last(pattern):
        found = re.findall(pattern, text, re.M)
        return int(found[-1]) if found else 0
    total, skipped = last(r"^Ran (\d+) tests?"), last(r"^(?:OK|FAILED) .*skipped=(\d+)")
    failed = min(total, sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", text)))
    return max(0, total - failed - skipped), failed, skipped


def run_unittest(path):
    done = finish(["/usr/bin/python3", path])
    return count_unittest(done.stdout.decode(errors="replace")), done


def run(path):
    start = time.monotonic()
    counts, done = (run_unittest if path.endswith(".py") else run_gtest)(path)
    passed, failed, skipped = counts
    if failed == 0 and (passed + skipped == 0 or done.returncode != 0):
        failed = 1
    line = (f"{'ok  ' if failed == 0 else 'FAIL'} {os.path.relpath(path)}: "
            f"{passed} passed, {failed} failed, {f'{skipped} skipped, ' * bool(skipped)}"
            f"{time.monotonic() - start:.1f} s")
    print("\n".join([line] + [done.stdout.decode(errors="replace")] * bool(failed)), flush=True)
    return passed, failed, skipped


def main():
    paths, jobs = sys.argv[1:], 1
    if paths[:1] == ["--jobs"]:
        jobs, paths = int(paths[1]), paths[2:]
    with ThreadPoolExecutor(jobs) as pool:
        counts = list(pool.map(run, paths))
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
