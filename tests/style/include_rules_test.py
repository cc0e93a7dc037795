#!/usr/bin/python3
"""The folders' include rules, as docs/architecture.md tells them: an arrow that is not in
its table is an error. The table there is read, so that it cannot go stale."""

import os
import re
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
QUOTED = ("absl/", "gmock/", "gtest/")  # other people's, included with quotes as they ask for
EVERYTHING = {"tools", "tests", "bench"}
LIBRARIES = {  # header prefix: the only folders that may include it
    "rocksdb/": {"state/rocksdb"},
    "librdkafka/": {"streams/kafka"},
    "simdjson.h": {"serde"},
    "rapidjson/": {"base", "serde", "streams/kafka", "tools"},
    "prometheus/": {"api"},
    "httplib.h": {"api"},
}


def read_table(text):
    """Rows of | `folder/` | sentence | may include |."""
    table = {}
    for line in text.splitlines():
        row = re.match(r"\|\s*`([a-z_/]+)/`\s*\|[^|]*\|([^|]*)\|\s*$", line)
        if row:
            table[row[1]] = set(re.findall(r"`([a-z_/]+)/`", row[2]))
    return table


def folder_of(path, table):
    """The innermost folder of the table that holds the path."""
    folder = os.path.dirname(path)
    while folder and folder not in table:
        folder = os.path.dirname(folder)
    return folder


def violations(root, table):
    found = []
    for directory, _, names in os.walk(root):
        relative = os.path.relpath(directory, root)
        if relative.split(os.sep)[0].startswith((".", "build")) and relative != ".":
            continue
        for name in names:
            if not name.endswith((".h", ".cc")):
                continue
            path = os.path.normpath(os.path.join(relative, name))
            found += file_violations(root, path, table)
    return found


def file_violations(root, path, table):
    source = folder_of(path, table)
    found = []
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not include:
                continue
            header = include[2]
            for prefix, folders in LIBRARIES.items():
                if header.startswith(prefix) and source not in folders | {"tests", "bench"}:
                    found.append(f"{path}:{number}: {source} includes {header}")
            if include[1] == "<" or header.startswith(QUOTED):
                continue
            target = folder_of(header, table)
            if not target or not os.path.exists(os.path.join(root, header)):
                found.append(f"{path}:{number}: {header} is no file from the root")
            elif target != source and source not in EVERYTHING and target not in table[source]:
                found.append(f"{path}:{number}: {source} includes {header} of {target}")
    return found


class IncludeRulesTest(unittest.TestCase):
    def test_the_repository_keeps_them(self):
        with open(os.path.join(ROOT, "docs", "architecture.md"), encoding="utf-8") as file:
            table = read_table(file.read())
        self.assertGreater(len(table), 10)
        self.assertEqual(violations(ROOT, table), [])

    def test_every_folder_with_code_is_in_the_table(self):
        with open(os.path.join(ROOT, "docs", "architecture.md"), encoding="utf-8") as file:
            table = read_table(file.read())
        for directory, _, names in os.walk(ROOT):
            relative = os.path.relpath(directory, ROOT)
            if relative.startswith((".git", "build")) or relative == ".":
                continue
            if any(name.endswith((".h", ".cc")) for name in names):
                self.assertTrue(folder_of(os.path.join(relative, "x"), table), relative)

    def check(self, path, text):
        table = {"base": set(), "state": {"base"}, "tools": set()}
        with tempfile.TemporaryDirectory() as root:
            for name, content in {"base/a.h": "", "state/b.h": "", path: text}.items():
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(content)
            return violations(root, table)

    def test_an_illegal_arrow_is_found(self):
        self.assertEqual(self.check("base/c.h", '// x\n#include "state/b.h"\n'),
                         ["base/c.h:2: base includes state/b.h of state"])

    def test_a_legal_arrow_is_not(self):
        self.assertEqual(self.check("state/c.h", '#include "base/a.h"\n#include <map>\n'), [])

    def test_a_library_in_the_wrong_folder_is_found(self):
        self.assertEqual(len(self.check("state/c.cc", "#include <rocksdb/db.h>\n")), 1)

    def test_the_programs_may_include_all(self):
        self.assertEqual(self.check("tools/c.cc", '#include "state/b.h"\n'), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
