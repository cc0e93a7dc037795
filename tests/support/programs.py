"""The programs beside the worker, as a person at a shell runs them."""

import os
import subprocess

from harness import BUILD


class Done:
    def __init__(self, process):
        self.status = process.returncode
        self.out, self.err = process.stdout.decode(), process.stderr.decode()

    def __repr__(self):
        return f"exit status {self.status}\n{self.out}\n{self.err}"


def run(name, worker, *flags, stdin=b"", seconds=60, **settings):
    """Runs build/tools/<name> with the worker's settings."""
    return Done(subprocess.run([os.path.join(BUILD, "tools", name), *flags], input=stdin,
                               env=worker.environment(**settings), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=seconds, check=False))


class RefusesMixin:
    """For tests of programs."""

    def assert_refused(self, done, status, *names):
        self.assertEqual(done.status, status, done)
        for name in names:
            self.assertIn(name, done.err)
