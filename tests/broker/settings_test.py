#!/usr/bin/python3
"""The settings that the wire contract names, and what they are where nobody sets them."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from harness import VARIABLES, WORKER  # noqa: E402


class SettingsTest(unittest.TestCase):
    def defaults(self):
        text = subprocess.run([WORKER, "--help"], stdout=subprocess.PIPE, check=True,
                              timeout=20).stdout.decode()
        entries = re.split(r"^  --", text, flags=re.M)[1:]
        found = {}
        for entry in entries:
            names = entry.split("\n", 1)[0].split()
            if len(names) < 2:
                continue  # for one start only: no variable
            variable = names[1]
            default = re.search(r"^      default: (.*)$", entry, re.M)
            found[variable] = default[1] if default else None
        return found

    def test_a_topic_is_the_token_itself_where_its_variable_is_not_set(self):
        defaults = self.defaults()
        for variable in VARIABLES.values():
            if variable != "DEAD_LETTER_TOPIC":
                self.assertEqual(defaults[variable], variable)

    def test_the_other_settings_of_the_contract(self):
        defaults = self.defaults()
        self.assertEqual(defaults["ENVIRONMENT"], "(empty)")
        self.assertEqual(defaults["OUTPUT_GUARANTEE"], "exactly_once")
        for variable in ("BOOTSTRAP_SERVERS", "DEAD_LETTER_TOPIC", "APPLICATION_ID", "STATE_DIR"):
            self.assertIn(variable, defaults)


if __name__ == "__main__":
    unittest.main(verbosity=2)
