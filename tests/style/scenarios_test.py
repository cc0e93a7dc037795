#!/usr/bin/python3
"""docs/failure-scenarios.md against the tests: each that it names is there, and each class of
the crash tests is named."""

import ast
import glob
import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def tests_of(path):
    """{class: its test methods}"""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return {node.name: {one.name for one in node.body if isinstance(one, ast.FunctionDef)
                        and one.name.startswith("test_")}
            for node in tree.body if isinstance(node, ast.ClassDef)}


def named(text):
    """(file, class, test or None) of `file: Class.test`, and of each `Class.test` or `test`
    that follows it in its line."""
    found = []
    for line in text.splitlines():
        path = group = None
        for quoted in re.findall(r"`([^`]*)`", line):
            with_path = re.fullmatch(r"(tests/\S+\.py): (.*)", quoted)
            if with_path:
                path, quoted = with_path[1], with_path[2]
            if path is None:
                continue
            parts = re.fullmatch(r"(?:([A-Z]\w*)\.?)?(test_\w+)?", quoted)
            if not parts or not quoted:
                continue
            group = parts[1] or group
            found.append((path, group, parts[2]))
    return found


class ScenariosTest(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(ROOT, "docs", "failure-scenarios.md"), encoding="utf-8") as file:
            self.text = file.read()

    def test_each_test_that_it_names_is_there(self):
        found = named(self.text)
        self.assertGreater(len(found), 40)
        self.assertNotRegex(self.text, r"`tests/\S+\.py`")  # without a class
        for path, group, test in found:
            tests = tests_of(path)
            self.assertIn(group, tests, path)
            if test:
                self.assertIn(test, tests[group], f"{path}: {group}")

    def test_each_class_of_the_crash_tests_is_named(self):
        there = {(os.path.relpath(path, ROOT), group)
                 for path in glob.glob(os.path.join(ROOT, "tests", "crash", "*_test.py"))
                 for group, tests in tests_of(os.path.relpath(path, ROOT)).items() if tests}
        self.assertGreater(len(there), 10)
        self.assertEqual(there - {(path, group) for path, group, _ in named(self.text)}, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
