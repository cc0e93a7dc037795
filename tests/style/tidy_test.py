#!/usr/bin/python3
"""House rules that no compiler knows."""

import os
import re
import subprocess
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SCRIPTS = ["tools/setup", "tools/kafka", "tools/test", "tools/demo"]


def files(*endings):
    done = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                          stdout=subprocess.PIPE, check=True)
    return [name for name in done.stdout.decode().split("\n")
            if name and name.endswith(endings) and os.path.exists(os.path.join(ROOT, name))]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as file:
        return file.read()


class TidyTest(unittest.TestCase):
    def test_headers_are_guarded_and_begin_with_what_they_are(self):
        for name in files(".h"):
            text = read(name)
            self.assertIn("#pragma once", text, name)
            self.assertTrue(text.startswith("// "), f"{name} has no words at its top")

    def test_no_tabs_and_no_trailing_blanks(self):
        for name in files(".h", ".cc", ".py", ".md", ".build", ".txt"):
            if name.startswith("tests/scenario/scenarios/"):
                continue  # the values there are data
            for number, line in enumerate(read(name).split("\n"), 1):
                self.assertNotRegex(line, r"\t|[ ]+$", f"{name}:{number}")

    def test_no_paths_of_a_machine(self):
        for name in files(".h", ".cc", ".md", ".build", ".txt", ""):
            if name.startswith("tests/style/"):
                continue
            self.assertIsNone(re.search(r"/(home|root|work|Users)/\w", read(name)), name)

    def test_scripts_run_and_help(self):
        for script in SCRIPTS:
            path = os.path.join(ROOT, script)
            self.assertTrue(os.access(path, os.X_OK), script)
            subprocess.run(["bash", "-n", path], check=True)
            done = subprocess.run([path, "--help"], stdout=subprocess.PIPE, check=True)
            self.assertIn(script, done.stdout.decode())

    def test_relative_links_in_documents_lead_somewhere(self):
        for name in files(".md"):
            for target in re.findall(r"\]\(([^)#:]+)\)", read(name)):
                path = os.path.join(ROOT, os.path.dirname(name), target)
                self.assertTrue(os.path.exists(path), f"{name} links to {target}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
