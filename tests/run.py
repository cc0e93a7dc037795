#!/usr/bin/python3
"""Runs test programs and counts their cases.

Each argument is a GoogleTest program, or a unittest file (*.py); `--jobs N` runs N of them
at a time, for those that wait more than they work. Ends with `N passed, N failed`; the exit status is 1 where any failed. A program that ends without
telling its counts is one failure."""

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


def run_gtest(path):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        done = finish([path, f"--gtest_output=json:{report.name}"])
        try:
            counts = json.load(open(report.name, encoding="utf-8"))
            total, failed = counts["tests"], counts["failures"] + counts.get("errors", 0)
        except (ValueError, KeyError):
            total = failed = 0
    return total, failed, done


def run_unittest(path):
    done = finish(["/usr/bin/python3", path])
    text = done.stdout.decode(errors="replace")
    ran = re.findall(r"^Ran (\d+) tests?", text, re.M)
    total = int(ran[-1]) if ran else 0
    failed = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", text))
    return total, min(total, failed), done


def run(path):
    start = time.monotonic()
    total, failed, done = (run_unittest if path.endswith(".py") else run_gtest)(path)
    if total == 0 or (done.returncode != 0 and failed == 0):
        failed += 1
        total = max(total, failed)
    line = (f"{'ok  ' if failed == 0 else 'FAIL'} {os.path.relpath(path)}: "
            f"{total - failed} passed, {failed} failed, {time.monotonic() - start:.1f} s")
    print("\n".join([line] + [done.stdout.decode(errors="replace")] * bool(failed)), flush=True)
    return total - failed, failed


def main():
    paths, jobs = sys.argv[1:], 1
    if paths[:1] == ["--jobs"]:
        jobs, paths = int(paths[1]), paths[2:]
    with ThreadPoolExecutor(jobs) as pool:
        counts = list(pool.map(run, paths))
    passed, failed = (sum(column) for column in zip(*counts)) if counts else (0, 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
