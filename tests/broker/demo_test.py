#!/usr/bin/python3
"""The demo, as a user runs it, on the broker of the tests."""

import os
import re
import subprocess
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LIMIT_SECONDS = 300


@unittest.skipUnless(os.environ.get("BOOTSTRAP_SERVERS"), "BOOTSTRAP_SERVERS names no broker")
class DemoTest(unittest.TestCase):
    def test_it_shows_what_it_says(self):
        done = subprocess.run([os.path.join(ROOT, "tools", "demo"), "--fast"], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text)
        self.assertIn("kill -9", text)
        for topic in ("party", "member", "invites", "dead"):
            self.assertRegex(text, rf"ok +{topic} +(\d+) of +\1 outputs: each once, in order")
        self.assertNotIn("\x1b", text)  # it is no terminal
        self.assertTrue(re.search(r"ok +state +(\d+) of \1 entries", text), text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
