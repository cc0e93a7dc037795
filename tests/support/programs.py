"""The programs beside the worker, as a person at a shell runs them."""

import os
import subprocess

from harness import BUILD


class Done:
    def __init__(self, process):
        self.status = process.returncode
        self.out, self.err = (process.stdout or b"").decode(), process.stderr.decode()

    def __repr__(self):
        return f"exit status {self.status}\n{self.out}\n{self.err}"


def run(name, worker, *flags, stdin=b"", seconds=60, stdout=subprocess.PIPE, **settings):
    """Runs build/tools/<name> with the worker's settings."""
    return Done(subprocess.run([os.path.join(BUILD, "tools", name), *flags], input=stdin,
                               env=worker.environment(**settings), stdout=stdout,
                               stderr=subprocess.PIPE, timeout=seconds, check=False))


def run_on_full_disk(name, worker, *flags, **more):
    """Whatever it prints cannot be written."""
    with open("/dev/full", "wb") as full:
        return run(name, worker, *flags, stdout=full, **more)


class RefusesMixin:
    """For tests of programs."""

    def assert_refused(self, done, status, *names):
        self.assertEqual(done.status, status, done)
        for name in names:
            self.assertIn(name, done.err)
